import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Arm, LiveMetric } from '../../core/rollout.ts';
import { rateSequence } from '../../stats/rate-sequence.ts';
import { type LiveEvidence, noEvidenceYet } from './evidence.ts';
import { type Harm, harmOf, isRelative } from './harm.ts';
import { changeUnit, type LiveSums, noSums, nothing } from './live-sums.ts';

/** The values of units that have one each. */
type Column = readonly number[];
type Step = { readonly weight: number } & { readonly [A in Arm]: Column };

function sumsOf(values: Column): LiveSums {
  return values.reduce((sums, sum) => changeUnit(sums, nothing, { sum, count: 1 }), noSums);
}

function evidenceOf(metric: LiveMetric, ...steps: readonly Step[]): LiveEvidence {
  const cells = steps.map(({ weight, control, canary }) => {
    return { weight, control: { [metric]: sumsOf(control) }, canary: { [metric]: sumsOf(canary) } };
  });
  return { ...noEvidenceYet, cells };
}

function harmIn(metric: LiveMetric, control: Column, canary: Column, margin = 0.05): Harm {
  return harmOf(evidenceOf(metric, { weight: 500, control, canary }), { metric, margin }, 0.05);
}

const ones = (count: number, of: number): Column => Array.from({ length: of }, (_, i) => (i < count ? 1 : 0));
const unknown: Harm = { estimate: null, low: null, high: null, p: null };
const value = fc.double({ min: 0.01, max: 1, noNaN: true });
const column = fc.array(value, { minLength: 50, maxLength: 90 });

describe('Harm', () => {
  test.each<[LiveMetric, number]>([
    ['failures', 0.1],
    ['refusals', 0.1],
    ['score:good', -0.1],
  ])('in %s is the difference of means, by %d when more of the canary have a 1', (metric, estimate) => {
    const harm = harmIn(metric, ones(200, 1000), ones(60, 200));
    expect(harm.estimate).toBeCloseTo(estimate, 12);
    expect(harm.low).toBeLessThan(estimate);
    expect(harm.high).toBeGreaterThan(estimate);
  });

  test.each<LiveMetric>(['cost', 'tokens', 'latency'])('in %s is a share of the control', (metric) => {
    const cheap = Array.from({ length: 60 }, (_, i) => 1 + (i % 2));
    const dear = Array.from({ length: 60 }, (_, i) => 1.4 + 0.2 * (i % 2));
    expect(isRelative(metric)).toBe(true);
    expect(harmIn(metric, cheap, cheap).estimate).toBe(0);
    expect(harmIn(metric, dear, cheap).estimate).toBeCloseTo(0, 12);
    expect(
      harmIn(
        metric,
        cheap,
        cheap.map((one) => one * 3),
      ).estimate,
    ).toBeCloseTo(2, 12);
  });

  test('of scores turns around with the arms', () => {
    fc.assert(
      fc.property(column, column, (first, second) => {
        const there = harmIn('score:good', first, second);
        const back = harmIn('score:good', second, first);
        fc.pre(there.low !== null);
        expect(back.estimate).toBeCloseTo(-(there.estimate ?? Number.NaN), 9);
        expect(back.low).toBeCloseTo(-(there.high ?? Number.NaN), 9);
        expect(back.high).toBeCloseTo(-(there.low ?? Number.NaN), 9);
      }),
    );
  });

  test('that is relative does not depend on the unit of measure', () => {
    fc.assert(
      fc.property(column, column, fc.constantFrom(1e-6, 0.3, 1000), (control, canary, factor) => {
        const before = harmIn('cost', control, canary, 0.25);
        const after = harmIn(
          'cost',
          control.map((one) => one * factor),
          canary.map((one) => one * factor),
          0.25,
        );
        fc.pre(before.p !== null);
        for (const key of ['estimate', 'low', 'high', 'p'] as const) {
          expect(after[key]).toBeCloseTo(before[key] ?? Number.NaN, 6);
        }
      }),
    );
  });

  test('has a p that agrees with its lower limit: it is small just when the limit is above the margin', () => {
    const metrics = fc.constantFrom<LiveMetric>('score:good', 'failures', 'cost');
    fc.assert(
      fc.property(metrics, column, column, fc.constantFrom(-0.2, 0, 0.05, 0.25), (metric, a, b, margin) => {
        const { low, p } = harmIn(metric, a, b, margin);
        fc.pre(low !== null && p !== null && Math.abs(low - margin) > 1e-9);
        expect(p <= 0.05).toBe(low > margin);
      }),
    );
  });

  test('within the margin is none to p, and beyond it is', () => {
    const high = Array.from({ length: 400 }, (_, i) => 0.85 + 0.1 * (i % 2));
    const lower = high.map((one) => one - 0.04);
    expect(harmIn('score:good', high, lower, 0.05).p).toBe(1);
    expect(harmIn('score:good', high, lower, 0.02).p).toBeLessThan(0.001);
  });

  test('has the spread of a ratio, in which that of the control counts (c / b) squared', () => {
    const [control, canary] = [
      ones(500, 1000).map((one) => one + 0.5),
      ones(50, 100).map((one) => 3 * one + 1),
    ];
    const { estimate, low, high } = harmIn('cost', control, canary);
    expect(estimate).toBeCloseTo(1.5, 12);
    const scaled = harmIn(
      'failures',
      control.map((one) => one * 2.5),
      canary,
    );
    // The means of the columns are 1 and 2.5, so that both are the same but for the place of 0.
    expect(low).toBeCloseTo(1.5 + (scaled.low ?? Number.NaN), 9);
    expect(high).toBeCloseTo(1.5 + (scaled.high ?? Number.NaN), 9);
  });

  test('is compared step by step, so that a drift while the weights rise is none', () => {
    const steps = [
      { weight: 500, control: ones(19, 950), canary: ones(1, 50) },
      { weight: 5000, control: ones(150, 500), canary: ones(150, 500) },
    ];
    const { estimate, low, high } = harmOf(
      evidenceOf('failures', ...steps),
      { metric: 'failures', margin: 0.05 },
      0.05,
    );
    expect(estimate).toBeCloseTo(0, 12);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });
});

describe('Harm is unknown', () => {
  test('without values, and with fewer than 50 units in an arm', () => {
    expect(harmOf(noEvidenceYet, { metric: 'cost', margin: 0.25 }, 0.05)).toEqual(unknown);
    expect(harmIn('cost', ones(20, 1000), ones(20, 49))).toEqual(unknown);
    expect(harmIn('failures', ones(20, 1000), ones(20, 49))).toEqual(unknown);
    expect(harmIn('failures', ones(20, 1000), ones(20, 50))).not.toEqual(unknown);
  });

  test('where the control costs nothing, of which nothing is a share', () => {
    expect(harmIn('cost', ones(0, 100), ones(50, 100))).toEqual(unknown);
    expect(harmIn('cost', ones(0, 100), ones(0, 100))).toEqual(unknown);
  });

  test('where all values of an arm are alike in a relative metric', () => {
    expect(harmIn('latency', ones(100, 100), ones(100, 100))).toEqual(unknown);
  });
});

describe('Where nobody of the canary misses', () => {
  const most = (trials: number): number =>
    rateSequence({ successes: 0, trials }, { decide_at: 100 })?.high ?? Number.NaN;

  test('harm is at most what the rate of misses can be after so many units', () => {
    expect(harmIn('failures', ones(0, 900), ones(0, 300))).toEqual({ ...unknown, high: most(300) });
    expect(harmIn('score:good', ones(900, 900), ones(300, 300))).toEqual({ ...unknown, high: most(300) });
    expect(harmIn('refusals', ones(0, 90), ones(0, 3))).toEqual({ ...unknown, high: most(3) });
    expect(most(300)).toBeLessThan(0.05);
    expect(most(50)).toBeGreaterThan(0.05);
  });

  test('a few of the control that do miss make it no smaller', () => {
    const { low, high, p } = harmIn('failures', ones(10, 1000), ones(0, 50));
    expect(high).toBe(most(50));
    expect(low).toBeLessThan(0);
    expect(p).toBe(1);
    expect(harmIn('score:good', ones(990, 1000), ones(50, 50)).high).toBe(most(50));
  });

  test('units of all steps count together, and one miss in any of them ends it', () => {
    const steps = (missed: number): Step[] => [
      { weight: 500, control: ones(0, 400), canary: ones(0, 20) },
      { weight: 1000, control: ones(0, 300), canary: ones(missed, 40) },
    ];
    const check = { metric: 'failures', margin: 0.05 } as const;
    expect(harmOf(evidenceOf('failures', ...steps(0)), check, 0.05).high).toBe(most(60));
    expect(harmOf(evidenceOf('failures', ...steps(1)), check, 0.05)).toEqual(unknown);
  });
});
