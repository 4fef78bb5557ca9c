import { binomialPmf } from './binomial.ts';
import type { Interval } from './interval.ts';
import { type Proportion, requireProportion, wilson } from './proportion.ts';
import { requireCount } from './requirements.ts';

/** Two rates of independent trials. */
export type TwoProportions = { readonly first: Proportion; readonly second: Proportion };

/** A difference of two rates, first less second, with its interval. */
export type RateDifference = Interval & { readonly difference: number };

/**
 * The difference of two independent rates, with the interval from their Wilson limits (Newcombe 1998, Stat Med 17:873,
 * method 10). Null when one of them has no trials.
 * @throws PawlError `invalid_request`
 */
export function newcombe({ first, second }: TwoProportions, level: number): RateDifference | null {
  const one = wilson(first, level);
  const two = wilson(second, level);
  if (one === null || two === null) return null;
  const rate = first.successes / first.trials;
  const other = second.successes / second.trials;
  const difference = rate - other;
  return {
    difference,
    low: difference - Math.hypot(rate - one.low, two.high - other),
    high: difference + Math.hypot(one.high - rate, other - two.low),
  };
}

/** Fisher's test looks at each table in turn. */
const mostTrials = 100_000;

/**
 * Fisher's exact test that two rates are equal, two-sided: the chance, given all totals, of the tables that are no
 * likelier than this one, as R's `fisher.test` has it, likelihoods within 1e-7 counting as equal (Fisher 1935). Up to 100 000
 * trials on each side.
 * @throws PawlError `invalid_request`
 */
export function fisherExact({ first, second }: TwoProportions): number {
  requireProportion(first);
  requireProportion(second);
  requireCount('first.trials', first.trials, mostTrials);
  requireCount('second.trials', second.trials, mostTrials);
  const successes = first.successes + second.successes;
  const trials = first.trials + second.trials;
  const least = Math.max(0, successes - second.trials);
  const most = Math.min(successes, first.trials);
  // Three binomial chances with the same rate make a hypergeometric one, whatever the rate (Loader 2000).
  const rate = trials === 0 ? 0 : successes / trials;
  const whole = binomialPmf(successes, { trials, rate });
  const chance = (count: number): number =>
    (binomialPmf(count, { trials: first.trials, rate }) *
      binomialPmf(successes - count, { trials: second.trials, rate })) /
    whole;
  const limit = chance(first.successes) * (1 + 1e-7);
  let p = 0;
  for (let count = least; count <= most; count += 1) {
    const one = chance(count);
    if (one <= limit) p += one;
  }
  return Math.min(1, p);
}
