import { type Interval, type MarginQuestion, type MarginTest, oneSidedAlpha } from './interval.ts';
import { type PairedTable, requireTable } from './mcnemar.ts';
import { normalQuantile, normalTails } from './normal.ts';
import { wilson } from './proportion.ts';
import { requireNumber } from './requirements.ts';

/*
 * The damage is (harmful − beneficial) / items: the share of items that the candidate lost, less what it won.
 * Positive is worse. Every function gives null for a table without items.
 */

/**
 * Tango's score interval, the default for right-or-wrong items with one trial each, and the tests by the same
 * statistic (Tango 1998, Stat Med 17:891).
 * @throws PawlError `invalid_request`; the margin lies between −1 and 1.
 */
export function tango(table: PairedTable, { level, margin }: MarginQuestion): MarginTest | null {
  const z = limitOf(level);
  requireNumber('margin', margin, { above: -1, below: 1 });
  if (itemsOf(table) === 0) return null;
  const tails = normalTails(tangoScore(table, margin));
  return {
    low: -tangoUpper({ ...table, harmful: table.beneficial, beneficial: table.harmful }, z),
    high: tangoUpper(table, z),
    p_worse: tails.upper,
    p_within: tails.lower,
  };
}

/**
 * The adjusted Wald interval: one item is added to each of the two ways to differ (Bonett & Price 2012, J Educ
 * Behav Stat 37:479). Cut off at −1 and 1.
 * @throws PawlError `invalid_request`
 */
export function bonettPrice(table: PairedTable, level: number): Interval | null {
  const n = itemsOf(table);
  const { harmful, beneficial } = table;
  return n === 0
    ? null
    : simpleInterval({ harmful: harmful + 1, beneficial: beneficial + 1, n: n + 2 }, level);
}

/**
 * The simple asymptotic interval, for comparison only: it is too narrow, and has no width where no item differs.
 * Cut off at −1 and 1.
 * @throws PawlError `invalid_request`
 */
export function wald(table: PairedTable, level: number): Interval | null {
  const n = itemsOf(table);
  return n === 0 ? null : simpleInterval({ ...table, n }, level);
}

/**
 * Newcombe's square-and-add interval from the Wilson limits of both rates, with his correction of their
 * correlation (Newcombe 1998, Stat Med 17:2635, method 10).
 * @throws PawlError `invalid_request`
 */
export function newcombePaired(table: PairedTable, level: number): Interval | null {
  const n = itemsOf(table);
  const { both_right, harmful, beneficial, both_wrong } = table;
  const baseline = wilson({ successes: both_right + harmful, trials: n }, level);
  const candidate = wilson({ successes: both_right + beneficial, trials: n }, level);
  if (baseline === null || candidate === null) return null;
  const excess = both_right * both_wrong - harmful * beneficial;
  const margins =
    (both_right + harmful) * (beneficial + both_wrong) * (both_right + beneficial) * (harmful + both_wrong);
  const numerator = excess > 0 ? Math.max(excess - n / 2, 0) : excess;
  const correlation = margins === 0 ? 0 : numerator / Math.sqrt(margins);
  const reach = (down: number, up: number): number =>
    Math.sqrt(Math.max(0, down ** 2 - 2 * correlation * down * up + up ** 2));
  const rateA = (both_right + harmful) / n;
  const rateB = (both_right + beneficial) / n;
  const damage = (harmful - beneficial) / n;
  return {
    low: damage - reach(rateA - baseline.low, candidate.high - rateB),
    high: damage + reach(baseline.high - rateA, rateB - candidate.low),
  };
}

function itemsOf(table: PairedTable): number {
  requireTable(table);
  return table.both_right + table.harmful + table.beneficial + table.both_wrong;
}

function limitOf(level: number): number {
  return -normalQuantile(oneSidedAlpha(level));
}

function simpleInterval(
  { harmful, beneficial, n }: { harmful: number; beneficial: number; n: number },
  level: number,
): Interval {
  const damage = (harmful - beneficial) / n;
  const reach = limitOf(level) * Math.sqrt(((harmful + beneficial) / n - damage ** 2) / n);
  return { low: Math.max(-1, damage - reach), high: Math.min(1, damage + reach) };
}

/** Where the score has fallen to −z: it only ever falls as the damage rises from −1 to 1. */
function tangoUpper(table: PairedTable, z: number): number {
  let low = -1;
  let high = 1;
  // Ends where there is no number left between the two; the bound is that of a limit next to 0.
  for (let step = 0; step < 1100; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (tangoScore(table, middle) > -z) low = middle;
    else high = middle;
  }
  return high;
}

/** How many standard errors the observed damage lies above `damage`, were that the true one. */
function tangoScore({ both_right, harmful, beneficial, both_wrong }: PairedTable, damage: number): number {
  const n = both_right + harmful + beneficial + both_wrong;
  const distance = harmful - beneficial - n * damage;
  const linear = -harmful - beneficial + (2 * n - harmful + beneficial) * damage;
  const constant = -beneficial * damage * (1 - damage);
  // Without a constant, the square of a very small number would vanish.
  const root = constant === 0 ? Math.abs(linear) : Math.sqrt(Math.max(0, linear ** 2 - 8 * n * constant));
  // The larger root of 2n·q² + linear·q + constant, in whichever form does not cancel.
  const benefit = linear > 0 ? (-2 * constant) / (linear + root) : (root - linear) / (4 * n);
  const variance = n * (2 * benefit + damage * (1 - damage));
  if (distance === 0) return 0;
  return distance / Math.sqrt(Math.max(0, variance));
}
