import type { RolloutResponse } from '../../src/api/rollouts.ts';

type Check = RolloutResponse['evidence']['checks'][number];

/** Something that is watched and not known yet, but for what a test sets. */
export function liveCheck(set: Partial<Check> = {}): Check {
  return {
    ...{ metric: 'failures', margin: 0.05, kind: 'guardrail', status: 'open', alpha: 0.05, p: null },
    harm: { estimate: null, low: null, high: null },
    control: { units: 0, mean: null },
    canary: { units: 0, mean: null },
    ...set,
  };
}

/** A rollout as the server answers with it: in the first of three steps, and not looked at yet, but for what a test sets. */
export function rolloutAnswer(set: Partial<RolloutResponse> = {}): RolloutResponse {
  const hold = { min_seconds: 60, min_sessions: 50, approval: false };
  return {
    ...{ type: 'rollout', id: 'roll_a', agent_id: 'agent_a', alias: 'production', promotion_id: 'promo_a' },
    ...{ baseline_version: 1, candidate_version: 2, retry_of: null, status: 'running', reason: null },
    settings: {
      steps: [
        { weight: 5, ...hold },
        { weight: 50, ...hold },
        { weight: 100, min_seconds: 0, min_sessions: 0, approval: false },
      ],
      ...{
        guardrails: [],
        signals: [],
        scorers: [],
        alpha: 0.05,
        look_seconds: 10,
        on_rollback: 'drain',
        patience_seconds: 86_400,
      },
    },
    ...{ step: 1, step_since: '2026-01-01T00:00:00Z', weight: 5, pause: null },
    started_by: { key_id: 'apikey_dan', name: 'Dan', role: 'releaser' },
    ...{ decision: null, looks: 0, last_look_at: null, next_look_at: '2026-01-01T00:00:10Z' },
    ...{ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' },
    ...{ ended_at: null, ended_by: null, end_reason: null },
    evidence: {
      ...{ sessions: [], units: { control: 0, canary: 0 }, excluded: { control: 0, canary: 0 } },
      ...{ sample_ratio: { p: 1 }, checks: [liveCheck()] },
    },
    scoring: [],
    ...set,
  };
}
