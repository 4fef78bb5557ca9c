import type { Moments } from './moments.ts';
import { requireNumber } from './requirements.ts';

/** The scores of both versions while the weights stayed the same. */
export type ScoreStep = { readonly baseline: Moments; readonly candidate: Moments };

/** What a confidence sequence is to hold, and when it is to be narrowest. */
export type SequenceDesign = {
  /** The chance that the truth is ever left out, above 0 and below 0.5; of each side where a limit stands alone. 0.05. */
  readonly alpha?: number;
  /** The number of sessions after which one expects to decide. It has to be chosen beforehand. 1000. */
  readonly decide_at?: number;
};

/**
 * From how many scores of each version a step counts, at least 2: 50. That is early for scores with a long tail. In
 * simulations of canaries of 5 to 10 % with rates of 90 % or lognormal costs, one limit alone was then wrong in 8 to 11 %
 * of rollouts on the side away from the tail, and in 5 to 6 % from 100 scores on; on the side of the tail, where harm to a
 * high rate and to a cost lies, in less than 1 %.
 */
export type EnoughScores = { readonly min_scores?: number };

/** A difference with its standard error after so many sessions in all. */
export type StandardisedDifference = {
  readonly difference: number;
  /** Above 0. */
  readonly se: number;
  readonly n: number;
};

/**
 * What may be said of a difference at any look. The p-values belong to "the difference is 0", "… is at most 0" and "… is
 * at least 0", and agree with the limits: p < α exactly when 0 lies outside. The smallest p of all looks is a p as well,
 * and so are the innermost limits.
 */
export type SequenceLimits = {
  readonly two_sided: { readonly low: number; readonly high: number; readonly p: number };
  /** Whether the candidate's mean is higher: a lower limit alone. */
  readonly higher: { readonly low: number; readonly p: number };
  /** Whether it is lower: an upper limit alone. */
  readonly lower: { readonly high: number; readonly p: number };
};

/** Two means compared at a look, or the reason why that is too early. */
export type SequenceComparison =
  | ({ readonly enough: true } & StandardisedDifference & SequenceLimits)
  | { readonly enough: false; readonly n: number; readonly reason: string };

/**
 * The mean score of the candidate less that of the baseline, watched continuously (Waudby-Smith, Arbour, Sinha, Kennedy &
 * Ramdas 2024, Ann Stat 52:2613, arXiv 2103.06476). Only steps with enough scores of each version count, n being their
 * scores. The differences of steps are weighted by their scores: pooling the scores instead would take what changed over
 * time, while the weights did too, for a difference of the versions.
 * @throws PawlError `invalid_request`
 */
export function compareSequentially(
  steps: readonly ScoreStep[],
  { min_scores = 50, ...design }: SequenceDesign & EnoughScores = {},
): SequenceComparison {
  requireNumber('min_scores', min_scores, { least: 2, whole: true });
  const counted = steps.filter((step) => step.baseline.n >= min_scores && step.candidate.n >= min_scores);
  const n = counted.reduce((total, { baseline, candidate }) => total + baseline.n + candidate.n, 0);
  if (n === 0) {
    const reason = `a step needs ${min_scores} scores of each version to count; none has as many`;
    return { enough: false, n, reason };
  }
  let difference = 0;
  let squaredError = 0;
  for (const { baseline, candidate } of counted) {
    const share = (baseline.n + candidate.n) / n;
    difference += share * (candidate.mean - baseline.mean);
    squaredError += share ** 2 * (squaredErrorOf(baseline) + squaredErrorOf(candidate));
  }
  if (squaredError === 0) {
    return {
      enough: false,
      n,
      reason: 'all scores of a version are alike, which tells nothing of their spread',
    };
  }
  const standardised = { difference, se: Math.sqrt(squaredError), n };
  return { enough: true, ...standardised, ...confidenceSequence(standardised, design) };
}

/**
 * The asymptotic confidence sequence at a look. With ρ = √((−2 ln α + ln(1 − 2 ln α)) / decide_at) and k = nρ², its half
 * width is se · √(2(k + 1) / k · ln(√(k + 1) / α)), and p is 1/e with e = exp(k z² / 2(k + 1)) / √(k + 1), z being
 * difference / se. For a limit alone, α is 2α in ρ, and the logarithm is ln(1 + √(k + 1) / 2α).
 * @throws PawlError `invalid_request`
 */
export function confidenceSequence(
  { difference, se, n }: StandardisedDifference,
  { alpha = 0.05, decide_at = 1000 }: SequenceDesign = {},
): SequenceLimits {
  requireNumber('difference', difference);
  requireNumber('se', se, { above: 0 });
  requireNumber('n', n, { least: 1 });
  requireNumber('alpha', alpha, { above: 0, below: 0.5 });
  requireNumber('decide_at', decide_at, { least: 1, most: 1e9 });
  const both = boundary({ alpha, n, decide_at });
  const one = boundary({ alpha: 2 * alpha, n, decide_at });
  const logRoot = Math.log1p(one.k) / 2;
  const reach = se * both.reachOf(Math.log1p(both.k) / 2 - Math.log(alpha));
  const reachAlone = se * one.reachOf(Math.log1p(Math.exp(logRoot) / (2 * alpha)));
  const z = difference / se;
  // exp(x) − 1 takes the place of exp(x): ln(exp(x) − 1) = x + ln(1 − exp(−x)).
  const pAlone = (towards: number): number => {
    const x = one.exponentOf(towards);
    return towards <= 0 ? 1 : Math.min(1, Math.exp(logRoot - Math.LN2 - x - Math.log(-Math.expm1(-x))));
  };
  return {
    two_sided: {
      low: difference - reach,
      high: difference + reach,
      p: Math.min(1, Math.exp(Math.log1p(both.k) / 2 - both.exponentOf(z))),
    },
    higher: { low: difference - reachAlone, p: pAlone(z) },
    lower: { high: difference + reachAlone, p: pAlone(-z) },
  };
}

/** k = nρ² with what follows from it: the exponent of e at z, and the z at which the exponent has come to `log`. */
function boundary(asked: { alpha: number; n: number; decide_at: number }) {
  const information = -2 * Math.log(asked.alpha);
  const k = (asked.n * (information + Math.log1p(information))) / asked.decide_at;
  return {
    k,
    exponentOf: (z: number): number => ((k / (k + 1)) * z ** 2) / 2,
    reachOf: (log: number): number => Math.sqrt(((2 * (k + 1)) / k) * log),
  };
}

function squaredErrorOf({ n, m2 }: Moments): number {
  return m2 / (n - 1) / n;
}
