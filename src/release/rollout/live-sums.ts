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

/**
 * How many units with equally many values would tell as much: fewer, where some have most of the values (Kish 1965, Survey
 * Sampling). 0 without values.
 */
export function effectiveUnits({ count, count_squared }: LiveSums): number {
  return count === 0 ? 0 : count ** 2 / count_squared;
}

/** Σ of products over the units that have values in two cells: of their sums and counts in the first and in the second. */
export type LiveProducts = {
  readonly sums: number;
  readonly counts: number;
  readonly sum_count: number;
  readonly count_sum: number;
};

export const noProducts: LiveProducts = { sums: 0, counts: 0, sum_count: 0, count_sum: 0 };

/** The products after one unit's values have become others in one of the cells. */
export function changeProducts(
  products: LiveProducts,
  before: readonly [UnitSums, UnitSums],
  after: readonly [UnitSums, UnitSums],
): LiveProducts {
  const [old, older] = before;
  const [one, other] = after;
  return {
    sums: products.sums + one.sum * other.sum - old.sum * older.sum,
    counts: products.counts + one.count * other.count - old.count * older.count,
    sum_count: products.sum_count + one.sum * other.count - old.sum * older.count,
    count_sum: products.count_sum + one.count * other.sum - old.count * older.sum,
  };
}

/** The covariance of the means of two cells, by the same method: Σ of the products of both residuals, over both counts. */
export function covarianceOfMeans(products: LiveProducts, first: LiveSums, second: LiveSums): number {
  if (first.count === 0 || second.count === 0) return 0;
  const [one, other] = [first.sum / first.count, second.sum / second.count];
  const { sums, counts, sum_count, count_sum } = products;
  const residuals = sums - other * sum_count - one * count_sum + one * other * counts;
  return residuals / (first.count * second.count);
}
