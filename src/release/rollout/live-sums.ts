import type { Moments } from '../../stats/moments.ts';

/** Values summed up over units, each of which may have had several. Plain JSON. */
export type LiveSums = {
  /** Units that have a value at all. */
  readonly units: number;
  /** Σ of each unit's sum, and of the number of its values. */
  readonly sum: number;
  readonly count: number;
  /** Σ of the squares of both, and of their product. */
  readonly sum_squared: number;
  readonly count_squared: number;
  readonly sum_count: number;
};

/** What one unit has. */
export type UnitSums = { readonly sum: number; readonly count: number };

export const noSums: LiveSums = {
  units: 0,
  sum: 0,
  count: 0,
  sum_squared: 0,
  count_squared: 0,
  sum_count: 0,
};

export const nothing: UnitSums = { sum: 0, count: 0 };

/** The sums after one unit's values have become others. */
export function changeUnit(sums: LiveSums, before: UnitSums, after: UnitSums): LiveSums {
  return {
    units: sums.units + Math.sign(after.count) - Math.sign(before.count),
    sum: sums.sum + after.sum - before.sum,
    count: sums.count + after.count - before.count,
    sum_squared: sums.sum_squared + after.sum ** 2 - before.sum ** 2,
    count_squared: sums.count_squared + after.count ** 2 - before.count ** 2,
    sum_count: sums.sum_count + after.sum * after.count - before.sum * before.count,
  };
}

/**
 * The mean value, with the spread that it has between units: values of one unit are alike, so units are what counts.
 * The mean is a ratio of two sums, and its variance that of the residuals sum − mean · count of the units over the mean
 * count squared (the delta method; Deng, Knoblich & Lu 2018, KDD, arXiv 1803.06336). With one value for each unit these
 * are the ordinary mean and variance. Null without values.
 */
export function momentsOfUnits(sums: LiveSums): Moments | null {
  const { units, sum, count, sum_squared, count_squared, sum_count } = sums;
  if (units === 0) return null;
  const mean = sum / count;
  const squares = sum_squared - 2 * mean * sum_count + mean ** 2 * count_squared;
  // What rounding leaves of values that are all alike is no spread.
  const residuals = squares <= 1e-12 * sum_squared ? 0 : squares;
  return { n: units, mean, m2: residuals / (count / units) ** 2 };
}
