import type { GatePolicy } from './gate-policy.ts';

/**
 * What a gate asks unless its eval says otherwise; docs/reference/gate.md has the reason for each figure. The
 * metrics are those of the eval: its first scorer, when it names none.
 */
export const defaultGate: GatePolicy = {
  metrics: [],
  confidence: 0.9,
  margin: { critical: 0.02, supporting: 0.05, advisory: null },
  overall: 'critical',
  default_tier: 'supporting',
  groups: {},
  min_cases: { group: 20, overall: 50 },
  max_lost_cases: null,
  max_lost_total: null,
  min_scored: 0.95,
};
