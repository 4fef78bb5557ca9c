import { countBelow, countUpTo } from './first-where.ts';
import { type MarginQuestion, type MarginTest, oneSidedAlpha } from './interval.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { numberAt } from './number-at.ts';
import { createRandom } from './random.ts';
import { requireNumber } from './requirements.ts';
import { type DamageItem, damageSample, layOut, resampledDamage } from './resample.ts';
import { meanOf, type Units, unitsOf } from './sample.ts';

/** The mean damages of resampled data, and what is needed to read limits from them. */
export type Resamples = {
  /** The mean damage of the data as they are. */
  readonly mean: number;
  /** The mean damage of each resample, sorted. */
  readonly sorted: Float64Array;
  /** How the standard error changes with the mean: a sixth of the skewness of the jackknife over the units. */
  readonly acceleration: number;
  readonly seed: number;
  /** Clusters, or else items. */
  readonly units: number;
};

const mostResamples = 10_000;
const fewestResamples = 1000;
/** Bounds the work to a few tenths of a second. */
const mostDraws = 2e7;

/**
 * Resamples the mean damage the way the data came about: clusters first, items within them, then the trials of each
 * version within an item (nested bootstrap; Davison & Hinkley 1997, Bootstrap Methods, section 3.8). Drawing trials
 * again on top of items widens the interval somewhat, which is the cautious side. There are 10 000 resamples; where
 * that would take more than 20 million draws there are fewer, down to 1000. Null with fewer than two units.
 * @throws PawlError `invalid_request`
 */
export function resampleDamage(items: readonly DamageItem[], seed: number): Resamples | null {
  const random = createRandom(seed);
  const units = unitsOf(damageSample(items));
  if (units.count < 2) return null;
  const layout = layOut(items, units);
  const count = Math.max(fewestResamples, Math.min(mostResamples, Math.floor(mostDraws / layout.draws)));
  const sorted = new Float64Array(count);
  for (let r = 0; r < count; r += 1) sorted[r] = resampledDamage(layout, random);
  sorted.sort();
  return { mean: meanOf(units), sorted, acceleration: accelerationOf(units), seed, units: units.count };
}

/**
 * Percentile limits, and tests by counting (Efron 1979, Ann Stat 7:1).
 * @throws PawlError `invalid_request`
 */
export function percentileTest(resamples: Resamples, question: MarginQuestion): MarginTest {
  return readLimits(resamples, question, { bias: 0, acceleration: 0 });
}

/**
 * Limits corrected for bias and for an error that changes with the mean, and tests by the same correction (BCa;
 * Efron 1987, J Am Stat Assoc 82:171). A limit is infinite where the resamples do not reach so far.
 * @throws PawlError `invalid_request`
 */
export function bcaTest(resamples: Resamples, question: MarginQuestion): MarginTest {
  const { mean, sorted, acceleration } = resamples;
  const slack = slackOf(sorted);
  const below = countBelow(sorted, mean - slack);
  const upTo = countUpTo(sorted, mean + slack);
  const bias = normalQuantile(((below + upTo) / 2 + 0.5) / (sorted.length + 1));
  return readLimits(resamples, question, { bias, acceleration });
}

type Correction = { readonly bias: number; readonly acceleration: number };

/**
 * With B resamples, p = (1 + those on the far side of the margin) / (B + 1), and the limit is the resample at which
 * p comes to α, so that interval and tests agree to the last resample.
 */
function readLimits({ sorted }: Resamples, question: MarginQuestion, correction: Correction): MarginTest {
  const alpha = oneSidedAlpha(question.level);
  requireNumber('margin', question.margin);
  const mirrored = { bias: -correction.bias, acceleration: -correction.acceleration };
  const count = sorted.length;
  const beyond = (side: Correction): number => Math.ceil(correct(alpha, side) * (count + 1)) - 2;
  const slack = slackOf(sorted);
  const upTo = countUpTo(sorted, question.margin + slack);
  const below = countBelow(sorted, question.margin - slack);
  return {
    low: (sorted[beyond(correction)] ?? -Infinity) - slack,
    high: (sorted[count - 1 - beyond(mirrored)] ?? Infinity) + slack,
    p_worse: uncorrect((1 + upTo) / (count + 1), correction),
    p_within: uncorrect((1 + count - below) / (count + 1), mirrored),
  };
}

/** Sums in another order differ in their last digits; means that are no further apart count as equal. */
function slackOf(sorted: Float64Array): number {
  return 1e-12 * Math.max(Math.abs(numberAt(sorted, 0)), Math.abs(numberAt(sorted, sorted.length - 1)));
}

/** The share of the resamples that stands for an error rate. */
function correct(alpha: number, { bias, acceleration }: Correction): number {
  const shifted = bias + normalQuantile(alpha);
  return normalCdf(bias + shifted / Math.max(1e-9, 1 - acceleration * shifted));
}

/** The error rate that a share of the resamples stands for. */
function uncorrect(share: number, { bias, acceleration }: Correction): number {
  if (share === 1) return 1;
  const shifted = normalQuantile(share) - bias;
  return normalCdf(shifted / Math.max(1e-9, 1 + acceleration * shifted) - bias);
}

function accelerationOf({ totals, weights, count }: Units): number {
  const total = totals.reduce((sum, one) => sum + one, 0);
  const weight = weights.reduce((sum, one) => sum + one, 0);
  const left = totals.map((one, u) => (total - one) / (weight - numberAt(weights, u)));
  const centre = left.reduce((sum, one) => sum + one, 0) / count;
  const squares = left.reduce((sum, one) => sum + (centre - one) ** 2, 0);
  const cubes = left.reduce((sum, one) => sum + (centre - one) ** 3, 0);
  const acceleration = cubes / (6 * squares ** 1.5);
  // Units that all agree have none, nor can it be told where a single unit has all the weight.
  return Number.isFinite(acceleration) ? acceleration : 0;
}
