import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binomialAtLeast, binomialPmf } from './binomial.ts';
import { flipsNeeded, mcnemarPower } from './exact-power.ts';

describe("The power of McNemar's exact one-sided test", () => {
  // Rounded to two digits from a plain double sum with scipy 1.17.
  const rates = [
    [0.05, 0.02],
    [0.1, 0.02],
    [0.1, 0.05],
    [0.15, 0.05],
    [0.2, 0.05],
  ] as const;
  test.each([
    [30, [0.01, 0.11, 0.05, 0.17, 0.34]],
    [50, [0.04, 0.31, 0.12, 0.35, 0.61]],
    [100, [0.16, 0.69, 0.28, 0.68, 0.91]],
    [200, [0.39, 0.95, 0.51, 0.93, 1]],
    [400, [0.69, 1, 0.8, 1, 1]],
  ])('with %d items is that of the planning table', (cases, powers) => {
    const got = rates.map(([harm_rate, benefit_rate]) =>
      mcnemarPower({ harm_rate, benefit_rate, cases, alpha: 0.05 }),
    );
    got.forEach((power, i) => {
      expect(power).toBeCloseTo(powers[i] ?? 9, 2);
    });
  });

  test('is the sum over all tables', () => {
    const rate = fc.double({ min: 0.01, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), rate, rate, (cases, harm_rate, benefit_rate) => {
        const flips = harm_rate + benefit_rate;
        let power = 0;
        for (let m = 0; m <= cases; m += 1) {
          for (let harmful = 0; harmful <= m; harmful += 1) {
            if (binomialAtLeast(harmful, { trials: m, rate: 0.5 }) > 0.05) continue;
            power +=
              binomialPmf(m, { trials: cases, rate: flips }) *
              binomialPmf(harmful, { trials: m, rate: harm_rate / flips });
          }
        }
        expect(mcnemarPower({ harm_rate, benefit_rate, cases, alpha: 0.05 })).toBeCloseTo(power, 10);
      }),
      { numRuns: 30 },
    );
  });

  test('is at most the error rate without harm, and 1 where all items are harmed', () => {
    for (const cases of [5, 20, 100, 1000]) {
      expect(mcnemarPower({ harm_rate: 0.1, benefit_rate: 0.1, cases, alpha: 0.05 })).toBeLessThanOrEqual(
        0.05,
      );
    }
    expect(mcnemarPower({ harm_rate: 1, benefit_rate: 0, cases: 5, alpha: 0.05 })).toBe(1);
    expect(mcnemarPower({ harm_rate: 1, benefit_rate: 0, cases: 4, alpha: 0.05 })).toBe(0);
    // Five harmful flips have the p of 1/32 itself.
    expect(mcnemarPower({ harm_rate: 1, benefit_rate: 0, cases: 5, alpha: 1 / 32 })).toBe(1);
    expect(mcnemarPower({ harm_rate: 0, benefit_rate: 1, cases: 50, alpha: 0.05 })).toBe(0);
  });

  test('wants rates, items and an error rate', () => {
    const plan = { harm_rate: 0.1, benefit_rate: 0.05, cases: 100, alpha: 0.05 };
    expect(() => mcnemarPower({ ...plan, harm_rate: 1.5 })).toThrow('harm_rate: ');
    expect(() => mcnemarPower({ ...plan, cases: 200_000 })).toThrow('cases: ');
    expect(() => mcnemarPower({ ...plan, alpha: 1 })).toThrow('alpha: ');
  });
});

describe('The flips that a sign test needs', () => {
  test.each([
    [0.6, 158, 199],
    [0.7, 37, 49],
    [0.8, 18, 20],
    [0.9, 8, 12],
  ])('at a share of %d are those of dotnet/skills pull request 1027', (share, oneSided, twoSided) => {
    expect(flipsNeeded(share, { alpha: 0.05, power: 0.8, sides: 1 })).toBe(oneSided);
    expect(flipsNeeded(share, { alpha: 0.05, power: 0.8, sides: 2 })).toBe(twoSided);
  });

  test('are five where every flip is harmful, and too many where harm hardly prevails', () => {
    expect(flipsNeeded(1, { alpha: 0.05, power: 0.8, sides: 1 })).toBe(5);
    expect(flipsNeeded(0.501, { alpha: 0.05, power: 0.8, sides: 1 })).toBeNull();
  });

  test('want a share above one half, and a plan', () => {
    const plan = { alpha: 0.05, power: 0.8, sides: 1 } as const;
    expect(() => flipsNeeded(0.5, plan)).toThrow(
      'win_rate: must be a finite number above 0.5 and of at most 1',
    );
    expect(() => flipsNeeded(0.6, { ...plan, alpha: 0.9 })).toThrow('alpha: ');
    expect(() => flipsNeeded(0.6, { ...plan, power: 0.2 })).toThrow('power: ');
  });
});
