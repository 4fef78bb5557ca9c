import type { Arm, LiveCheck, LiveMetric } from '../../core/rollout.ts';
import { confidenceSequence, type StandardisedDifference } from '../../stats/confidence-sequence.ts';
import type { Interval } from '../../stats/interval.ts';
import type { Moments } from '../../stats/moments.ts';
import { rateSequence } from '../../stats/rate-sequence.ts';
import type { Cell } from './cells.ts';
import type { LiveEvidence } from './evidence.ts';
import {
  covarianceOfMeans,
  effectiveUnits,
  type LiveSums,
  momentsOfUnits,
  noProducts,
  noSums,
} from './live-sums.ts';

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

/**
 * The harm that shows in a metric. `alpha` is the chance of being wrong, of each limit. Where values may be all alike for a
 * while, limits have two sources, exact bounds first and those of large numbers afterwards, and each may be wrong. With
 * all of alpha, the upper limit alone would be so in up to nine tenths of alpha before the first miss (of a rate of 0.14 %,
 * within 1,800 units), and then once more. So each has half of alpha, and `p`, which only the second gives, counts twice.
 */
export function harmOf(evidence: LiveEvidence, { metric, margin }: LiveCheck, alpha: number): Harm {
  const sources = isRelative(metric) ? 1 : 2;
  const each = alpha / sources;
  const misses = {
    control: missesOf(evidence, 'control', metric),
    canary: missesOf(evidence, 'canary', metric),
  };
  // While no unit of the canary has missed, harm is at most what its own rate of misses can be after so many.
  const best = misses.canary?.mean === 0 ? rateOf(misses.canary, each).high : null;
  const exact = withoutSpread(misses, each);
  if (exact !== null) return { ...exact, high: best ?? exact.high };
  const seen = pooled(evidence, metric);
  if (seen === null) return { ...unknown, high: best };
  const { higher, lower } = confidenceSequence(seen, { alpha: each });
  const isSureOfMost = isRelative(metric) || (evidence.valued.canary[metric] ?? 0) >= enoughForHigh;
  const beyond = confidenceSequence({ ...seen, difference: seen.difference - margin }, { alpha: each });
  return {
    estimate: seen.difference,
    ...{
      low: higher.low,
      high: best ?? (isSureOfMost ? lower.high : null),
      p: Math.min(1, sources * beyond.higher.p),
    },
  };
}

/** The harm that shows at one weight. */
type Step = { readonly [A in Arm]: ArmOfStep } & {
  readonly weight: number;
  readonly units: number;
  readonly difference: number;
};
type ArmOfStep = {
  readonly sums: LiveSums;
  /** By how much harm changes with the mean of the arm, as an amount. */
  readonly factor: number;
  /** What the arm adds to the variance of the difference. */
  readonly variance: number;
};

/**
 * From how many units of the canary the limits of large numbers say what harm is at most, once one of them has missed. Of
 * rates near 0, fewer say too little: in simulations of 1 % against 6 % in a canary of 10 %, the upper limit was once below
 * the truth in 12 % of rollouts from 50 units on, in 10 % from 100 and in 5 % from 200.
 */
const enoughForHigh = 200;

/** From how many effective units of each arm a step counts: the limits are those of large numbers. */
const minUnits = 50;

/**
 * The harm of all steps together, each by its share of the units; null without units. A difference within each step is one
 * that drift has no part in. Steps with units in common go up and down together, so that the covariances of their means
 * count. Units that are control first and canary later make the difference surer, which is left out.
 */
function pooled({ cells, shared }: LiveEvidence, metric: LiveMetric): StandardisedDifference | null {
  const steps = cells.flatMap((cell) => stepOf(cell, metric) ?? []);
  const n = steps.reduce((sum, { units }) => sum + units, 0);
  if (n === 0) return null;
  let [difference, variance] = [0, 0];
  for (const step of steps) {
    difference += (step.units / n) * step.difference;
    variance += (step.units / n) ** 2 * (step.control.variance + step.canary.variance);
  }
  for (const pair of shared) {
    const first = steps.find(({ weight }) => weight === pair.first);
    const second = steps.find(({ weight }) => weight === pair.second);
    if (first === undefined || second === undefined) continue;
    const inArm = (arm: Arm): number => {
      const [one, other] = [first[arm], second[arm]];
      const covariance = covarianceOfMeans(pair[arm][metric] ?? noProducts, one.sums, other.sums);
      return one.factor * other.factor * covariance;
    };
    variance += (2 * first.units * second.units * (inArm('control') + inArm('canary'))) / n ** 2;
  }
  return { difference, se: Math.sqrt(variance), n };
}

/**
 * A ratio c / b − 1 has the variance (var c + (c / b)² var b) / b², by the delta method. Null with too few units, or nothing
 * to compare with.
 */
function stepOf({ weight, control, canary }: Cell, metric: LiveMetric): Step | null {
  const baseline = armOf(control[metric]);
  const candidate = armOf(canary[metric]);
  if (baseline === null || candidate === null) return null;
  const [{ n, mean: b }, { n: m, mean: c }] = [baseline.moments, candidate.moments];
  const at = { weight, units: n + m };
  if (!isRelative(metric)) {
    const difference = isScore(metric) ? b - c : c - b;
    return { ...at, difference, control: bounded(baseline), canary: bounded(candidate) };
  }
  if (b <= 0) return null;
  const ratio = c / b;
  const spread = leastSpread * Math.max(1, ratio);
  return {
    ...{ ...at, difference: ratio - 1 },
    control: spreading(baseline, { factor: ratio / b, least: spread }),
    canary: spreading(candidate, { factor: 1 / b, least: spread }),
  };
}

type Known = { readonly sums: LiveSums; readonly moments: Moments };

function armOf(sums = noSums): Known | null {
  const moments = momentsOfUnits(sums);
  return moments === null || effectiveUnits(sums) < minUnits ? null : { sums, moments };
}

/** Values from 0 to 1 spread at least as much as with one more unit that is as far away as can be. */
function bounded(known: Known): ArmOfStep {
  const { n, mean } = known.moments;
  return spreading(known, { factor: 1, least: Math.max(mean, 1 - mean) / Math.sqrt(n + 1) });
}

/** What has no bound is not taken to spread by less than this part of its mean, even if all values are alike. */
const leastSpread = 0.01;

function spreading(
  { sums, moments: { n, m2 } }: Known,
  { factor, least }: { readonly factor: number; readonly least: number },
): ArmOfStep {
  const squares = Math.max(m2 * factor ** 2, n * least ** 2);
  const effective = effectiveUnits(sums);
  return { sums, factor, variance: ((squares / n ** 2) * effective) / (effective - 1) };
}

/** How many units there are, and how much of a miss each of them is. */
type Misses = { readonly n: number; readonly mean: number };

/**
 * Where all values of an arm are alike, in both arms, their spread is not known, but the rates of misses have bounds all
 * the same; half of alpha is for each. A value between 0 and 1 counts as that part of a miss, for which the bounds hold as
 * well: among all variables with that mean, those that are 0 or 1 have the largest exponential moments. Null elsewhere.
 */
function withoutSpread(
  { control, canary }: { readonly [A in Arm]: Misses | null },
  alpha: number,
): Harm | null {
  if (control === null || canary === null) return null;
  const [of, than] = [rateOf(canary, alpha / 2), rateOf(control, alpha / 2)];
  return {
    estimate: canary.mean - control.mean,
    ...{ low: of.low - than.high, high: of.high - than.low, p: null },
  };
}

/** Null unless all are alike, and have bounds. */
function missesOf({ cells, valued }: LiveEvidence, arm: Arm, metric: LiveMetric): Misses | null {
  if (isRelative(metric)) return null;
  const all = cells.flatMap((cell) => momentsOfUnits(cell[arm][metric] ?? noSums) ?? []);
  const [first] = all;
  if (first === undefined) return null;
  if (!all.every(({ mean, m2 }) => Math.abs(mean - first.mean) < rounding && m2 === 0)) return null;
  const misses = isScore(metric) ? 1 - first.mean : first.mean;
  const mean = misses < rounding ? 0 : Math.min(1, misses);
  return { n: valued[arm][metric] ?? 0, mean };
}

/** What is left of sums out of which values were taken again. */
const rounding = 1e-9;

/** The bounds of a rate of misses, rounded outwards. */
function rateOf({ n: trials, mean }: Misses, alpha: number): Interval {
  const design = { alpha, decide_at: 100 };
  const low = rateSequence({ successes: Math.floor(mean * trials), trials }, design);
  const high = rateSequence({ successes: Math.ceil(mean * trials), trials }, design);
  return { low: low?.low ?? 0, high: high?.high ?? 1 };
}

function isScore(metric: LiveMetric): boolean {
  return metric.startsWith('score:');
}
