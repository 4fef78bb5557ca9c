import { numberAt } from './number-at.ts';
/**
 * The first whole number from `from` on, and before `to`, at which a condition holds that goes on holding from there;
 * `to` when there is none. Found by halving.
 */
export function firstWhere(
  range: { readonly from: number; readonly to: number },
  holds: (candidate: number) => boolean,
): number {
  let { from, to } = range;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** How many numbers of a rising list lie below a value. */
export function countBelow(sorted: Float64Array, value: number): number {
  return firstWhere({ from: 0, to: sorted.length }, (i) => numberAt(sorted, i) >= value);
}

/** How many numbers of a rising list are no larger than a value. */
export function countUpTo(sorted: Float64Array, value: number): number {
  return firstWhere({ from: 0, to: sorted.length }, (i) => numberAt(sorted, i) > value);
}
