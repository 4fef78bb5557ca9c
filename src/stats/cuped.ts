import { addScore, type Moments, mergeMoments, momentsOf, noScores } from './moments.ts';
import { numberAt } from './number-at.ts';
import { requireThat } from './requirements.ts';

/** The scores of a version, and for each what was known of the same user before; both columns have the same length. */
export type CovariedScores = {
  readonly scores: readonly number[];
  /** For agents: the user's score under an earlier version. Nothing that the version could have changed. */
  readonly covariates: readonly number[];
};

/** Scores from which was taken what the covariate had foretold. */
export type AdjustedScores = {
  /** θ: how much a score rises with the covariate. */
  readonly theta: number;
  /** ρ: the correlation of scores and covariates within the versions. */
  readonly correlation: number;
  /** 1 − ρ²: what is left of the variance of the scores. */
  readonly variance_left: number;
  readonly baseline: Moments;
  readonly candidate: Moments;
};

/**
 * Scores less θ·(X − X̄), which have the same mean in the long run and a smaller variance (Deng, Xu, Kohavi & Walker
 * 2013, WSDM, "CUPED"): θ = Cov(X, Y) / Var(X) within versions, and X̄ is the mean of all covariates. The moments are to
 * be compared as others are. Null when the covariates or the scores within a version are all alike.
 * @throws PawlError `invalid_request`
 */
export function cuped(data: {
  readonly baseline: CovariedScores;
  readonly candidate: CovariedScores;
}): AdjustedScores | null {
  const arms = [data.baseline, data.candidate].map(sumsOf);
  const total = (part: (arm: Sums) => number): number => arms.reduce((sum, arm) => sum + part(arm), 0);
  const scatter = total(({ covariates }) => covariates.m2);
  const spread = total(({ scores }) => scores.m2);
  if (scatter === 0 || spread === 0) return null;
  const together = total(({ products }) => products);
  const theta = together / scatter;
  const correlation = Math.max(-1, Math.min(1, together / (Math.sqrt(scatter) * Math.sqrt(spread))));
  const centre = arms.map(({ covariates }) => covariates).reduce(mergeMoments, noScores).mean;
  const adjusted = ({ scores, covariates }: CovariedScores): Moments =>
    scores.reduce(
      (moments, score, i) => addScore(moments, score - theta * (numberAt(covariates, i) - centre)),
      noScores,
    );
  return {
    theta,
    correlation,
    variance_left: (1 - correlation) * (1 + correlation),
    baseline: adjusted(data.baseline),
    candidate: adjusted(data.candidate),
  };
}

type Sums = { readonly scores: Moments; readonly covariates: Moments; readonly products: number };

function sumsOf({ scores, covariates }: CovariedScores): Sums {
  requireThat(covariates.length === scores.length, 'covariates: must have an entry for each score');
  const sums = { scores: momentsOf(scores), covariates: momentsOf(covariates) };
  const products = scores.reduce(
    (sum, score, i) => sum + (score - sums.scores.mean) * (numberAt(covariates, i) - sums.covariates.mean),
    0,
  );
  return { ...sums, products };
}
