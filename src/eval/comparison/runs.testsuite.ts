import { defaultGate } from '../gate.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { EvalRun, RunPlan, ScoredCase, ScoredRun } from '../result.ts';
import type { Score } from '../score.ts';
import type { Runs } from './pairing.ts';

/** A case and the scores that it got on both sides, one for each epoch; null is unscored. */
export type CaseSpec = Partial<Omit<ScoredCase, 'scores'>> & {
  readonly baseline: readonly (number | null)[];
  readonly candidate: readonly (number | null)[];
};

/** The scorer that the specs are about. */
export const metric = 'exact';

/** The default gate on one metric, with what a test changes. */
export function gateOf(changes: Partial<GatePolicy> = {}): GatePolicy {
  return { ...defaultGate, metrics: [metric], ...changes };
}

/** Two completed runs over the same cases. */
export function runsOf(specs: readonly CaseSpec[]): Runs {
  return {
    baseline: runOf(specs.map(({ baseline }, i) => caseOf(i, specs[i], baseline))),
    candidate: runOf(
      specs.map(({ candidate }, i) => caseOf(i, specs[i], candidate)),
      { agent_version: 2 },
    ),
  };
}

/** A completed run of one epoch, with what a test changes. */
export function runOf(
  cases: readonly ScoredCase[],
  changes: Partial<EvalRun> & { readonly plan?: RunPlan | null } = {},
): ScoredRun {
  const epochs = cases.reduce(
    (most, one) => Math.max(most, ...Object.values(one.scores).map((s) => s.length)),
    1,
  );
  return { run: { ...evalRun, epochs, ...changes }, cases };
}

/** One side of a case. */
export function caseOf(
  position: number,
  spec: Partial<CaseSpec> | undefined,
  values: readonly (number | null)[],
): ScoredCase {
  const { baseline: _baseline, candidate: _candidate, ...rest } = spec ?? {};
  const scores: Score[] = values.map((value) => ({ value, reason: value === 1 ? null : `got ${value}` }));
  return {
    position,
    case_id: `t-${String(position + 1).padStart(2, '0')}`,
    case_hash: `hash ${position}`,
    group: null,
    cluster: null,
    weight: 1,
    must_pass: false,
    scores: { [metric]: scores },
    errors: 0,
    latency_ms: 100,
    cost_usd: null,
    tokens: 50,
    ...rest,
  };
}

/** So many cases that all score the same. */
export function cases(count: number, spec: CaseSpec): CaseSpec[] {
  return Array.from({ length: count }, () => spec);
}

/** What was settled when the run began. */
export const plan: RunPlan = {
  agent_name: 'ticket-triage',
  model: 'small-model',
  config_hash: 'c0ffee',
  environment_id: 'env_1',
  dataset: { id: 'dset_1', name: 'tickets', hash: 'd0d0', cases: 20 },
  scorers: [{ name: metric, type: 'exact', hash: 'beef', binary: true, agreement: null }],
  seed: 7,
  pawl_version: '0.2.0',
};

const evalRun: EvalRun = {
  id: 'erun_1',
  eval_id: 'eval_1',
  eval_name: 'triage',
  eval_revision: 1,
  agent_id: 'agent_1',
  agent_version: 1,
  dataset_revision_id: 'drev_1',
  endpoint: null,
  status: 'completed',
  epochs: 1,
  fresh: false,
  recorded: null,
  plan,
  counts: {
    total: 20,
    done: 20,
    reused: 0,
    errors: 0,
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
    cost_usd: null,
    served_by: { 'offline/small-model': 20 },
    scores: {},
  },
  error: null,
  sees: null,
  created_at: '2026-01-01T00:00:00Z',
  started_at: '2026-01-01T00:00:01Z',
  ended_at: '2026-01-01T00:00:02Z',
};
