import type { Task } from './case-feed.ts';
import type { RunLimits } from './definition.ts';
import type { AgentVersion, Endpoint } from './endpoint.ts';
import type { Pace } from './pace.ts';
import type { CaseError, RunCounts } from './result.ts';
import type { NewResult, Recorder } from './run-recorder.ts';
import { RunStoppedError } from './run-stopped.ts';
import type { Outcome, Reading, Scorer } from './score.ts';
import { scoreAll } from './scoring.ts';
import { clip, type ScoreSheet, type StoredOutcome, type StoredScore } from './stored-result.ts';

export type RunnerOptions = {
  readonly run_id: string;
  readonly agent: AgentVersion;
  readonly environment_id: string;
  readonly endpoint: Endpoint;
  readonly pace: Pace;
  readonly limits: RunLimits;
  readonly scorers: readonly Scorer[];
  readonly read: (outcome: Outcome) => Reading;
  readonly takes_tool_calls: boolean;
  readonly feed: AsyncIterable<readonly Task[]>;
  readonly recorder: Recorder;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
};

const firstRetryMs = 250;
const mostThrottles = 50;

/**
 * Carries out what is left of a run: each case and epoch in a session of its own, as many at a time as the endpoint
 * takes, each result on disk before its place is given to the next. Sessions that broke are tried again; when too
 * many break, the run stops, because its scores would say nothing.
 * @throws RunStoppedError, SupersededError, or the signal's reason.
 */
export async function carryOut(options: RunnerOptions): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const underway = new Set<Promise<void>>();
  const broken = { count: 0 };
  const launch = (work: Promise<void>, after: () => void = () => {}): void => {
    const running: Promise<void> = work
      .catch((error: unknown) => stop.abort(error))
      .finally(() => {
        underway.delete(running);
        // Only now, so that what stops the run stops it before another case is begun.
        after();
      });
    underway.add(running);
  };
  try {
    for await (const tasks of options.feed) {
      for (const task of tasks) {
        signal.throwIfAborted();
        const stored = reuse(task, options.scorers);
        if (stored !== null) {
          // Nothing is paid for here, but what waits to be written must not pile up.
          if (underway.size >= mostWaitingToBeWritten) await Promise.race(underway);
          launch(finish({ task, stored, options, signal }));
          continue;
        }
        await options.pace.enter(signal);
        launch(runTask({ task, options, broken, signal }), () => options.pace.leave());
      }
    }
    while (underway.size > 0) await Promise.all(underway);
    signal.throwIfAborted();
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(underway);
    throw stop.signal.reason ?? error;
  }
}

const mostWaitingToBeWritten = 256;

type Running = {
  readonly task: Task;
  readonly options: RunnerOptions;
  readonly broken: { count: number };
  readonly signal: AbortSignal;
};

async function runTask({ task, options, broken, signal }: Running): Promise<void> {
  requireAffordable(options);
  const answer = await askPatiently({ task, options, signal });
  if (answer.ok) {
    await finish({ task, stored: { outcome: answer.outcome, reused_from: null }, options, signal });
    // After it is on disk: what has been paid for is there for the next run.
    requireAffordable(options);
    return;
  }
  const { recorder, limits } = options;
  const outcome = JSON.stringify(answer.error satisfies CaseError);
  await recorder.add({
    row: { ...rowOf(task, options.run_id), status: 'error', scores: '{}', outcome },
    sheet: null,
    outcome: null,
    had_error: task.had_error,
  });
  broken.count++;
  if (answer.stop) throw new RunStoppedError(answer.error.message);
  if (broken.count <= limits.max_error_share * recorder.counts.total) return;
  throw new RunStoppedError(
    `The sessions of ${broken.count} of ${recorder.counts.total} cases broke, more than max_error_share ${limits.max_error_share} allows. The last one: ${answer.error.message}`,
  );
}

type Asked =
  | { readonly ok: true; readonly outcome: Outcome }
  | { readonly ok: false; readonly error: CaseError; readonly stop: boolean };

/** Asks until there is an answer, another try is pointless, or the tries are used up. */
async function askPatiently({ task, options, signal }: Omit<Running, 'broken'>): Promise<Asked> {
  const { endpoint, pace, limits, now } = options;
  let throttles = 0;
  for (let attempt = 1; ; ) {
    const began = now();
    const answer = await endpoint.ask(
      {
        agent: options.agent,
        environment_id: options.environment_id,
        text: task.message.text,
        metadata: { pawl_eval_run: options.run_id, pawl_case: task.case.id, pawl_epoch: String(task.epoch) },
        takes_tool_calls: options.takes_tool_calls,
        timeout_ms: limits.timeout_ms,
      },
      signal,
    );
    if (answer.ok) {
      pace.tell({ type: 'succeeded' });
      return answer;
    }
    if (answer.throttled !== null && ++throttles <= mostThrottles) {
      pace.tell({ type: 'throttled', now: now(), began, retry_after_ms: answer.throttled.retry_after_ms });
      pace.leave();
      // Gives the place away while the endpoint recovers, and takes it up again before the next try.
      await pace.enter(signal);
      continue;
    }
    if (answer.final !== null || attempt >= limits.max_attempts) {
      return { ok: false, error: answer.error, stop: answer.final === 'run' };
    }
    await options.wait(firstRetryMs * 2 ** (attempt - 1), signal);
    attempt++;
  }
}

type Finished = {
  readonly task: Task;
  readonly stored: Reusable;
  readonly options: RunnerOptions;
  readonly signal: AbortSignal;
};

type Reusable = {
  readonly outcome: Outcome;
  readonly reused_from: string | null;
  /** Scores that hold already, because scorers with these hashes gave them. */
  readonly scores?: ReadonlyMap<string, StoredScore>;
  readonly clipped?: boolean;
};

/** Scores an outcome and remembers both. */
async function finish({ task, stored, options, signal }: Finished): Promise<void> {
  const { outcome } = stored;
  const reading = options.read(outcome);
  const open = options.scorers.filter((scorer) => stored.scores?.get(scorer.name)?.hash !== scorer.hash);
  const fresh = await scoreAll(
    open,
    { case: task.case, outcome, reading },
    { timeout_ms: options.limits.scorer_timeout_ms, signal },
  );
  signal.throwIfAborted();
  const scores: Record<string, StoredScore> = {};
  for (const { name, hash } of options.scorers) {
    const score = fresh[name];
    const kept = stored.scores?.get(name);
    if (score !== undefined) scores[name] = { ...score, hash };
    // Its price was paid by another run.
    else if (kept !== undefined) scores[name] = { value: kept.value, reason: kept.reason, hash };
  }
  const { usage } = outcome;
  const sheet: ScoreSheet = {
    scores,
    latency_ms: outcome.latency_ms,
    cost_usd: outcome.cost_usd,
    tokens: usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
  };
  const kept: StoredOutcome = clip({ outcome, reading, reused_from: stored.reused_from });
  const result: NewResult = {
    row: {
      ...rowOf(task, options.run_id),
      status: 'done',
      scores: JSON.stringify(sheet),
      outcome: JSON.stringify(stored.clipped === true ? { ...kept, clipped: true } : kept),
    },
    sheet,
    outcome: kept,
    had_error: task.had_error,
  };
  await options.recorder.add(result);
}

function rowOf(task: Task, runId: string) {
  return {
    run_id: runId,
    position: task.position,
    epoch: task.epoch,
    case_id: task.case.id,
    case_hash: task.case_hash,
    outcome_key: task.outcome_key,
  };
}

/** What an earlier run has paid for. A reply that was kept only in part can be reused, but not scored again. */
function reuse({ reusable, case_hash }: Task, scorers: readonly Scorer[]): Reusable | null {
  if (reusable === null) return null;
  const kept = JSON.parse(reusable.outcome) as StoredOutcome;
  const sheet = JSON.parse(reusable.scores) as ScoreSheet;
  // Scores depend on the whole case, and not only on the message that was made of it.
  const holds = reusable.case_hash === case_hash;
  const scores = new Map(holds ? Object.entries(sheet.scores) : []);
  // An unscored one is worth another try.
  for (const [name, { value }] of scores) if (value === null) scores.delete(name);
  const complete = scorers.every(({ name, hash }) => scores.get(name)?.hash === hash);
  if (kept.clipped && !complete) return null;
  const reused_from = kept.reused_from ?? reusable.run_id;
  return { outcome: kept.outcome, reused_from, scores, clipped: kept.clipped };
}

function requireAffordable({ limits: { max_cost_usd }, recorder }: RunnerOptions): void {
  if (max_cost_usd === null) return;
  const { cost_usd, served_by } = recorder.counts;
  if (cost_usd === null) {
    const who = Object.keys(served_by).join(', ');
    throw new RunStoppedError(
      `max_cost_usd is set, but not every price is known; ${who} answered: set PAWL_MODEL_PRICES`,
    );
  }
  if (cost_usd <= max_cost_usd) return;
  throw new RunStoppedError(
    `The run has cost ${cost_usd.toFixed(4)} US dollars, more than max_cost_usd ${max_cost_usd}`,
  );
}

/** Counts of a run that has not begun. */
export function noCounts(total: number): RunCounts {
  return {
    ...{ total, done: 0, reused: 0, errors: 0, cost_usd: 0, served_by: {}, scores: {} },
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
  };
}
