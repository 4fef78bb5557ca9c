import { numberAt } from './number-at.ts';
import { requireNumber, requireThat } from './requirements.ts';

/**
 * A column of numbers, one for each item, with what is known of the items. All columns have the same length, and no
 * number is larger than 1e50.
 */
export type Sample = {
  readonly values: readonly number[];
  /** Which items belong together, by the name of their cluster. Absent: each item stands for itself. */
  readonly clusters?: readonly string[] | undefined;
  /** How much each item counts, above 0; only their ratios matter. Absent: all alike. */
  readonly weights?: readonly number[] | undefined;
};

/** A sample summed up by its units of randomness, which are its clusters, or else its items. */
export type Units = {
  /** How many items there are. */
  readonly items: number;
  /** How many units there are; both columns have this length. */
  readonly count: number;
  /** The number of the unit that each item belongs to. */
  readonly unitOf: Int32Array;
  /** The sum of the weights in each unit. */
  readonly weights: Float64Array;
  /** The weighted sum of the values in each unit. */
  readonly totals: Float64Array;
};

/** Leaves room for squares and sums. */
const mostSize = 1e50;

/**
 * Sums a sample up by its units, in the order in which they first appear.
 * @throws PawlError `invalid_request` when columns differ in length or hold what is no finite number.
 */
export function unitsOf({ values, clusters, weights }: Sample): Units {
  const n = values.length;
  requireThat(
    clusters === undefined || clusters.length === n,
    `clusters: must have ${n} entries, one for each item`,
  );
  requireThat(
    weights === undefined || weights.length === n,
    `weights: must have ${n} entries, one for each item`,
  );
  const unitOf = clusters === undefined ? Int32Array.from(values, (_, i) => i) : numbered(clusters);
  const count = clusters === undefined ? n : new Set(clusters).size;
  const unitWeights = new Float64Array(count);
  const totals = new Float64Array(count);
  values.forEach((value, i) => {
    const weight = weights?.[i] ?? 1;
    requireNumber(`values.${i}`, value, { least: -mostSize, most: mostSize });
    requireNumber(`weights.${i}`, weight, { least: 1 / mostSize, most: mostSize });
    const unit = numberAt(unitOf, i);
    unitWeights[unit] = numberAt(unitWeights, unit) + weight;
    totals[unit] = numberAt(totals, unit) + weight * value;
  });
  return { items: n, count, unitOf, weights: unitWeights, totals };
}

/** The sum of a column. */
export function sum(column: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < column.length; i += 1) total += numberAt(column, i);
  return total;
}

/**
 * Numbers as whole multiples of a million millionth of `scale`, which is the size of what they were computed from:
 * those that only rounding sets apart are equal, and what only rounding sets apart from 0 is 0.
 */
export function gridded(numbers: readonly number[], scale: number): number[] {
  return numbers.map((one) => (scale === 0 ? 0 : Math.round((one / scale) * 1e12)));
}

/** The largest size among numbers, whatever their sign; 0 when there are none. */
export function largestOf(numbers: readonly number[]): number {
  return numbers.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
}

/** The weighted mean of all items; not a number where there are none. */
export function meanOf({ totals, weights }: Units): number {
  return sum(totals) / sum(weights);
}

/** Numbers the clusters from 0 in the order in which they first appear. */
function numbered(clusters: readonly string[]): Int32Array {
  const places = new Map<string, number>();
  return Int32Array.from(clusters, (cluster) => {
    const place = places.get(cluster) ?? places.size;
    places.set(cluster, place);
    return place;
  });
}
