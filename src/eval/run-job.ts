import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Recording } from '../core/evaluation.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Metrics } from '../core/telemetry.ts';
import { isBrokenOff } from '../queue/puller.ts';
import { findDatasetRevision } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import { type EvalRunRow, updateEvalRun } from '../store/eval-runs.ts';
import { findEvalRevision } from '../store/evals.ts';
import type { Case } from './case.ts';
import { feedCases } from './case-feed.ts';
import type { Datasets } from './dataset/datasets.ts';
import type { EvalDefinition } from './definition.ts';
import type { Answer, Endpoint } from './endpoint.ts';
import { EndpointError } from './endpoint-error.ts';
import type { OpenEndpoint } from './endpoint-threads.ts';
import { evalEnvironment } from './endpoints.ts';
import { createMeasurements, type Measurements } from './judge-agreement.ts';
import { createPace } from './pace.ts';
import { patientEndpoint } from './patient-ask.ts';
import type { RunCounts, RunPlan } from './result.ts';
import { type PreparedRun, planRun } from './run-plan.ts';
import { createRecorder, type Recorder, SupersededError } from './run-recorder.ts';
import { RunStoppedError } from './run-stopped.ts';
import { carryOut, requireAffordable } from './runner.ts';
import type { RunJob } from './runs.ts';
import type { ContextFields, ScorerContext } from './scorers/context.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly ids: Ids;
  readonly datasets: Datasets;
  readonly openEndpoint: (name: string | null, onThrottled: () => void) => OpenEndpoint;
  /** Who serves a model at an endpoint, as far as that is known before it is asked. */
  readonly servedBy: (name: string | null, model: string) => string | null;
  readonly scorerContext: (run: ContextFields) => ScorerContext;
  /** The answer that a case was recorded with. */
  readonly replay: (one: Case, of: Recording) => Promise<Answer>;
  readonly onProgress: (runId: string) => void;
  readonly pawl_version: string;
  /** Milliseconds of a clock that only runs forward. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

type WorkDeps = Deps & { readonly measurements: Measurements };

const progressEveryMs = 200;
const endTries = 6;
const endRetryMs = 250;

/** What it takes to carry a run out from where it is to its end. */
export function createRunJob(deps: Deps): RunJob {
  const { store, clock, log } = deps;
  const measurements = createMeasurements(store);

  /** Writes how a run ended; a database that is away for a moment is waited for, or the run would never be over. */
  async function end(row: EvalRunRow, changes: Partial<EvalRunRow>, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await store.write((tx) => updateEvalRun(tx, row, changes));
        return;
      } catch (error) {
        if (attempt >= endTries || signal.aborted) throw error;
        await deps.wait(endRetryMs * 2 ** (attempt - 1), signal).catch(() => {});
      }
    }
  }

  return async (row, signal) => {
    try {
      await work({ ...deps, measurements }, row, signal);
      await end(row, { status: 'completed', ended_at: formatTime(clock.now()) }, signal);
    } catch (thrown) {
      // A run that is let go may fail in any way while it ends.
      const error: unknown = signal.aborted ? signal.reason : thrown;
      if (error instanceof SupersededError) return;
      const stopped = isBrokenOff(error);
      const changes: Partial<EvalRunRow> = stopped
        ? { status: 'pending' }
        : { status: 'failed', error: sentenceOf(error), ended_at: formatTime(clock.now()) };
      if (!stopped && !isExpected(error)) log.error({ err: error, eval_run: row.id }, 'An eval run failed');
      await end(row, changes, signal).catch((failure: unknown) => {
        log.error({ err: failure, eval_run: row.id }, 'The end of an eval run could not be written');
      });
    }
  };
}

async function work(deps: WorkDeps, row: EvalRunRow, signal: AbortSignal): Promise<void> {
  const { store, now, wait } = deps;
  const { recorded } = row;
  const definition = await definitionOf(deps, row);
  const pace = createPace({ most: definition.concurrency, now });
  // Places of their own: cases keep theirs while they are judged, and would wait for each other.
  const judgePace = createPace({ most: definition.concurrency, now });
  const endpoint = deps.openEndpoint(row.endpoint, () => {
    for (const one of [pace, judgePace])
      one.tell({ type: 'throttled', now: now(), began: now(), retry_after_ms: null });
  });
  let prepared: PreparedRun | null = null;
  try {
    const recorder = createRecorder({
      store,
      run: { id: row.id, attempt: row.attempt },
      counts: JSON.parse(row.counts) as RunCounts,
      replays: recorded !== null,
      onResult: deps.metrics.caseDone,
      onCommit: everyNowAndThen(now, () => deps.onProgress(row.id)),
    });
    const { max_attempts } = definition.limits;
    const judged = patientEndpoint(endpoint, { pace: judgePace, max_attempts, now, wait });
    prepared = await prepare({ deps, row, definition, endpoint, judged, recorder, signal });
    const feed = feedCases(store, {
      run_id: row.id,
      dataset_revision_id: row.dataset_revision_id,
      cases: prepared.plan.dataset.cases,
      epochs: row.epochs,
      setting: prepared.setting,
      fresh: row.fresh === 1,
      render: prepared.render,
    });
    await carryOut({
      run_id: row.id,
      agent: prepared.agent,
      environment_id: prepared.plan.environment_id,
      ...{ endpoint, pace, recorder, feed, now, wait, signal },
      limits: definition.limits,
      scorers: prepared.scorers,
      read: prepared.read,
      takes_tool_calls: prepared.takes_tool_calls,
      replay: recorded === null ? null : (one) => deps.replay(one, recorded),
    });
  } finally {
    await endpoint.settle().catch(() => {});
    endpoint.close();
    for (const scorer of prepared?.scorers ?? []) await scorer.close?.();
  }
}

async function prepare(given: {
  readonly deps: WorkDeps;
  readonly row: EvalRunRow;
  readonly definition: EvalDefinition;
  readonly endpoint: OpenEndpoint;
  /** The same for judges, who share places. */
  readonly judged: Endpoint;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
}): Promise<PreparedRun> {
  const { deps, row, definition, endpoint, judged, recorder, signal } = given;
  const { store } = deps;
  const dataset = await findDatasetRevision(store.db, row.dataset_revision_id);
  if (dataset === null) throw new Error(`Dataset revision ${row.dataset_revision_id} is gone`);
  // By its URL too: a name can come to stand for another endpoint.
  const endpoint_key = row.endpoint === null ? '' : `${row.endpoint}=${endpoint.base_url}`;
  const prepared = await planRun({
    ...{ definition, dataset, endpoint, store, signal },
    agent_id: row.agent_id,
    agent_version: row.agent_version,
    recorded: row.recorded,
    endpoint_key,
    knowsPriceOf: endpoint.knowsPriceOf,
    servedBy: (model) => deps.servedBy(row.endpoint, model),
    environment: () =>
      evalEnvironment({ store, now: () => formatTime(deps.clock.now()) }, { name: endpoint_key, endpoint }),
    context: deps.scorerContext({
      ...{ endpoint_name: endpoint_key, endpoint: judged },
      eval_name: definition.name,
      timeout_ms: definition.limits.scorer_timeout_ms,
    }),
    measure: async (scorer, labelled) =>
      deps.measurements.measure({
        ...{ scorer, signal, eval_id: row.eval_id, concurrency: definition.concurrency },
        pay: async (cost_usd) => {
          await recorder.pay(cost_usd);
          requireAffordable(definition.limits, recorder.counts);
        },
        revision: await deps.datasets.revision(labelled.dataset, labelled.revision),
        newRow: () => ({ id: deps.ids.next('calibration'), created_at: formatTime(deps.clock.now()) }),
      }),
    settled: row.plan === null ? null : (JSON.parse(row.plan) as RunPlan),
    pawl_version: deps.pawl_version,
  });
  if (row.plan === null) {
    await store.write((tx) => updateEvalRun(tx, row, { plan: JSON.stringify(prepared.plan) }));
  }
  return prepared;
}

async function definitionOf({ store }: Deps, row: EvalRunRow): Promise<EvalDefinition> {
  const revision = await findEvalRevision(store.db, row.eval_id, row.eval_revision);
  if (revision === null) throw new Error(`Eval ${row.eval_id} lacks revision ${row.eval_revision}`);
  return JSON.parse(revision.definition) as EvalDefinition;
}

/** Calls at most five times a second: people cannot see more, and each call costs something. */
function everyNowAndThen(now: () => number, call: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - last < progressEveryMs) return;
    last = now();
    call();
  };
}

function isExpected(error: unknown): boolean {
  if (error instanceof PawlError) return error.entry.status < 500;
  return error instanceof RunStoppedError || error instanceof EndpointError;
}

/** What a failed run says of itself; what nobody expected is in the log alone. */
function sentenceOf(error: unknown): string {
  if (isExpected(error) && error instanceof Error) return error.message;
  return 'Something went wrong on the server; its log says what.';
}
