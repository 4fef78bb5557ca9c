import { betaQuantile } from './beta.ts';
import { type Interval, oneSidedAlpha } from './interval.ts';
import { normalQuantile } from './normal.ts';
import { requireCount, requireNumber } from './requirements.ts';

/** Counts of up to a thousand million; successes are at most trials. */
export type Proportion = { readonly successes: number; readonly trials: number };

/**
 * The score interval of a rate, the default for right-or-wrong items (Wilson 1927, J Am Stat Assoc 22:209). Null
 * without trials, as are the others.
 * @throws PawlError `invalid_request`
 */
export function wilson(proportion: Proportion, level: number): Interval | null {
  const z = -normalQuantile(oneSidedAlpha(level));
  requireProportion(proportion);
  const { successes, trials } = proportion;
  if (trials === 0) return null;
  const failures = trials - successes;
  const centre = successes + z ** 2 / 2;
  const reach = z * Math.sqrt((successes * failures) / trials + z ** 2 / 4);
  const whole = trials + z ** 2;
  return {
    low: successes === 0 ? 0 : Math.max(0, (centre - reach) / whole),
    high: failures === 0 ? 1 : Math.min(1, (centre + reach) / whole),
  };
}

/**
 * The exact interval of a rate: it never covers less often than it says, and mostly more often (Clopper & Pearson
 * 1934, Biometrika 26:404).
 * @throws PawlError `invalid_request`
 */
export function clopperPearson(proportion: Proportion, level: number): Interval | null {
  const alpha = oneSidedAlpha(level);
  requireProportion(proportion);
  const { successes, trials } = proportion;
  if (trials === 0) return null;
  const failures = trials - successes;
  return {
    low: successes === 0 ? 0 : betaQuantile(alpha, { a: successes, b: failures + 1 }),
    high: failures === 0 ? 1 : 1 - betaQuantile(alpha, { a: failures, b: successes + 1 }),
  };
}

/**
 * The interval between equal tails of Beta(x + ½, n − x + ½) (Brown, Cai & DasGupta 2001, Stat Sci 16:101, without their
 * change at the ends).
 * @throws PawlError `invalid_request`
 */
export function jeffreys(proportion: Proportion, level: number): Interval | null {
  const alpha = oneSidedAlpha(level);
  requireProportion(proportion);
  const { successes, trials } = proportion;
  if (trials === 0) return null;
  const failures = trials - successes;
  return {
    low: betaQuantile(alpha, { a: successes + 0.5, b: failures + 0.5 }),
    high: 1 - betaQuantile(alpha, { a: failures + 0.5, b: successes + 0.5 }),
  };
}

/**
 * The largest failure rate that is compatible with no failure in n trials: 1 − (1 − confidence)^(1/n), about 3/n at 95 %
 * (Hanley & Lippman-Hand 1983, JAMA 249:1743). Null without trials.
 * @throws PawlError `invalid_request`
 */
export function zeroFailureBound(trials: number, confidence: number): number | null {
  requireCount('trials', trials);
  requireNumber('confidence', confidence, { above: 0, below: 1 });
  return trials === 0 ? null : -Math.expm1(Math.log1p(-confidence) / trials);
}

/**
 * Lets the counts of a proportion pass.
 * @throws PawlError `invalid_request`
 */
export function requireProportion({ successes, trials }: Proportion): void {
  requireCount('trials', trials);
  requireCount('successes', successes, trials);
}
