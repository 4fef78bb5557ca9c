import { requireCount, requireNumber } from './requirements.ts';
import { sum } from './sample.ts';

/** How often an item was tried, and how often it passed: up to a million times. */
export type TrialCount = { readonly trials: number; readonly passes: number };

/**
 * The chance that at least one of k trials passes, 1 − C(n − c, k) / C(n, k), without bias (Chen et al. 2021, arXiv
 * 2107.03374). Null when there are fewer than k trials.
 * @throws PawlError `invalid_request`
 */
export function passAtK({ trials, passes }: TrialCount, k: number): number | null {
  const none = passAllK({ trials, passes: trials - passes }, k);
  return none === null ? null : 1 - none;
}

/**
 * The chance that all of k trials pass, C(c, k) / C(n, k), without bias; written pass^k (Yao et al. 2024, τ-bench,
 * arXiv 2406.12045). Null when there are fewer than k trials.
 * @throws PawlError `invalid_request`
 */
export function passAllK({ trials, passes }: TrialCount, k: number): number | null {
  requireTrials({ trials, passes });
  requireNumber('k', k, { least: 1, whole: true });
  if (k > trials) return null;
  let chance = 1;
  // No more than the failures matter: C(c, k) / C(n, k) = Π (n − k − j) / (n − j) over them, when they are fewer.
  const failures = trials - passes;
  if (failures < k) {
    for (let j = 0; j < failures; j += 1) chance *= (trials - k - j) / (trials - j);
  } else {
    for (let j = 0; j < k; j += 1) chance *= (passes - j) / (trials - j);
  }
  return Math.max(0, chance);
}

/** Whether an item passed in some of its trials only. */
export function isFlaky({ trials, passes }: TrialCount): boolean {
  requireTrials({ trials, passes });
  return passes > 0 && passes < trials;
}

/**
 * The chance that two trials of an item disagree, 2·p̂(1 − p̂)·K/(K − 1), without bias. Null with fewer than two
 * trials.
 * @throws PawlError `invalid_request`
 */
export function flakeRate({ trials, passes }: TrialCount): number | null {
  requireTrials({ trials, passes });
  return trials < 2 ? null : (2 * passes * (trials - passes)) / (trials * (trials - 1));
}

/** Where the variance of item means comes from. */
export type VarianceParts = {
  /** The variance of the true item means, Var(x); 0 where the noise alone would explain what is seen. */
  readonly between_items: number;
  /** The mean variance of a single trial of an item, E[σ²]. */
  readonly within_items: number;
  /** The share of the variance of the item means that is noise of trials. Null when nothing varies. */
  readonly noise_share: number | null;
  /** How many items had the two trials that it takes. */
  readonly items: number;
};

/**
 * Splits the variance of item means by the law of total variance, Var(s̄) = Var(x) + E[σ²/K] (Miller 2024, arXiv
 * 2411.00640, section 3), each part without bias. Only items with two trials or more count. Null when there are
 * fewer than two of them.
 * @throws PawlError `invalid_request`
 */
export function varianceParts(scores: readonly (readonly number[])[]): VarianceParts | null {
  scores.forEach((trials, i) => {
    trials.forEach((score, k) => {
      requireNumber(`scores.${i}.${k}`, score);
    });
  });
  const repeated = scores.filter((trials) => trials.length >= 2);
  const items = repeated.length;
  if (items < 2) return null;
  const noise = sum(repeated.map((trials) => varianceOf(trials) / trials.length)) / items;
  const observed = varianceOf(repeated.map((trials) => sum(trials) / trials.length));
  return {
    between_items: Math.max(0, observed - noise),
    within_items: sum(repeated.map(varianceOf)) / items,
    noise_share: observed === 0 && noise === 0 ? null : Math.min(1, noise / observed),
    items,
  };
}

/** The unbiased variance of at least two numbers. */
function varianceOf(numbers: readonly number[]): number {
  const mean = sum(numbers) / numbers.length;
  return sum(numbers.map((one) => (one - mean) ** 2)) / (numbers.length - 1);
}

function requireTrials({ trials, passes }: TrialCount): void {
  requireCount('trials', trials, 1_000_000);
  requireCount('passes', passes, trials);
}
