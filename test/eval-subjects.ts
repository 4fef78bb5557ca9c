import type { ComparisonResponse } from '../src/api/comparisons.ts';
import type { EvalRunResponse } from '../src/api/eval-runs.ts';
import type { GatePolicy } from '../src/eval/gate-policy.ts';
import type { RunCounts } from '../src/eval/result.ts';

/** The counts of a run of sixty sessions that has just begun, but for what a test sets. */
export function runCounts(set: Partial<RunCounts> = {}): RunCounts {
  return {
    ...{ total: 60, done: 0, reused: 0, errors: 0, cost_usd: 0, served_by: {}, scores: {} },
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
    ...set,
  };
}

/** A run as the server answers with it, but for what a test sets. */
export function evalRun(set: Partial<EvalRunResponse> = {}): EvalRunResponse {
  return {
    ...{ type: 'eval_run', id: 'erun_b', eval_id: 'eval_a', eval_name: 'triage', eval_revision: 1 },
    ...{ agent_id: 'agent_a', agent_version: 2, dataset_revision_id: 'drev_a', endpoint: null },
    ...{
      status: 'running',
      epochs: 3,
      fresh: false,
      recorded: null,
      plan: null,
      counts: runCounts(),
      error: null,
      sees: null,
    },
    ...{ created_at: '2026-01-01T00:00:00Z', started_at: null, ended_at: null },
    ...set,
  };
}

const gate: GatePolicy = {
  ...{ metrics: ['exact'], confidence: 0.9, margin: { critical: 0.02, supporting: 0.05, advisory: null } },
  ...{ overall: 'critical', default_tier: 'supporting', groups: {}, min_cases: { group: 20, overall: 50 } },
  ...{ max_lost_cases: null, max_lost_total: null, min_scored: 0.95 },
};

/** A comparison of version 2 with version 1 as the server answers with it, but for what a test sets. */
export function comparison(set: Partial<ComparisonResponse> = {}): ComparisonResponse {
  const baseline = evalRun({ id: 'erun_a', agent_version: 1 });
  return {
    ...{ type: 'comparison', id: 'cmp_a', eval_id: 'eval_a', status: 'running', baseline },
    ...{ candidate: evalRun(), gate, origin: null, verdict: null, report: null, error: null },
    ...{ created_at: '2026-01-01T00:00:00Z', ended_at: null },
    ...set,
  };
}
