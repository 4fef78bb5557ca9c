import type { LiveCheck, LiveMetric } from '../../core/rollout.ts';
import { compareSequentially, confidenceSequence, type ScoreStep } from '../../stats/confidence-sequence.ts';
import { type Moments, noScores } from '../../stats/moments.ts';
import { rateSequence } from '../../stats/rate-sequence.ts';
import type { LiveEvidence } from './evidence.ts';
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
  const harms = steps.flatMap((step) => inHarm(step, metric));
  const seen = compareSequentially(harms, { alpha });
  const best = bestCase(steps, metric, alpha);
  if (!seen.enough) return { ...unknown, high: best };
  const { difference, se, n } = seen;
  const beyond = confidenceSequence({ difference: difference - margin, se, n }, { alpha });
  return {
    estimate: difference,
    low: seen.higher.low,
    high: best ?? seen.lower.high,
    p: beyond.higher.p,
  };
}

/**
 * A step in which a higher mean is worse, and a difference is harm. A ratio c / b − 1 has the variance
 * (var c + (c / b)² var b) / b², by the delta method; so both are divided by b, and the spread of b takes c / b on top.
 */
function inHarm({ baseline, candidate }: ScoreStep, metric: LiveMetric): ScoreStep[] {
  if (isScore(metric)) return [{ baseline: negative(baseline), candidate: negative(candidate) }];
  if (!isRelative(metric)) return [{ baseline, candidate }];
  const { mean } = baseline;
  if (mean <= 0) return [];
  const ratio = candidate.mean / mean;
  return [
    {
      baseline: { n: baseline.n, mean: 1, m2: (baseline.m2 * ratio ** 2) / mean ** 2 },
      candidate: { n: candidate.n, mean: ratio, m2: candidate.m2 / mean ** 2 },
    },
  ];
}

/**
 * Where nobody of the canary has failed, or each of its scores is the best, its spread is not known, and to take it as 0
 * would be rash. But harm has a bound: it is at most what the canary's own rate of misses can be after so many units
 * without one. Null elsewhere.
 */
function bestCase(steps: readonly ScoreStep[], metric: LiveMetric, alpha: number): number | null {
  if (isRelative(metric)) return null;
  const best = isScore(metric) ? 1 : 0;
  const canary = steps.map(({ candidate }) => candidate);
  if (!canary.every(({ n, mean, m2 }) => n === 0 || (mean === best && m2 === 0))) return null;
  const trials = canary.reduce((sum, { n }) => sum + n, 0);
  return rateSequence({ successes: 0, trials }, { alpha, decide_at: 100 })?.high ?? null;
}

function stepsOf(evidence: LiveEvidence, metric: LiveMetric): ScoreStep[] {
  return evidence.cells.map(({ control, canary }) => ({
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
