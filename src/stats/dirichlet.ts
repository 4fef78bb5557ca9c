import { numberAt } from './number-at.ts';
import { deviance, stirlingError } from './stirling.ts';

/** How often each of several outcomes came, what was believed of their shares before, and what is claimed of them. */
export type Tally = {
  /** From 0; they need not be whole. */
  readonly counts: readonly number[];
  /** The shape of the Dirichlet distribution that is mixed over: one number above 0 for each outcome. */
  readonly prior: readonly number[];
  /** The shares that are claimed, each above 0, adding up to 1. */
  readonly shares: readonly number[];
};

/**
 * ln M, where M says how many times likelier the outcomes are under shares drawn from the Dirichlet distribution than
 * under the claimed ones: ln B(α + n) − ln B(α) − Σ n ln θ (Good 1967, J R Stat Soc B 29:399; Lindon & Malek 2022,
 * NeurIPS, arXiv 2011.03567, for its use at every look). While the claim is true the mean of M never rises above 1.
 */
export function dirichletEvidence({ counts, prior, shares }: Tally): number {
  const after = prior.map((alpha, j) => alpha + numberAt(counts, j));
  return logOverDensity(after, shares) - logOverDensity(prior, shares);
}

/**
 * ln B(a) − Σ aⱼ ln θⱼ but for a constant, by way of Loader's form: what is large in its parts is left out of them, so
 * that counts of a thousand million do no harm.
 */
function logOverDensity(shape: readonly number[], shares: readonly number[]): number {
  const total = shape.reduce((sum, a) => sum + a, 0);
  return shape.reduce(
    (sum, a, j) => sum + deviance(a, total * numberAt(shares, j)) + stirlingError(a) - Math.log(a) / 2,
    Math.log(total) / 2 - stirlingError(total),
  );
}
