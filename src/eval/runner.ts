import { copyKey, evalRunKey } from '../core/session.ts';
import type { Case } from './case.ts';
import type { Task } from './case-feed.ts';
import type { RunLimits } from './definition.ts';
import type { AgentVersion, Answer, Endpoint } from './endpoint.ts';
import type { Pace } from './pace.ts';
import { askPatiently, type Place, takePlace } from './patient-ask.ts';
import type { CaseError, RunCounts } from './result.ts';
import type { NewResult, Recorder } from './run-recorder.ts';
import { RunStoppedError } from './run-stopped.ts';
import type { Outcome, Reading, Score, Scorer } from './score.ts';
import { scoreAll } from './scoring.ts';
import { clip, type ScoreSheet, type StoredOutcome, type StoredScore } from './stored-result.ts';

/** A scorer, and how long it may take for one case. */
export type TimedScorer = Scorer & { readonly timeout_ms: number };

export type RunnerOptions = {
  readonly run_id: string;
  readonly agent: AgentVersion;
  readonly environment_id: string;
  readonly endpoint: Endpoint;
  readonly pace: Pace;
  readonly limits: RunLimits;
  readonly scorers: readonly TimedScorer[];
  readonly read: (outcome: Outcome) => Reading;
  readonly takes_tool_calls: boolean;
  /** Gives the answer that a case was recorded with; null asks the agent. */
  readonly replay: ((one: Case) => Promise<Answer>) | null;
  readonly feed: AsyncIterable<readonly Task[]>;
  readonly recorder: Recorder;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
};

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
        if (stored?.complete === true) {
          // Nothing is paid for here, but what waits to be written must not pile up.
          if (underway.size >= mostWaitingToBeWritten) await Promise.race(underway);
          launch(finish({ task, stored, options, signal }));
          continue;
        }
        const place = await takePlace(options.pace, signal);
        launch(runTask({ task, stored, options, broken, place, signal }), place.leave);
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
  /** A reply that is there and lacks scores. */
  readonly stored: Reusable | null;
  readonly options: RunnerOptions;
  readonly broken: { count: number };
  readonly place: Place;
  readonly signal: AbortSignal;
};

async function runTask({ task, stored, options, broken, place, signal }: Running): Promise<void> {
  const { recorder, limits } = options;
  requireAffordable(limits, recorder.counts);
  const answer: Answer =
    stored === null
      ? await (options.replay?.(task.case) ?? askAgent({ task, options, place, signal }))
      : { ok: true, outcome: stored.outcome };
  if (answer.ok) {
    const given = stored ?? { outcome: answer.outcome, reused_from: null };
    await finish({ task, stored: given, options, signal });
    // After it is on disk: what has been paid for is there for the next run.
    requireAffordable(limits, recorder.counts);
    return;
  }
  const outcome = JSON.stringify(answer.error satisfies CaseError);
  await recorder.add({
    row: { ...rowOf(task, options.run_id), status: 'error', scores: '{}', outcome },
    sheet: null,
    outcome: null,
    had_error: task.had_error,
  });
  broken.count++;
  if (answer.final === 'run') throw new RunStoppedError(answer.error.message);
  if (broken.count <= limits.max_error_share * recorder.counts.total) return;
  throw new RunStoppedError(
    `The sessions of ${broken.count} of ${recorder.counts.total} cases broke, more than max_error_share ${limits.max_error_share} allows. The last one: ${answer.error.message}`,
  );
}

async function askAgent({
  task,
  options,
  place,
  signal,
}: Omit<Running, 'broken' | 'stored'>): Promise<Answer> {
  const { agent, environment_id, takes_tool_calls, limits } = options;
  const { text, copy_of } = task.message;
  return askPatiently(
    {
      ...{ agent, environment_id, takes_tool_calls },
      text,
      metadata: {
        ...{ [evalRunKey]: options.run_id, pawl_case: task.case.id, pawl_epoch: String(task.epoch) },
        ...(copy_of === null ? {} : { [copyKey]: copy_of }),
      },
      timeout_ms: limits.timeout_ms,
    },
    { ...options, max_attempts: limits.max_attempts, place, signal },
  );
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
  /** Whether every scorer has given its score. */
  readonly complete?: boolean;
  readonly clipped?: boolean;
};

/** Scores an outcome and remembers both. */
async function finish({ task, stored, options, signal }: Finished): Promise<void> {
  const { outcome } = stored;
  const reading = options.read(outcome);
  const open = options.scorers.filter((scorer) => stored.scores?.get(scorer.name)?.hash !== scorer.hash);
  const scored = { case: task.case, outcome, reading };
  const fresh = new Map(
    await Promise.all(
      open.map(async (scorer): Promise<readonly [string, Score | undefined]> => {
        const scores = await scoreAll([scorer], scored, { timeout_ms: scorer.timeout_ms, signal });
        return [scorer.name, scores[scorer.name]];
      }),
    ),
  );
  signal.throwIfAborted();
  const scores: Record<string, StoredScore> = {};
  for (const { name, hash } of options.scorers) {
    const score = fresh.get(name);
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
  return { outcome: kept.outcome, reused_from, scores, complete, clipped: kept.clipped };
}

/** @throws RunStoppedError when what a run has cost is more than it may, or is not known. */
export function requireAffordable({ max_cost_usd }: RunLimits, { cost_usd, served_by }: RunCounts): void {
  if (max_cost_usd === null) return;
  if (cost_usd === null) {
    const names = Object.keys(served_by);
    const who = names.length === 0 ? '' : ` (the agent was answered for by ${names.join(', ')})`;
    throw new RunStoppedError(
      `max_cost_usd is set, but the price of an answer, of the agent or of a judge, is not known${who}: add it to PAWL_PRICES_FILE or PAWL_MODEL_PRICES`,
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
