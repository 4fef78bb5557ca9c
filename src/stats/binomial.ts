import { betaTails } from './beta.ts';
import { firstWhere } from './first-where.ts';
import { requireCount, requireNumber } from './requirements.ts';
import { deviance, stirlingError } from './stirling.ts';

/** Independent trials that all succeed with the same chance. */
export type Binomial = {
  /** A whole number from 0 to a thousand million. */
  readonly trials: number;
  /** From 0 to 1. */
  readonly rate: number;
};

/**
 * The chance of exactly k successes (Loader 2000, Fast and Accurate Computation of Binomial Probabilities).
 * @throws PawlError `invalid_request`
 */
export function binomialPmf(k: number, { trials, rate }: Binomial): number {
  requireBinomial(k, { trials, rate });
  if (rate === 0 || rate === 1) return k === trials * rate ? 1 : 0;
  const rest = trials - k;
  if (k === 0) return Math.exp(trials * Math.log1p(-rate));
  if (rest === 0) return Math.exp(trials * Math.log(rate));
  const errors = stirlingError(trials) - stirlingError(k) - stirlingError(rest);
  const log = errors - deviance(k, trials * rate) - deviance(rest, trials * (1 - rate));
  return Math.exp(log) * Math.sqrt(trials / (2 * Math.PI * k * rest));
}

/**
 * The chance of k successes or more, by way of the incomplete beta function; precise however small.
 * @throws PawlError `invalid_request`
 */
export function binomialAtLeast(k: number, { trials, rate }: Binomial): number {
  requireBinomial(k, { trials, rate });
  return k === 0 ? 1 : betaTails({ x: rate, y: 1 - rate }, { a: k, b: trials - k + 1 }).lower;
}

/**
 * The chance of k successes or fewer.
 * @throws PawlError `invalid_request`
 */
export function binomialAtMost(k: number, { trials, rate }: Binomial): number {
  requireBinomial(k, { trials, rate });
  return k === trials ? 1 : betaTails({ x: rate, y: 1 - rate }, { a: k + 1, b: trials - k }).upper;
}

/**
 * The exact two-sided test of a rate: the chance of all counts that are no likelier than k, as R's `binom.test`
 * has it, likelihoods within 1e-7 counting as equal.
 * @throws PawlError `invalid_request`
 */
export function binomialTest(k: number, binomial: Binomial): number {
  const { trials, rate } = binomial;
  const limit = binomialPmf(k, binomial) * (1 + 1e-7);
  const unlikely = (count: number): boolean => binomialPmf(count, binomial) <= limit;
  const mode = Math.min(trials, Math.floor((trials + 1) * rate));
  if (unlikely(mode)) return 1;
  if (k < mode) {
    const other = firstWhere({ from: mode, to: trials + 1 }, unlikely);
    const beyond = other > trials ? 0 : binomialAtLeast(other, binomial);
    return Math.min(1, binomialAtMost(k, binomial) + beyond);
  }
  const other = mode - firstWhere({ from: 0, to: mode + 1 }, (down) => unlikely(mode - down));
  const beyond = other < 0 ? 0 : binomialAtMost(other, binomial);
  return Math.min(1, binomialAtLeast(k, binomial) + beyond);
}

/**
 * The two-sided mid-p test of a rate: twice the smaller tail, of which the observed count itself enters by half
 * (Lancaster 1961, J Am Stat Assoc 56:223).
 * @throws PawlError `invalid_request`
 */
export function binomialMidP(k: number, binomial: Binomial): number {
  const tail = Math.min(binomialAtMost(k, binomial), binomialAtLeast(k, binomial));
  return Math.min(1, 2 * tail - binomialPmf(k, binomial));
}

function requireBinomial(k: number, { trials, rate }: Binomial): void {
  requireCount('trials', trials);
  requireNumber('rate', rate, { least: 0, most: 1 });
  requireCount('successes', k, trials);
}
