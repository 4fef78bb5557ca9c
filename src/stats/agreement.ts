import type { Interval } from './interval.ts';
import { type Proportion, wilson } from './proportion.ts';
import { requireCount } from './requirements.ts';

/** A judge's verdicts against a person's, on the same answers, as counts of up to a million. */
export type JudgeTable = {
  readonly both_pass: number;
  /** The judge passed what the person failed. */
  readonly judge_only: number;
  /** The judge failed what the person passed. */
  readonly human_only: number;
  readonly both_fail: number;
};

/** A share with its Wilson interval. */
export type Share = Interval & { readonly rate: number };

/** How well a judge agrees with people. Parts are null where there is nothing to count. */
export type Agreement = {
  /** The share of answers on which both agree. */
  readonly accuracy: Share | null;
  /** Cohen's κ: agreement beyond chance. Null also when chance alone would agree always. */
  readonly kappa: number | null;
  /** Of what people pass, the share that the judge passes. */
  readonly true_positive_rate: Share | null;
  /** Of what people fail, the share that the judge fails. */
  readonly true_negative_rate: Share | null;
};

/**
 * Measures a judge against people: accuracy, κ = (p_o − p_e) / (1 − p_e) (Cohen 1960, Educ Psychol Meas 20:37), and the
 * two rates by which its verdicts are corrected.
 * @throws PawlError `invalid_request`
 */
export function agreement(table: JudgeTable, level: number): Agreement {
  for (const field of ['both_pass', 'judge_only', 'human_only', 'both_fail'] as const) {
    requireCount(field, table[field], 1_000_000);
  }
  const { both_pass, judge_only, human_only, both_fail } = table;
  const all = both_pass + judge_only + human_only + both_fail;
  const chance =
    ((both_pass + judge_only) * (both_pass + human_only) +
      (human_only + both_fail) * (judge_only + both_fail)) /
    all ** 2;
  return {
    accuracy: shareOf({ successes: both_pass + both_fail, trials: all }, level),
    kappa: all === 0 || chance === 1 ? null : ((both_pass + both_fail) / all - chance) / (1 - chance),
    true_positive_rate: shareOf({ successes: both_pass, trials: both_pass + human_only }, level),
    true_negative_rate: shareOf({ successes: both_fail, trials: both_fail + judge_only }, level),
  };
}

function shareOf(proportion: Proportion, level: number): Share | null {
  const interval = wilson(proportion, level);
  return interval === null ? null : { rate: proportion.successes / proportion.trials, ...interval };
}
