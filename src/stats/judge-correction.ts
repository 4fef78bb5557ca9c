import { agreement, type JudgeTable } from './agreement.ts';
import { binomialPmf } from './binomial.ts';
import { countUpTo } from './first-where.ts';
import { type Interval, oneSidedAlpha } from './interval.ts';
import { normalQuantile } from './normal.ts';
import { numberAt } from './number-at.ts';
import { type Proportion, requireProportion } from './proportion.ts';
import { createRandom, type Random, randomShare } from './random.ts';
import { requireNumber } from './requirements.ts';

/** What people would have said, with its interval, or the reason why the judge cannot tell. */
export type Corrected =
  | ({ readonly status: 'corrected'; readonly value: number } & Interval)
  | { readonly status: 'refused'; readonly reason: string };

/** The level of the interval, and the seed of its resamples. */
export type CorrectionOptions = { readonly level: number; readonly seed: number };

/** A judge whose two rates add up to no more is too close to a coin, for which the sum is 1. */
const leastRateSum = 1.2;
const resamples = 10_000;

/**
 * The share that people would have passed, (observed + TNR − 1) / (TPR + TNR − 1), cut off at 0 and 1 (Rogan & Gladen 1978,
 * Am J Epidemiol 107:71). The interval comes from resampling the observed share and both rates of the judge, each
 * from (x + ½) / (n + 1), so that a judge who was right ten times out of ten is not taken for perfect.
 * @throws PawlError `invalid_request`
 */
export function correctedRate(
  table: JudgeTable,
  observed: Proportion,
  { level, seed }: CorrectionOptions,
): Corrected {
  requireProportion(observed);
  requireNumber('trials', observed.trials, { least: 1, most: 1_000_000 });
  const random = createRandom(seed);
  const draw = shareSampler(observed, random);
  return correct(table, {
    point: ({ tnr, gain }) => (observed.successes / observed.trials + tnr - 1) / gain,
    draw: ({ tnr, gain }) => (draw() + tnr - 1) / gain,
    least: 0,
    level,
    random,
  });
}

/**
 * The difference of two shares that people would have seen, where the same judge saw this one: difference / (TPR + TNR −
 * 1), cut off at −1 and 1. The observed difference is resampled from a normal distribution, the judge as above.
 * @throws PawlError `invalid_request`
 */
export function correctedDifference(
  table: JudgeTable,
  { difference, se }: { readonly difference: number; readonly se: number },
  { level, seed }: CorrectionOptions,
): Corrected {
  requireNumber('difference', difference, { least: -1, most: 1 });
  requireNumber('se', se, { least: 0 });
  const random = createRandom(seed);
  return correct(table, {
    point: ({ gain }) => difference / gain,
    draw: ({ gain }) => (difference + se * normalQuantile(randomShare(random) + 2 ** -33)) / gain,
    least: -1,
    level,
    random,
  });
}

/** The judge's true negative rate, and how much of a difference comes through: TPR + TNR − 1. */
type Judge = { readonly tnr: number; readonly gain: number };

type Correction = {
  readonly point: (judge: Judge) => number;
  /** The same for one resample. */
  readonly draw: (judge: Judge) => number;
  /** The smallest value there is; the largest is 1. */
  readonly least: number;
  readonly level: number;
  readonly random: Random;
};

function correct(table: JudgeTable, { point, draw, least, level, random }: Correction): Corrected {
  const alpha = oneSidedAlpha(level);
  const { true_positive_rate: tpr, true_negative_rate: tnr } = agreement(table, level);
  if (tpr === null || tnr === null) {
    const missing = tpr === null ? 'passed' : 'failed';
    return {
      status: 'refused',
      reason: `the judge was compared with people on no answer that they ${missing}`,
    };
  }
  const rateSum = tpr.rate + tnr.rate;
  if (rateSum <= leastRateSum) {
    const reason = `the judge's true positive and true negative rates add up to ${rateSum.toFixed(3)}; more than ${leastRateSum} are needed`;
    return { status: 'refused', reason };
  }
  const cut = (value: number): number => Math.max(least, Math.min(1, value));
  const value = cut(point({ tnr: tnr.rate, gain: rateSum - 1 }));
  const drawTpr = shareSampler(
    { successes: table.both_pass, trials: table.both_pass + table.human_only },
    random,
  );
  const drawTnr = shareSampler(
    { successes: table.both_fail, trials: table.both_fail + table.judge_only },
    random,
  );
  const sorted = Float64Array.from({ length: resamples }, (_, i) => {
    const judge = { tnr: drawTnr(), gain: drawTpr() };
    const gain = judge.gain + judge.tnr - 1;
    // A judge no better than a coin leaves everything open.
    return gain > 0 ? cut(draw({ tnr: judge.tnr, gain })) : i % 2 === 0 ? least : 1;
  }).sort();
  const beyond = Math.ceil(alpha * (resamples + 1)) - 2;
  return {
    status: 'corrected',
    value,
    low: Math.min(value, numberAt(sorted, beyond)),
    high: Math.max(value, numberAt(sorted, resamples - 1 - beyond)),
  };
}

/** Draws shares as they would come out again, by inverting the cumulative chances of the counts. */
function shareSampler({ successes, trials }: Proportion, random: Random): () => number {
  const rate = (successes + 0.5) / (trials + 1);
  const centre = trials * rate;
  // What lies beyond twelve standard deviations and a dozen is not drawn in 10 000 times.
  const reach = 12 * Math.sqrt(centre * (1 - rate)) + 12;
  const first = Math.max(0, Math.floor(centre - reach));
  const last = Math.min(trials, Math.ceil(centre + reach));
  let below = 0;
  const cumulative = Float64Array.from({ length: last - first }, (_, i) => {
    below += binomialPmf(first + i, { trials, rate });
    return below;
  });
  return () => (first + countUpTo(cumulative, randomShare(random))) / trials;
}
