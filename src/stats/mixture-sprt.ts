import { normalMixture } from './normal-mixture.ts';
import { requireNumber } from './requirements.ts';

/** Two streams of equally many scores, whose variance is known. */
export type BalancedStreams = {
  /** Scores of each stream, above 0. */
  readonly n: number;
  /** The difference of the two means less the one that is claimed. */
  readonly difference: number;
  /** The variance of a score, the same in both streams, above 0. */
  readonly variance: number;
  /** The variance of the differences that are thought likely, above 0. */
  readonly effect_variance: number;
};

/**
 * ln Λ of the mixture sequential probability ratio test (Robbins 1970, Ann Math Stat 41:1397; Johari, Koomen, Pekelis &
 * Walsh 2022, Oper Res 70:1806): with V twice the variance, Λ = √(V / (V + nτ²)) · exp(n²τ²d² / (2V(V + nτ²))). It is the
 * two-sided normal mixture with s = nd, v = nV and r = V²/τ². The p-value of all looks is 1 over the largest Λ.
 * @throws PawlError `invalid_request`
 */
export function mixtureSprt({ n, difference, variance, effect_variance }: BalancedStreams): number {
  requireNumber('n', n, { above: 0, most: 1e9 });
  requireNumber('difference', difference, { least: -1e50, most: 1e50 });
  requireNumber('variance', variance, { least: 1e-50, most: 1e50 });
  requireNumber('effect_variance', effect_variance, { least: 1e-50, most: 1e50 });
  const both = 2 * variance;
  return normalMixture({ s: n * difference, v: n * both }, { r: (both / effect_variance) * both }).two_sided;
}
