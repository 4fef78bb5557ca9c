import { oneSidedAlpha } from './interval.ts';
import { normalQuantile } from './normal.ts';
import { requireNumber, requireThat } from './requirements.ts';

/** What a plan asks of a test. */
export type Design = {
  /** The error rate, above 0 and at most 0.5. */
  readonly alpha: number;
  /** The share of real effects that the test is to find, from 0.5 to less than 1. */
  readonly power: number;
  /** Whether harm alone is looked for (1) or a difference either way (2). */
  readonly sides: 1 | 2;
};

/**
 * z_{1−α/sides} + z_power: how many standard errors an effect has to measure to be found. 2.486 for one-sided tests
 * at 5 % and 80 % power, 2.802 for two-sided ones.
 * @throws PawlError `invalid_request`
 */
export function planningFactor(design: Design): number {
  const { alpha, power } = quantilesOf(design);
  return alpha + power;
}

/** The variances that a mean of paired scores has to cope with. */
export type PairedVariance = {
  /** ω² = Var(x_A) + Var(x_B) − 2 Cov(x_A, x_B): how much the true differences vary from item to item. */
  readonly between_items: number;
  /** The mean variance of one trial of an item under the baseline. */
  readonly within_baseline: number;
  /** The same under the candidate. */
  readonly within_candidate: number;
  readonly trials_baseline: number;
  readonly trials_candidate: number;
};

/**
 * The items that it takes to see a difference of mean scores: n = factor² · (ω² + σ_A²/K_A + σ_B²/K_B) / δ² (Miller
 * 2024, arXiv 2411.00640, section 5).
 * @throws PawlError `invalid_request`
 */
export function casesForMean(variance: PairedVariance, difference: number, design: Design): number {
  requireNumber('difference', difference, { above: 0 });
  return wholeCases((planningFactor(design) / difference) ** 2 * itemVariance(variance));
}

/**
 * The smallest difference of mean scores that so many items can see; the same formula, solved for δ.
 * @throws PawlError `invalid_request`
 */
export function detectableMean(variance: PairedVariance, cases: number, design: Design): number {
  requireNumber('cases', cases, { least: 1, whole: true });
  return planningFactor(design) * Math.sqrt(itemVariance(variance) / cases);
}

/** The shares of items that flip either way; together they are above 0 and at most 1. */
export type FlipRates = { readonly harm_rate: number; readonly benefit_rate: number };

/**
 * The items with one trial that it takes for McNemar's test to see a net harm: n = (z_α √ψ + z_β √(ψ − δ²))² / δ², where
 * ψ is the share that flips and δ the net share (Miettinen 1968, Biometrics 24:339; Connor 1987, Biometrics 43:207).
 * @throws PawlError `invalid_request` also when there is no net effect.
 */
export function casesForFlips(rates: FlipRates, design: Design): number {
  return flipPlanner(design)(rates);
}

/**
 * The same for many shares under one design, whose quantiles are then found once.
 * @throws PawlError `invalid_request`, as does what it returns.
 */
export function flipPlanner(design: Design): (rates: FlipRates) => number {
  const z = quantilesOf(design);
  return ({ harm_rate, benefit_rate }) => {
    requireFlips({ harm_rate, benefit_rate });
    requireThat(harm_rate !== benefit_rate, 'harm_rate: must differ from benefit_rate');
    const flips = harm_rate + benefit_rate;
    const net = harm_rate - benefit_rate;
    return wholeCases(((z.alpha * Math.sqrt(flips) + z.power * Math.sqrt(flips - net ** 2)) / net) ** 2);
  };
}

/**
 * The smallest net share of harm that so many items can see when a share `discordance` of them flips: the same
 * formula, solved for δ. Null when they could not see it even if every flip were harmful.
 * @throws PawlError `invalid_request`
 */
export function detectableFlips(
  { cases, discordance }: { readonly cases: number; readonly discordance: number },
  design: Design,
): number | null {
  requireNumber('cases', cases, { least: 1, whole: true });
  requireNumber('discordance', discordance, { above: 0, most: 1 });
  const z = quantilesOf(design);
  const inner = cases + z.power ** 2 - z.alpha ** 2;
  if (inner < 0) return null;
  const root = z.alpha * Math.sqrt(cases) + z.power * Math.sqrt(inner);
  const net = (Math.sqrt(discordance) * root) / (cases + z.power ** 2);
  return net > discordance ? null : net;
}

/**
 * The items that it takes for the upper limit of an interval to come under a margin, n = (z_level + z_power)² s² / (M −
 * expected)²: the sample size of a non-inferiority test. Null when the damage to be expected is not under the margin,
 * for then no number of items will do.
 * @throws PawlError `invalid_request`
 */
export function casesForMargin(plan: {
  /** The standard deviation of the damage of one item, above 0; √n · SE where an estimate is at hand. */
  readonly deviation: number;
  readonly expected_damage: number;
  readonly margin: number;
  /** Of the two-sided interval. */
  readonly level: number;
  /** From 0.5: an even chance, which is what "if it goes on like this" means. */
  readonly power: number;
}): number | null {
  const { deviation, expected_damage, margin, level, power } = plan;
  requireNumber('deviation', deviation, { above: 0 });
  requireNumber('expected_damage', expected_damage);
  requireNumber('margin', margin);
  const factor = planningFactor({ alpha: oneSidedAlpha(level), power, sides: 1 });
  const room = margin - expected_damage;
  return room <= 0 ? null : wholeCases(((factor * deviation) / room) ** 2);
}

/**
 * Lets the shares of flips pass.
 * @throws PawlError `invalid_request`
 */
export function requireFlips({ harm_rate, benefit_rate }: FlipRates): void {
  requireNumber('harm_rate', harm_rate, { least: 0, most: 1 });
  requireNumber('benefit_rate', benefit_rate, { least: 0, most: 1 });
  const flips = harm_rate + benefit_rate;
  requireThat(flips > 0 && flips <= 1, 'harm_rate: must be, with benefit_rate, above 0 and at most 1');
}

function quantilesOf({ alpha, power, sides }: Design): { alpha: number; power: number } {
  requireNumber('alpha', alpha, { above: 0, most: 0.5 });
  requireNumber('power', power, { least: 0.5, below: 1 });
  return { alpha: -normalQuantile(alpha / sides), power: normalQuantile(power) };
}

function itemVariance(variance: PairedVariance): number {
  for (const field of ['between_items', 'within_baseline', 'within_candidate'] as const) {
    requireNumber(field, variance[field], { least: 0 });
  }
  for (const field of ['trials_baseline', 'trials_candidate'] as const) {
    requireNumber(field, variance[field], { least: 1, whole: true });
  }
  const { between_items, within_baseline, within_candidate, trials_baseline, trials_candidate } = variance;
  return between_items + within_baseline / trials_baseline + within_candidate / trials_candidate;
}

/** Rounds up; a result that is whole but for its last digits stays what it is. */
function wholeCases(cases: number): number {
  return Math.max(1, Math.ceil(cases * (1 - 1e-12)));
}
