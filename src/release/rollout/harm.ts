import type { LiveCheck, LiveMetric } from '../../core/rollout.ts';
import {
  confidenceSequence,
  type ScoreStep,
  type StandardisedDifference,
} from '../../stats/confidence-sequence.ts';
import type { Interval } from '../../stats/interval.ts';
import { type Moments, noScores } from '../../stats/moments.ts';
import { rateSequence } from '../../stats/rate-sequence.ts';
import type { LiveEvidence, SharedUnits } from './evidence.ts';
import { momentsOfUnits, noSums } from './live-sums.ts';

/**
 * How much worse the canary is than the control: by how much its mean is higher, or for scores lower; for cost, tokens
 * and latency as a share of the control's mean.
 */
export type Harm = {
  /** The best guess; null when it is too early for one, as are the others. */
  readonly estimate: number | null;
  /** What it is at least, and at most: each is right at all looks together with a chance of 1 − alpha. */
  readonly low: number | null;
  readonly high: number | null;
  /** Always-valid p-value against "harm is within the margin". */
  readonly p: number | null;
};

const unknown: Harm = { estimate: null, low: null, high: null, p: null };

/** Cost, tokens and latency are compared by their ratio, the others by their difference. */
export function isRelative(metric: LiveMetric): boolean {
  return metric === 'cost' || metric === 'tokens' || metric === 'latency';
}

/** The harm that shows in a metric. `alpha` is the chance of being wrong, of each limit. */
export function harmOf(evidence: LiveEvidence, { metric, margin }: LiveCheck, alpha: number): Harm {
  const steps = stepsOf(evidence, metric);
  const best = isRelative(metric) ? null : bestCase(steps, metric, alpha);
  const seen = pooled(
    steps.flatMap((step) => inHarm(step, metric)),
    evidence.shared,
  );
  if (seen === null) return isRelative(metric) ? unknown : withoutSpread(steps, { metric, alpha, best });
  const { higher, lower } = confidenceSequence(seen, { alpha });
  const beyond = confidenceSequence({ ...seen, difference: seen.difference - margin }, { alpha });
  return {
    estimate: seen.difference,
    ...{ low: higher.low, high: best ?? lower.high, p: beyond.higher.p },
  };
}

type WeightedStep = ScoreStep & { readonly weight: number };

/** From how many units of each arm a step counts: the limits are those of large numbers. */
const minUnits = 50;

/**
 * The difference of all steps together, each by its share of the units; null without spread, or units. A difference within
 * each step is one that drift has no part in. Steps that share units go up and down together: where m of n₁ and n₂ units
 * are the same, the covariance of two means is at most m / √(n₁ n₂) times their standard errors, by Cauchy and Schwarz,
 * and that much is taken. Units that are control first and canary later make the difference surer, which is left out.
 */
function pooled(
  steps: readonly WeightedStep[],
  shared: readonly SharedUnits[],
): StandardisedDifference | null {
  const counted = steps.filter(
    ({ baseline, candidate }) => baseline.n >= minUnits && candidate.n >= minUnits,
  );
  const n = counted.reduce((total, { baseline, candidate }) => total + baseline.n + candidate.n, 0);
  const parts = counted.map(({ weight, baseline, candidate }) => ({
    ...{ weight, baseline, candidate, share: (baseline.n + candidate.n) / n },
    errors: { control: standardError(baseline), canary: standardError(candidate) },
  }));
  const difference = parts.reduce(
    (sum, { share, baseline, candidate }) => sum + share * (candidate.mean - baseline.mean),
    0,
  );
  let squared = parts.reduce(
    (sum, { share, errors }) => sum + share ** 2 * (errors.control ** 2 + errors.canary ** 2),
    0,
  );
  for (const { first, second, control, canary } of shared) {
    const one = parts.find(({ weight }) => weight === first);
    const other = parts.find(({ weight }) => weight === second);
    if (one === undefined || other === undefined) continue;
    const inControl =
      overlap(control, one.baseline, other.baseline) * one.errors.control * other.errors.control;
    const inCanary =
      overlap(canary, one.candidate, other.candidate) * one.errors.canary * other.errors.canary;
    squared += 2 * one.share * other.share * (inControl + inCanary);
  }
  return squared > 0 ? { difference, se: Math.sqrt(squared), n } : null;
}

function overlap(shared: number, one: Moments, other: Moments): number {
  return Math.min(1, shared / Math.sqrt(one.n * other.n));
}

function standardError({ n, m2 }: Moments): number {
  return Math.sqrt(m2 / (n - 1) / n);
}

/**
 * A step in which a higher mean is worse, and a difference is harm. A ratio c / b − 1 has the variance
 * (var c + (c / b)² var b) / b², by the delta method; so both are divided by b, and the spread of b takes c / b on top.
 */
function inHarm({ weight, baseline, candidate }: WeightedStep, metric: LiveMetric): WeightedStep[] {
  if (isScore(metric)) return [{ weight, baseline: negative(baseline), candidate: negative(candidate) }];
  if (!isRelative(metric)) return [{ weight, baseline, candidate }];
  const { mean } = baseline;
  if (mean <= 0) return [];
  const ratio = candidate.mean / mean;
  const spread = (moments: Moments, factor: number): number =>
    Math.max(moments.m2 * factor ** 2, moments.n * (leastSpread * ratio) ** 2);
  return [
    {
      weight,
      baseline: { n: baseline.n, mean: 1, m2: spread(baseline, ratio / mean) },
      candidate: { n: candidate.n, mean: ratio, m2: spread(candidate, 1 / mean) },
    },
  ];
}

/** What has no bound is not taken to spread by less than this part of its mean, even if all values are alike. */
const leastSpread = 0.01;

/**
 * Where nobody of the canary has failed, or each of its scores is the best, its spread is not known, and to take it as 0
 * would be rash. But harm has a bound: it is at most what the canary's own rate of misses can be after so many units
 * without one. Null elsewhere.
 */
function bestCase(steps: readonly ScoreStep[], metric: LiveMetric, alpha: number): number | null {
  const misses = missesOf(
    steps.map(({ candidate }) => candidate),
    metric,
  );
  if (misses === null || misses.mean > 0) return null;
  return rateOf(misses, alpha)?.high ?? null;
}

/**
 * Where all values of an arm are alike, in both arms, the rates of misses have bounds all the same, and half of alpha is
 * for each. A value between 0 and 1 counts as that part of a miss, for which the bounds hold as well: among all variables
 * with that mean, those that are 0 or 1 have the largest exponential moments.
 */
function withoutSpread(
  steps: readonly ScoreStep[],
  {
    metric,
    alpha,
    best,
  }: { readonly metric: LiveMetric; readonly alpha: number; readonly best: number | null },
): Harm {
  const control = missesOf(
    steps.map(({ baseline }) => baseline),
    metric,
  );
  const canary = missesOf(
    steps.map(({ candidate }) => candidate),
    metric,
  );
  const [of, than] = [rateOf(canary, alpha / 2), rateOf(control, alpha / 2)];
  if (control === null || canary === null || of === null || than === null) return { ...unknown, high: best };
  return {
    estimate: canary.mean - control.mean,
    ...{ low: of.low - than.high, high: best ?? of.high - than.low, p: null },
  };
}

/** How many units there are, and how much of a miss each of them is; null unless all are alike. */
function missesOf(
  arm: readonly Moments[],
  metric: LiveMetric,
): { readonly n: number; readonly mean: number } | null {
  const filled = arm.filter(({ n }) => n > 0);
  const [first] = filled;
  if (first === undefined || !filled.every(({ mean, m2 }) => mean === first.mean && m2 === 0)) return null;
  const n = filled.reduce((sum, one) => sum + one.n, 0);
  return { n, mean: isScore(metric) ? 1 - first.mean : first.mean };
}

/** The bounds of a rate of misses, rounded outwards; null when it is not known. */
function rateOf(
  misses: { readonly n: number; readonly mean: number } | null,
  alpha: number,
): Interval | null {
  if (misses === null) return null;
  const { n: trials, mean } = misses;
  const design = { alpha, decide_at: 100 };
  const low = rateSequence({ successes: Math.floor(mean * trials), trials }, design);
  const high = rateSequence({ successes: Math.ceil(mean * trials), trials }, design);
  return low === null || high === null ? null : { low: low.low, high: high.high };
}

function stepsOf(evidence: LiveEvidence, metric: LiveMetric): WeightedStep[] {
  return evidence.cells.map(({ weight, control, canary }) => ({
    weight,
    baseline: momentsOfUnits(control[metric] ?? noSums) ?? noScores,
    candidate: momentsOfUnits(canary[metric] ?? noSums) ?? noScores,
  }));
}

function negative(moments: Moments): Moments {
  return { ...moments, mean: -moments.mean };
}

function isScore(metric: LiveMetric): boolean {
  return metric.startsWith('score:');
}
