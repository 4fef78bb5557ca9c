import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareSequentially, confidenceSequence } from './confidence-sequence.ts';
import { type Moments, momentsOf } from './moments.ts';
import { studentQuantile, studentTails } from './student.ts';

/** The sums of GrowthBook's gbstats tests, as moments. */
function fromSums(n: number, { sum, squares }: { sum: number; squares: number }): Moments {
  return { n, mean: sum / n, m2: squares - sum ** 2 / n };
}
const first = (n: number): Moments => fromSums(n, { sum: 1396.87, squares: 52377.9767 });
const second = fromSums(3461, { sum: 2422.7, squares: 134698.29 });

const errorOf = ({ n, m2 }: Moments): number => Math.sqrt(m2 / (n - 1) / n);
const some = (n: number, mean: number, variance = 0.04): Moments => ({ n, mean, m2: variance * (n - 1) });

describe('The confidence sequence', () => {
  /** The relative difference with its error by the delta method. */
  const relative = (baseline: Moments, candidate: Moments) => {
    const [a, b] = [errorOf(baseline), errorOf(candidate)];
    const ratio = candidate.mean / baseline.mean;
    return { difference: ratio - 1, se: Math.sqrt(b ** 2 + (ratio * a) ** 2) / baseline.mean };
  };

  test('of a relative difference is that of gbstats', () => {
    const at = { ...relative(first(3000), second), n: 6461 };
    expect(at.difference).toBeCloseTo(0.50336, 5);
    expect(at.se).toBeCloseTo(0.33341, 5);
    const { two_sided } = confidenceSequence(at);
    expect(two_sided.low).toBeCloseTo(-0.55844, 5);
    expect(two_sided.high).toBeCloseTo(1.56516, 5);
    expect(two_sided.p).toBe(1);
  });

  test('of an absolute difference on one side is that of gbstats', () => {
    const compared = compareSequentially([{ baseline: first(3000), candidate: second }], { decide_at: 5000 });
    if (!compared.enough) throw new Error(compared.reason);
    expect(compared.difference).toBeCloseTo(0.234377, 6);
    expect(compared.n).toBe(6461);
    expect(compared.higher.low).toBeCloseTo(-0.126568, 6);
  });

  test('rests on the standard errors that gbstats has for a fixed sample', () => {
    const compared = compareSequentially([{ baseline: first(3407), candidate: second }]);
    if (!compared.enough) throw new Error(compared.reason);
    // By Welch's test, which it takes for a fixed sample.
    const [a, b] = [errorOf(first(3407)) ** 2, errorOf(second) ** 2];
    const df = (a + b) ** 2 / (a ** 2 / 3406 + b ** 2 / 3460);
    const t = -studentQuantile(0.025, df);
    for (const [{ difference, se }, low, high, p] of [
      [compared, 0.04538, 0.53462, 0.02016],
      [relative(first(3407), second), -0.03526, 1.44989, 0.06191],
    ] as const) {
      expect(difference - t * se).toBeCloseTo(low, 5);
      expect(difference + t * se).toBeCloseTo(high, 5);
      expect(2 * studentTails(difference / se, df).upper).toBeCloseTo(p, 5);
    }
  });

  const asked = fc.record({
    difference: fc.double({ min: -5, max: 5, noNaN: true }),
    se: fc.double({ min: 0.01, max: 5, noNaN: true }),
    n: fc.integer({ min: 100, max: 1_000_000 }),
  });
  const design = fc.record({
    alpha: fc.constantFrom(0.001, 0.01, 0.05, 0.2, 0.49),
    decide_at: fc.constantFrom(1, 100, 1000, 100_000),
  });

  test('leaves 0 out exactly when p is below α', () => {
    fc.assert(
      fc.property(asked, design, (at, plan) => {
        const { two_sided, higher, lower } = confidenceSequence(at, plan);
        // Rounding may decide what lies within a hair's breadth of the limit.
        const near = (limit: number): boolean => Math.abs(limit) < 1e-9 * at.se;
        if (!near(two_sided.low) && !near(two_sided.high)) {
          expect(two_sided.p < plan.alpha).toBe(two_sided.low > 0 || two_sided.high < 0);
        }
        if (!near(higher.low)) expect(higher.p < plan.alpha).toBe(higher.low > 0);
        if (!near(lower.high)) expect(lower.p < plan.alpha).toBe(lower.high < 0);
      }),
    );
  });

  test('turns around with the difference, and moves with it', () => {
    fc.assert(
      fc.property(asked, design, (at, plan) => {
        const one = confidenceSequence(at, plan);
        const other = confidenceSequence({ ...at, difference: -at.difference }, plan);
        expect(other.two_sided.p).toBe(one.two_sided.p);
        expect(other.two_sided.high + one.two_sided.low).toBeCloseTo(0, 9);
        expect(other.lower.p).toBe(one.higher.p);
        expect(other.lower.high + one.higher.low).toBeCloseTo(0, 9);
        const moved = confidenceSequence({ ...at, difference: at.difference + 3 }, plan);
        expect(moved.two_sided.low - one.two_sided.low).toBeCloseTo(3, 9);
        expect(moved.two_sided.p <= one.two_sided.p || at.difference < 0).toBe(true);
        expect(moved.higher.p).toBeLessThanOrEqual(one.higher.p);
      }),
    );
  });

  test('is wider for a smaller α, and narrower on one side than on two', () => {
    fc.assert(
      fc.property(asked, (at) => {
        const wide = confidenceSequence(at, { alpha: 0.01 });
        const narrow = confidenceSequence(at, { alpha: 0.1 });
        expect(wide.two_sided.low).toBeLessThan(narrow.two_sided.low);
        expect(wide.higher.low).toBeLessThan(narrow.higher.low);
        expect(wide.two_sided.low).toBeLessThan(wide.higher.low);
      }),
    );
  });

  test('is narrowest, beside what else it could have been, when it was expected to be', () => {
    const halfWidth = (decide_at: number): number =>
      -confidenceSequence({ difference: 0, se: 1, n: 1000 }, { decide_at }).two_sided.low;
    for (const other of [100, 500, 2000, 10_000]) expect(halfWidth(1000)).toBeLessThan(halfWidth(other));
  });

  test('gives numbers however far out, and however many', () => {
    for (const difference of [-1e50, -1, 0, 1e-50, 1e50]) {
      for (const n of [1, 1e9]) {
        const { two_sided, higher, lower } = confidenceSequence({ difference, se: 1e-3, n }, { alpha: 1e-9 });
        for (const one of [two_sided.low, two_sided.high, higher.low, lower.high]) {
          expect(Number.isFinite(one)).toBe(true);
        }
        for (const { p } of [two_sided, higher, lower]) expect(p >= 0 && p <= 1).toBe(true);
      }
    }
  });

  test.each([
    [{ difference: 0, se: 0, n: 1 }, {}, 'se: must be a finite number above 0'],
    [{ difference: Number.NaN, se: 1, n: 1 }, {}, 'difference: '],
    [{ difference: 0, se: 1, n: 0 }, {}, 'n: '],
    [{ difference: 0, se: 1, n: 1 }, { alpha: 0.5 }, 'alpha: '],
    [{ difference: 0, se: 1, n: 1 }, { decide_at: 0 }, 'decide_at: '],
  ])('refuses %j with %j', (at, plan, complaint) => {
    expect(() => confidenceSequence(at, plan)).toThrow(complaint);
  });
});

describe('Two means that are watched', () => {
  test('are compared from 50 scores of each on', () => {
    const baseline = some(950, 0.8);
    const early = compareSequentially([{ baseline, candidate: some(49, 0.7) }]);
    expect(early).toEqual({
      enough: false,
      n: 0,
      reason: 'a step needs 50 scores of each version to count; none has as many',
    });
    expect(compareSequentially([{ baseline: some(49, 0.7), candidate: baseline }]).enough).toBe(false);
    expect(compareSequentially([{ baseline, candidate: some(50, 0.7) }])).toMatchObject({
      enough: true,
      n: 1000,
    });
    const sooner = compareSequentially([{ baseline, candidate: some(49, 0.7) }], { min_scores: 20 });
    expect(sooner).toMatchObject({ enough: true, n: 999 });
    expect(() => compareSequentially([], { min_scores: 1 })).toThrow('min_scores: ');
    expect(compareSequentially([])).toMatchObject({ enough: false, n: 0 });
  });

  test('are not compared while their scores have no spread, not even where they differ', () => {
    const alike = (score: number): Moments => momentsOf(new Array<number>(60).fill(score));
    const compared = compareSequentially([{ baseline: alike(1), candidate: alike(0) }]);
    expect(compared).toMatchObject({ enough: false, n: 120, reason: expect.stringContaining('alike') });
    expect(compareSequentially([{ baseline: alike(1), candidate: some(60, 0.5) }]).enough).toBe(true);
  });

  test('are compared step by step, each as heavy as its scores are many', () => {
    const steps = [
      { baseline: some(900, 0.9, 0.09), candidate: some(100, 0.8, 0.16) },
      { baseline: some(30, 0.1), candidate: some(30, 0.9) },
      { baseline: some(500, 0.5, 0.25), candidate: some(500, 0.5, 0.25) },
    ];
    const compared = compareSequentially(steps);
    if (!compared.enough) throw new Error(compared.reason);
    expect(compared.n).toBe(2000);
    expect(compared.difference).toBeCloseTo(-0.05, 12);
    expect(compared.se).toBeCloseTo(Math.sqrt((0.09 / 900 + 0.16 / 100 + 0.5 / 500) / 4), 12);
    expect(compared.lower.high - compared.difference).toBeCloseTo(
      compared.difference - compared.higher.low,
      12,
    );
  });
});
