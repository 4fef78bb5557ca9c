import { binomialAtLeast, binomialAtMost, binomialPmf } from './binomial.ts';
import { firstWhere } from './first-where.ts';
import { type Design, type FlipRates, requireFlips } from './power.ts';
import { requireNumber } from './requirements.ts';

/**
 * The exact power of the one-sided exact McNemar test: over every number of flips that is at all likely, how often
 * the harmful ones among them are significant.
 * @throws PawlError `invalid_request`
 */
export function mcnemarPower(
  plan: FlipRates & {
    /** Items with one trial each, up to 100 000. */
    readonly cases: number;
    readonly alpha: number;
  },
): number {
  const { harm_rate, benefit_rate, cases, alpha } = plan;
  requireFlips(plan);
  requireNumber('cases', cases, { least: 1, most: 100_000, whole: true });
  requireNumber('alpha', alpha, { above: 0, most: 0.5 });
  const rate = Math.min(1, harm_rate + benefit_rate);
  const centre = cases * rate;
  // Twelve standard deviations leave out less than 1e-30, and a dozen more are for the rarest flips.
  const reach = 12 * Math.sqrt(centre * (1 - rate)) + 12;
  const last = Math.min(cases, Math.ceil(centre + reach));
  const first = Math.max(0, Math.floor(centre - reach));
  let critical = firstWhere({ from: 0, to: first + 1 }, (count) => isSignificant(count, first, alpha));
  let power = 0;
  for (let flips = first; flips <= last; flips += 1) {
    if (critical <= flips) {
      const found = binomialAtLeast(critical, { trials: flips, rate: harm_rate / rate });
      power += binomialPmf(flips, { trials: cases, rate }) * found;
    }
    critical = criticalFrom(critical, flips + 1, alpha);
  }
  return Math.min(1, power);
}

/** The most flips that a plan is worth making for. */
const mostFlips = 20_000;

/**
 * The flips that it takes for a sign test to find, with the power asked for, that harm has a share `win_rate` of
 * them: the smallest number that will do. Null when 20 000 would not do.
 * @throws PawlError `invalid_request`; the share is above 0.5 and at most 1.
 */
export function flipsNeeded(winRate: number, { alpha, power, sides }: Design): number | null {
  requireNumber('win_rate', winRate, { above: 0.5, most: 1 });
  requireNumber('alpha', alpha, { above: 0, most: 0.5 });
  requireNumber('power', power, { least: 0.5, below: 1 });
  let critical = 1;
  for (let flips = 1; flips <= mostFlips; flips += 1) {
    critical = criticalFrom(critical, flips, alpha / sides);
    if (critical > flips) continue;
    const harmful = { trials: flips, rate: winRate };
    const found = binomialAtLeast(critical, harmful);
    const mistaken = sides === 2 ? binomialAtMost(flips - critical, harmful) : 0;
    if (found + mistaken >= power) return flips;
  }
  return null;
}

/**
 * The smallest number of harmful flips that is significant, or one more than all flips: what it was for one flip less,
 * or one more than that.
 */
function criticalFrom(before: number, flips: number, alpha: number): number {
  return isSignificant(before, flips, alpha) ? before : before + 1;
}

/** A p that is α itself but for its last digits counts. */
function isSignificant(count: number, flips: number, alpha: number): boolean {
  return binomialAtLeast(count, { trials: flips, rate: 0.5 }) <= alpha * (1 + 1e-12);
}
