import type { Tier } from '../core/evaluation.ts';

/** What a comparison has to show. Everything has its default filled in. */
export type GatePolicy = {
  /** The scorers that count; the first one decides what a flip is. */
  readonly metrics: readonly string[];
  /** Two-sided level of the interval, so that each side has half of the rest: 0.9 tests at 5 %. */
  readonly confidence: number;
  /** Tolerated mean damage per tier, 0 to 1; null asks nothing of that tier's intervals. */
  readonly margin: { readonly [T in Tier]: number | null };
  /** The tier of all cases together. */
  readonly overall: Tier;
  /** The tier of groups that `groups` does not name. */
  readonly default_tier: Tier;
  /** Tiers by group. A group that is named here and missing from the data is an error. */
  readonly groups: { readonly [group: string]: Tier };
  /** Fewest cases that an interval may be judged on. */
  readonly min_cases: { readonly group: number; readonly overall: number };
  /** The most cases of one group that may turn from right to wrong; null states no such rule. */
  readonly max_lost_cases: number | null;
  /** The same for all groups together. */
  readonly max_lost_total: number | null;
  /** The least part of all cases that must have a score, 0 to 1. */
  readonly min_scored: number;
};
