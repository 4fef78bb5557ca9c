import { type MarginQuestion, type MarginTest, oneSidedAlpha } from './interval.ts';
import { normalQuantile, normalTails } from './normal.ts';
import { numberAt } from './number-at.ts';
import { requireNumber } from './requirements.ts';
import { type Sample, sum, unitsOf } from './sample.ts';

/**
 * An interval for a mean damage that keeps its width where few units differ, or none: Student's interval and the
 * bootstrap have no width there, and would let pass what was hardly tried. Two made-up units are added, one of damage
 * +1 and one of −1, each as heavy as the average unit, and the mean and its error are those of all.
 *
 * The interval is our own generalisation of Bonett & Price (2012), who add one item to each of the two ways to differ:
 * for right-or-wrong items without clusters it is theirs to the digit. It belongs into a `hull` with the others where
 * fewer than 10 units differ. Damages lie between −1 and 1, and so do the limits. Null without items.
 * @throws PawlError `invalid_request`
 */
export function augmentedTest(sample: Sample, { level, margin }: MarginQuestion): MarginTest | null {
  const alpha = oneSidedAlpha(level);
  requireNumber('margin', margin, { above: -1, below: 1 });
  sample.values.forEach((value, i) => {
    requireNumber(`values.${i}`, value, { least: -1, most: 1 });
  });
  const { count, totals, weights } = unitsOf(sample);
  if (count === 0) return null;
  const typical = sum(weights) / count;
  const whole = typical * (count + 2);
  const mean = sum(totals) / whole;
  const residual = (total: number, weight: number): number => (total - weight * mean) ** 2;
  const squares =
    sum(totals.map((total, u) => residual(total, numberAt(weights, u)))) +
    residual(typical, typical) +
    residual(-typical, typical);
  const error = Math.sqrt(squares) / whole;
  const reach = -normalQuantile(alpha) * error;
  const { lower, upper } = normalTails((mean - margin) / error);
  return {
    low: Math.max(-1, mean - reach),
    high: Math.min(1, mean + reach),
    p_worse: upper,
    p_within: lower,
  };
}
