import { requireNumber, requireThat } from './requirements.ts';

/**
 * Scores summed up in three numbers, which a look can add to without reading the scores before again. Plain JSON. The
 * sum of squares is kept about the mean, so that scores which are large beside their spread lose nothing.
 */
export type Moments = {
  /** How many scores there are. */
  readonly n: number;
  /** 0 when there are none. */
  readonly mean: number;
  /** Σ(x − mean)². */
  readonly m2: number;
};

/** No score at all. */
export const noScores: Moments = { n: 0, mean: 0, m2: 0 };

/** Leaves room for squares and sums. */
const mostSize = 1e50;

/**
 * The moments with one more score, of a size of at most 1e50 (Welford 1962, Technometrics 4:419).
 * @throws PawlError `invalid_request`
 */
export function addScore({ n, mean, m2 }: Moments, score: number): Moments {
  requireNumber('score', score, { least: -mostSize, most: mostSize });
  const away = score - mean;
  const moved = mean + away / (n + 1);
  return { n: n + 1, mean: moved, m2: m2 + away * (score - moved) };
}

/**
 * The moments without a score that had been added: Welford's step backwards. To correct a score, take the old one out and
 * add the new one. The error of Σ(x − mean)² is some 1e-16 of its largest value so far for each step; so what is left is
 * known to about 16 digits less those by which a removal has shrunk it: to 10 digits after an outlier of a thousand
 * standard deviations among few scores, and to none after one of a hundred million. Where that may happen, add the
 * scores anew.
 * @throws PawlError `invalid_request` also when there is no score to remove.
 */
export function removeScore({ n, mean, m2 }: Moments, score: number): Moments {
  requireNumber('score', score, { least: -mostSize, most: mostSize });
  requireThat(n >= 1, 'score: must be one of those that were added');
  if (n === 1) return noScores;
  const away = score - mean;
  const moved = mean - away / (n - 1);
  return { n: n - 1, mean: moved, m2: n === 2 ? 0 : Math.max(0, m2 - away * (score - moved)) };
}

/** The moments of two lots of scores together (Chan, Golub & LeVeque 1983, Am Stat 37:242). */
export function mergeMoments(first: Moments, second: Moments): Moments {
  if (first.n === 0) return second;
  if (second.n === 0) return first;
  const n = first.n + second.n;
  const away = second.mean - first.mean;
  return {
    n,
    mean: first.mean + (away * second.n) / n,
    m2: first.m2 + second.m2 + away ** 2 * ((first.n * second.n) / n),
  };
}

/** The moments of a column of scores. @throws PawlError `invalid_request` */
export function momentsOf(scores: readonly number[]): Moments {
  return scores.reduce(addScore, noScores);
}

/** The unbiased variance of the scores; null when there are fewer than two. */
export function varianceOf({ n, m2 }: Moments): number | null {
  return n < 2 ? null : m2 / (n - 1);
}
