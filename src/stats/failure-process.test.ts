import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { betaTails } from './beta.ts';
import {
  advanceFailureProcess,
  type FailureCounts,
  failureEvidence,
  startFailureProcess,
} from './failure-process.ts';

const failures = (canary_failures: number, control_failures: number, weight: number): FailureCounts => ({
  canary_failures,
  control_failures,
  weight,
});
const count = fc.nat(300);
const weight = fc.constantFrom(0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9);
const counts = fc
  .tuple(count, count, weight)
  .map(([canary, control, share]) => failures(canary, control, share));

describe('The evidence of failures', () => {
  // Computed apart from this code, and again with mpmath at 40 digits.
  test.each([
    [8, 20, 1.888849219584469, 2.82779426734916],
    [12, 30, 3.534881688677454, 4.481899427272193],
    [0, 25, 1.304876944165716, -1.329135947279943],
  ])('of %d of the canary and %d of the control at 10 %% is known', (canary, control, either, harm) => {
    const evidence = failureEvidence(failures(canary, control, 0.1));
    expect(evidence.either).toBeCloseTo(either, 11);
    expect(evidence.harm).toBeCloseTo(harm, 11);
  });

  test('is none before the first failure, and where there is nothing to compare', () => {
    expect(failureEvidence(failures(0, 0, 0.1))).toEqual({ harm: 0, either: 0 });
    expect(failureEvidence(failures(0, 40, 0))).toEqual({ harm: 0, either: 0 });
    expect(failureEvidence(failures(40, 0, 1))).toEqual({ harm: 0, either: 0 });
  });

  test('is fair: over the next failure, M has the mean that it has now', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(0.5, 10, 200), (now, concentration) => {
        const { canary_failures, control_failures, weight: w } = now;
        const [before, ofCanary, ofControl] = [
          now,
          failures(canary_failures + 1, control_failures, w),
          failures(canary_failures, control_failures + 1, w),
        ].map((one) => failureEvidence(one, concentration));
        for (const side of ['harm', 'either'] as const) {
          const logs = [before, ofCanary, ofControl].map((one) => one?.[side] ?? Number.NaN);
          const [was = 0, up = 0, down = 0] = logs;
          expect(w * Math.exp(up - was) + (1 - w) * Math.exp(down - was)).toBeCloseTo(1, 9);
        }
      }),
    );
  });

  test('of harm rises with failures of the canary and falls with those of the control', () => {
    fc.assert(
      fc.property(counts, ({ canary_failures, control_failures, weight: w }) => {
        const { harm } = failureEvidence(failures(canary_failures, control_failures, w));
        expect(failureEvidence(failures(canary_failures + 1, control_failures, w)).harm).toBeGreaterThan(
          harm,
        );
        expect(failureEvidence(failures(canary_failures, control_failures + 1, w)).harm).toBeLessThan(harm);
      }),
    );
  });

  test('either way turns around with the two, and is made of both ways', () => {
    fc.assert(
      fc.property(counts, ({ canary_failures, control_failures, weight: w }) => {
        const { harm, either } = failureEvidence(failures(canary_failures, control_failures, w));
        const turned = failureEvidence(failures(control_failures, canary_failures, 1 - w));
        expect(turned.either).toBeCloseTo(either, 9);
        const prior = betaTails({ x: w, y: 1 - w }, { a: 10 * w, b: 10 * (1 - w) });
        const mixed = prior.upper * Math.exp(harm - either) + prior.lower * Math.exp(turned.harm - either);
        expect(mixed).toBeCloseTo(1, 9);
      }),
    );
  });

  // The values are from mpmath; the harm of the first by integration.
  test.each([
    [0, 1e9, 0.5, 693147086.5673897, -19.8227234630404],
    [5e8, 5e8, 0.5, -9.23529919567246, -9.23529919567247],
    [1e9, 1e9, 1e-6, 12429217169.304394, 12429217178.4207],
    [0, 1e6, 1e-6, 0.9998848623203865, -2.913671413579418],
    [5, 1e6, 1e-6, -7.335025938674746, 1.777615057095543],
    [1e9, 1e9, 1 - 1e-6, 12429217169.275639, -32.2361993018],
  ])('of %d and %d at a weight of %d is exact', (canary, control, share, either, harm) => {
    const evidence = failureEvidence(failures(canary, control, share));
    expect(Math.abs(evidence.either - either)).toBeLessThan(1e-11 + 1e-14 * Math.abs(either));
    expect(Math.abs(evidence.harm - harm)).toBeLessThan(1e-7 + 1e-14 * Math.abs(harm));
  });

  test('is a number whatever the counts and the weight', () => {
    const extreme = fc.oneof(fc.constantFrom(0, 1, 1e9), fc.nat(1e9));
    const share = fc.oneof(
      fc.constantFrom(1e-6, 1 - 1e-6),
      fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
    );
    fc.assert(
      fc.property(
        extreme,
        extreme,
        share,
        fc.constantFrom(0.001, 10, 1e6),
        (canary, control, w, concentration) => {
          const { harm, either } = failureEvidence(failures(canary, control, w), concentration);
          expect(Number.isFinite(harm) && Number.isFinite(either)).toBe(true);
        },
      ),
    );
  });
});

describe('The failure process', () => {
  test('gives the p-values of the same cases', () => {
    const p = (canary: number, control: number): number =>
      advanceFailureProcess(startFailureProcess(), failures(canary, control, 0.1)).harm.p;
    expect(p(8, 20)).toBeCloseTo(0.05914, 5);
    expect(p(12, 30)).toBeCloseTo(0.011312, 6);
    expect(p(0, 25)).toBe(1);
  });

  test('adds up the failures of a weight, in whatever order weights and failures come', () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 12 }), (looks) => {
        const there = looks.reduce(advanceFailureProcess, startFailureProcess());
        const back = looks.toReversed().reduce(advanceFailureProcess, startFailureProcess());
        expect(back.harm.log_m).toBeCloseTo(there.harm.log_m, 8);
        expect(back.either.log_m).toBeCloseTo(there.either.log_m, 8);
        const weights = new Set(looks.map((one) => one.weight));
        expect(there.steps).toHaveLength(weights.size);
        let either = 0;
        for (const w of weights) {
          const same = looks.filter((one) => one.weight === w);
          const sum = (key: 'canary_failures' | 'control_failures'): number =>
            same.reduce((total, one) => total + one[key], 0);
          either += failureEvidence(failures(sum('canary_failures'), sum('control_failures'), w)).either;
        }
        expect(there.either.log_m).toBeCloseTo(either, 8);
      }),
    );
  });

  test('multiplies the corrections for one side, and does not correct the product', () => {
    const looks = [failures(9, 20, 0.1), failures(3, 20, 0.25)];
    const { harm } = looks.reduce(advanceFailureProcess, startFailureProcess());
    const each = looks.map((one) => failureEvidence(one).harm);
    expect(harm.log_m).toBeCloseTo((each[0] ?? 0) + (each[1] ?? 0), 12);
    // No factor is worth more than 1 over the chance that its prior gives to harm.
    for (const w of [0.05, 0.1, 0.25, 0.5]) {
      const one = failureEvidence(failures(400, 10, w));
      const { upper } = betaTails({ x: w, y: 1 - w }, { a: 10 * w, b: 10 * (1 - w) });
      expect(one.harm - one.either).toBeCloseTo(-Math.log(upper), 9);
    }
  });

  test('keeps its smallest p, and goes on from what was kept as JSON', () => {
    const bad = advanceFailureProcess(startFailureProcess(), failures(12, 30, 0.1));
    const kept = JSON.parse(JSON.stringify(bad)) as typeof bad;
    const better = advanceFailureProcess(kept, failures(0, 60, 0.1));
    expect(better).toEqual(advanceFailureProcess(bad, failures(0, 60, 0.1)));
    expect(better.harm.log_m).toBeLessThan(0);
    expect(better.harm.p).toBe(bad.harm.p);
    const whole = advanceFailureProcess(better, failures(500, 0, 1));
    expect(whole.harm).toEqual(better.harm);
  });

  test.each([
    [failures(-1, 0, 0.5), 'canary_failures: must be a whole number'],
    [failures(0, 1.5, 0.5), 'control_failures: must be a whole number'],
    [failures(0, 0, 1.1), 'weight: must be a finite number'],
    [failures(0, 0, Number.NaN), 'weight: must be a finite number'],
    [failures(0, 0, 1e-7), 'weight: must be 0, 1, or from 1e-6'],
    [failures(1, 0, 0), 'canary_failures: must be 0 where weight is 0'],
    [failures(0, 1, 1), 'control_failures: must be 0 where weight is 1'],
  ])('refuses %j', (wrong, complaint) => {
    expect(() => advanceFailureProcess(startFailureProcess(), wrong)).toThrow(complaint);
  });

  test('refuses more than a thousand million failures, a thousand weights, and no concentration', () => {
    const full = advanceFailureProcess(startFailureProcess(), failures(1e9, 0, 0.5));
    expect(() => advanceFailureProcess(full, failures(1, 0, 0.5))).toThrow('canary_failures: ');
    const many = Array.from({ length: 1000 }, (_, i) => failures(0, 0, (i + 1) / 1002));
    const wide = many.reduce(advanceFailureProcess, startFailureProcess());
    expect(() => advanceFailureProcess(wide, failures(0, 0, 0.9999))).toThrow('weight: must be one of 1000');
    expect(() => startFailureProcess(0)).toThrow('concentration: ');
  });
});
