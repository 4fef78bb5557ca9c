import { augmentedTest } from './augmented.ts';
import { bcaTest, percentileTest, resampleDamage } from './bootstrap.ts';
import { type MarginQuestion, type MarginTest, twoSidedP } from './interval.ts';
import { type SignTest, signTest } from './mcnemar.ts';
import { estimateMean, type MeanEstimate, pairedCorrelation, standardErrorOf, studentTest } from './mean.ts';
import { numberAt } from './number-at.ts';
import { type SignFlip, signFlip } from './permutation.ts';
import { requireThat } from './requirements.ts';
import { gridded, largestOf, type Sample, unitsOf } from './sample.ts';
import { type SignedRank, signedRank } from './wilcoxon.ts';

/** Scores of the same items under two versions, one for each, in the same order. */
export type ScoreColumns = Omit<Sample, 'values'> & {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
};

/** Every way to ask how much worse the candidate is. Null where there is too little data to ask. */
export type PairedScores = {
  /** The mean damage: baseline less candidate, positive when the candidate is worse. */
  readonly damage: MeanEstimate;
  /** How the errors of both means and of their difference hang together. */
  readonly standard_errors: {
    readonly difference: number;
    readonly baseline: number;
    readonly candidate: number;
    readonly correlation: number | null;
  } | null;
  readonly student: (MarginTest & { readonly p_two_sided: number }) | null;
  /** Null also where damages or the margin do not lie between −1 and 1. */
  readonly augmented: MarginTest | null;
  /** Null also for more than 5000 items, where it would take long and tell nothing that Student's interval does not. */
  readonly bootstrap: {
    readonly percentile: MarginTest;
    /** A limit is null where the resamples do not reach so far. */
    readonly bca: Omit<MarginTest, 'low' | 'high'> & {
      readonly low: number | null;
      readonly high: number | null;
    };
    readonly resamples: number;
    readonly seed: number;
  } | null;
  readonly sign_flip: SignFlip | null;
  /** Of the mean damages of the units, less the margin. */
  readonly signed_rank: SignedRank | null;
  /** Of the same. */
  readonly sign_test: SignTest;
};

const mostResampled = 5000;

/**
 * Compares two columns of scores by every method for means and ranks.
 * @throws PawlError `invalid_request`
 */
export function comparePairedScores(
  { baseline, candidate, clusters, weights }: ScoreColumns,
  question: MarginQuestion & { readonly seed: number },
): PairedScores {
  const n = baseline.length;
  requireThat(candidate.length === n, `candidate: must have ${n} entries, as baseline has`);
  const sampleOf = (values: readonly number[]): Sample => ({ values, clusters, weights });
  const damages = sampleOf(baseline.map((score, i) => score - numberAt(candidate, i)));
  const damage = estimateMean(damages);
  const scale = largestOf([...baseline, ...candidate, question.margin]);
  const distances = gridded(
    unitMeans(damages).map((mean) => mean - question.margin),
    scale,
  );
  const inRange = largestOf(damages.values) <= 1 && Math.abs(question.margin) < 1;
  return {
    damage,
    standard_errors: errorsOf({
      difference: standardErrorOf(damage),
      baseline: standardErrorOf(estimateMean(sampleOf(baseline))),
      candidate: standardErrorOf(estimateMean(sampleOf(candidate))),
    }),
    student: damage.status === 'estimated' ? withTwoSidedP(studentTest(damage, question)) : null,
    augmented: inRange ? augmentedTest(damages, question) : null,
    bootstrap: n <= mostResampled ? bootstrapOf(damages, question) : null,
    sign_flip: signFlip(damages, question),
    signed_rank: signedRank(distances),
    sign_test: signTest({
      worse: distances.filter((distance) => distance > 0).length,
      better: distances.filter((distance) => distance < 0).length,
    }),
  };
}

function bootstrapOf(
  { values, clusters, weights }: Sample,
  question: MarginQuestion & { readonly seed: number },
): PairedScores['bootstrap'] {
  const items = values.map((value, i) => ({
    baseline: [value],
    candidate: [0],
    cluster: clusters?.[i],
    weight: weights?.[i],
  }));
  const resamples = resampleDamage(items, question.seed);
  if (resamples === null) return null;
  const { low, high, ...tests } = bcaTest(resamples, question);
  return {
    percentile: percentileTest(resamples, question),
    bca: { low: Number.isFinite(low) ? low : null, high: Number.isFinite(high) ? high : null, ...tests },
    resamples: resamples.sorted.length,
    seed: question.seed,
  };
}

function errorsOf(errors: {
  readonly difference: number | null;
  readonly baseline: number | null;
  readonly candidate: number | null;
}): PairedScores['standard_errors'] {
  const { difference, baseline, candidate } = errors;
  if (difference === null || baseline === null || candidate === null) return null;
  const known = { difference, baseline, candidate };
  return { ...known, correlation: pairedCorrelation(known) };
}

function unitMeans(sample: Sample): number[] {
  const { totals, weights } = unitsOf(sample);
  return Array.from(totals, (total, u) => total / numberAt(weights, u));
}

function withTwoSidedP(test: MarginTest): MarginTest & { readonly p_two_sided: number } {
  return { ...test, p_two_sided: twoSidedP(test) };
}
