import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bcaTest, percentileTest, type Resamples, resampleDamage } from './bootstrap.ts';
import { normalQuantile } from './normal.ts';
import type { DamageItem } from './resample.ts';

const single = (damages: readonly number[]): DamageItem[] =>
  damages.map((damage) => ({ baseline: [damage], candidate: [0] }));
const flips = (harmful: number, beneficial: number, items: number): number[] =>
  Array.from({ length: items }, (_, i) => (i < harmful ? 1 : i < harmful + beneficial ? -1 : 0));

function resampled(items: readonly DamageItem[], seed = 1): Resamples {
  const resamples = resampleDamage(items, seed);
  if (resamples === null) throw new Error('too few units');
  return resamples;
}

function deviation({ sorted }: Resamples): number {
  const mean = sorted.reduce((sum, one) => sum + one, 0) / sorted.length;
  return Math.sqrt(sorted.reduce((sum, one) => sum + (one - mean) ** 2, 0) / sorted.length);
}

describe('Resampling', () => {
  test('gives 10 000 sorted means, the same for the same seed only', () => {
    const items = single(flips(9, 4, 60));
    const once = resampled(items, 7);
    expect(once.sorted).toHaveLength(10_000);
    expect(once.sorted).toEqual(Float64Array.from(once.sorted).sort());
    expect(resampled(items, 7)).toEqual(once);
    expect(resampled(items, 8).sorted).not.toEqual(once.sorted);
  });

  // This result may never change: verdicts are stored with their seeds.
  test('of these items with seed 1 is the same for ever', () => {
    const { mean, sorted, acceleration, seed, units } = resampled(single([0.5, 0.25, 0, -0.25, 1]));
    expect({ mean, seed, units }).toEqual({ mean: 0.3, seed: 1, units: 5 });
    // The deviations .2, −.05, −.3, −.55 and .7 have squares of .925 and cubes of .1575 in all.
    expect(acceleration).toBeCloseTo(0.1575 / (6 * 0.925 ** 1.5), 12);
    expect([0, 499, 5000, 9500, 9999].map((at) => sorted[at])).toEqual([-0.25, 0, 0.3, 0.65, 1]);
  });

  test('of single trials has the standard error of the mean, less its correction', () => {
    const items = single(flips(20, 8, 100));
    const squares = 28 / 100 - 0.12 ** 2;
    expect(deviation(resampled(items)) / Math.sqrt(squares / 100)).toBeCloseTo(1, 1);
  });

  test('of clusters has the clustered error', () => {
    // Within each of ten clusters all items agree, so that there are ten observations, not a hundred.
    const items = Array.from({ length: 100 }, (_, i) => ({
      baseline: [i % 10 < 5 ? 0.3 : -0.1],
      candidate: [0],
      cluster: `${i % 10}`,
    }));
    expect(deviation(resampled(items)) / Math.sqrt(0.04 / 10)).toBeCloseTo(1, 1);
    expect(resampled(items).units).toBe(10);
  });

  test('of trials adds their noise', () => {
    // Every item has the same mean; only trials differ.
    const items = Array.from({ length: 50 }, () => ({ baseline: [1, 0, 1, 0], candidate: [0.5] }));
    expect(deviation(resampled(items)) / Math.sqrt(0.25 / 4 / 50)).toBeCloseTo(1, 1);
  });

  test('of very many items are fewer, but never under 1000', () => {
    const items = Array.from({ length: 10_500 }, (_, i) => ({ baseline: [i % 2], candidate: [0] }));
    expect(resampled(items).sorted).toHaveLength(1000);
  });

  test('has no acceleration where a single unit has all the weight', () => {
    const items = single([0.5, 0.25, 1]).map((item, i) => ({ ...item, weight: i === 0 ? 1e40 : 1 }));
    expect(resampled(items)).toMatchObject({ mean: 0.5, acceleration: 0 });
  });

  test('needs two units', () => {
    expect(resampleDamage([], 1)).toBeNull();
    expect(resampleDamage(single([1]), 1)).toBeNull();
    const oneCluster = single([1, 0, 1]).map((item) => ({ ...item, cluster: 'a' }));
    expect(resampleDamage(oneCluster, 1)).toBeNull();
    expect(() => resampleDamage(single([1, 0]), -1)).toThrow('seed: ');
  });
});

/** 999 means with a skew, as a textbook would have them: no chance is involved. */
const skewed: Resamples = {
  mean: 0.02,
  sorted: Float64Array.from({ length: 999 }, (_, i) => {
    const z = normalQuantile((i + 0.5) / 999);
    return 0.1 * z + 0.03 + 0.02 * (z ** 2 - 1);
  }),
  acceleration: 0.05,
  seed: 1,
  units: 30,
};

describe('Limits', () => {
  test('by percentiles are the resamples at these ranks', () => {
    const { low, high, p_worse, p_within } = percentileTest(skewed, { level: 0.9, margin: 0.1 });
    expect(low).toBeCloseTo(skewed.sorted[48] ?? 9, 11);
    expect(high).toBeCloseTo(skewed.sorted[950] ?? 9, 11);
    const upTo = skewed.sorted.filter((one) => one <= 0.1).length;
    expect(p_worse).toBeCloseTo((1 + upTo) / 1000, 12);
    expect(p_within).toBeCloseTo((1000 - upTo) / 1000, 12);
  });

  test('by BCa are those of a second implementation with numpy', () => {
    const { low, high, p_worse, p_within } = bcaTest(skewed, { level: 0.9, margin: 0.1 });
    expect(low).toBeCloseTo(-0.0882402836637, 11);
    expect(high).toBeCloseTo(0.294203424681, 11);
    expect(p_worse).toBeCloseTo(0.71167032392713, 11);
    expect(p_within).toBeCloseTo(0.28941343978027, 11);
  });

  test('by BCa are the percentiles where there is neither bias nor skew', () => {
    const even: Resamples = {
      ...skewed,
      mean: 0,
      acceleration: 0,
      sorted: Float64Array.from({ length: 999 }, (_, i) => normalQuantile((i + 0.5) / 999)),
    };
    expect(bcaTest(even, { level: 0.95, margin: 0.3 })).toEqual(
      percentileTest(even, { level: 0.95, margin: 0.3 }),
    );
  });

  test('are infinite where the resamples do not reach so far', () => {
    const few: Resamples = { ...skewed, sorted: skewed.sorted.slice(0, 99) };
    expect(percentileTest(few, { level: 0.999, margin: 0 })).toMatchObject({
      low: -Infinity,
      high: Infinity,
    });
  });

  test('have no width where no item differs, which is why such items are augmented', () => {
    const { low, high, p_within } = bcaTest(resampled(single([0, 0, 0])), { level: 0.9, margin: 0.02 });
    expect([Math.abs(low), Math.abs(high)]).toEqual([0, 0]);
    expect(p_within).toBeLessThan(0.001);
  });

  const damages = fc.array(
    fc.integer({ min: -4, max: 4 }).map((quarter) => quarter / 4),
    {
      minLength: 2,
      maxLength: 25,
    },
  );
  const level = fc.double({ min: 0.5, max: 0.99, noNaN: true });
  const margin = fc.double({ min: -0.5, max: 0.5, noNaN: true });

  test.each([
    ['percentiles', percentileTest],
    ['BCa', bcaTest],
  ])('by %s agree with their tests, and grow with their level', (_name, method) => {
    fc.assert(
      fc.property(damages, fc.nat(1000), level, level, margin, (values, seed, first, second, tolerated) => {
        const resamples = resampled(single(values), seed);
        const narrow = method(resamples, { level: Math.min(first, second), margin: tolerated });
        const wide = method(resamples, { level: Math.max(first, second), margin: tolerated });
        for (const [test, asked] of [
          [narrow, Math.min(first, second)],
          [wide, Math.max(first, second)],
        ] as const) {
          const alpha = (1 - asked) / 2;
          const close = [test.p_worse, test.p_within].some((p) => Math.abs(p - alpha) < 1e-9);
          expect(close || test.p_worse < alpha === test.low > tolerated).toBe(true);
          expect(close || test.p_within < alpha === test.high < tolerated).toBe(true);
          expect(test.p_worse >= 0 && test.p_worse <= 1 && test.p_within >= 0 && test.p_within <= 1).toBe(
            true,
          );
        }
        expect(wide.low).toBeLessThanOrEqual(narrow.low);
        expect(wide.high).toBeGreaterThanOrEqual(narrow.high);
      }),
      { numRuns: 60 },
    );
  });

  test('at the observed mean itself tell worse from better by nothing', () => {
    const resamples = resampled(single(flips(5, 5, 40)));
    const { p_worse, p_within } = bcaTest(resamples, { level: 0.9, margin: 0 });
    expect(p_worse).toBeGreaterThan(0.45);
    expect(p_within).toBeGreaterThan(0.45);
  });

  test('want a margin and a level', () => {
    expect(() => bcaTest(skewed, { level: 0.9, margin: NaN })).toThrow('margin: ');
    expect(() => percentileTest(skewed, { level: 2, margin: 0 })).toThrow('level: ');
  });
});
