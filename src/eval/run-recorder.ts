import type { Handle, Store } from '../store/dialect.ts';
import { countEvalRun, type EvalResultRow, putEvalResults } from '../store/eval-runs.ts';
import type { RunCounts } from './result.ts';
import type { ScoreSheet, StoredOutcome } from './stored-result.ts';

/** One case in one epoch, ready to be remembered. */
export type NewResult = {
  readonly row: EvalResultRow;
  readonly sheet: ScoreSheet | null;
  readonly outcome: StoredOutcome | null;
  /** Whether an earlier attempt had written down that the session broke. */
  readonly had_error: boolean;
};

/** Somebody else has said what becomes of the run: it was canceled, or taken on by another process. */
export class SupersededError extends Error {}

type Deps = {
  readonly store: Store;
  readonly run: { readonly id: string; readonly attempt: number };
  readonly counts: RunCounts;
  /** Whether answers have been paid for by somebody else, so that only scores cost something here. */
  readonly replays: boolean;
  /** Called once a result is on disk: `error` is one without an answer, which may be tried again. */
  readonly onResult: (outcome: 'done' | 'error') => void;
  /** Called after each commit. */
  readonly onCommit: () => void;
};

/**
 * Writes results as they come: those that arrive while a commit is under way go together into the next one. The
 * counts are in the same transaction, so that they are right whatever crashes.
 */
export function createRecorder({ store, run, counts: first, replays, onResult, onCommit }: Deps) {
  let counts = first;
  let pending: {
    readonly rows: readonly EvalResultRow[];
    readonly count: (counts: RunCounts) => RunCounts;
    readonly done: () => void;
    readonly failed: (error: unknown) => void;
  }[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    writing = true;
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      const next = batch.reduce((sum, { count }) => count(sum), counts);
      try {
        await store.write((tx) =>
          commit(
            tx,
            batch.flatMap(({ rows }) => rows),
            next,
          ),
        );
        counts = next;
        for (const { done } of batch) done();
        onCommit();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    writing = false;
  }

  async function commit(tx: Handle, rows: readonly EvalResultRow[], next: RunCounts): Promise<void> {
    await putEvalResults(tx, rows);
    const ours = await countEvalRun(tx, { ...run, counts: JSON.stringify(next) });
    if (!ours) throw new SupersededError(`Eval run ${run.id} has been taken on elsewhere`);
  }

  function write(rows: readonly EvalResultRow[], count: (counts: RunCounts) => RunCounts): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    pending.push({ rows, count, done: resolve, failed: reject });
    if (!writing) void writeAll();
    return promise;
  }

  return {
    /** Resolves once the result is on disk. Rejects with SupersededError, or with what the store says. */
    async add(result: NewResult): Promise<void> {
      await write([result.row], (sum) => countIn(sum, result, replays));
      onResult(result.row.status === 'error' ? 'error' : 'done');
    },
    /** Counts what was paid for something that is no result; null is a price that is not known. As `add` does. */
    pay: (cost_usd: number | null): Promise<void> =>
      write([], (sum) => ({ ...sum, cost_usd: addCost(sum.cost_usd, cost_usd) })),
    get counts(): RunCounts {
      return counts;
    },
  };
}

export type Recorder = ReturnType<typeof createRecorder>;

/** The counts with one more result in them. */
function countIn(
  counts: RunCounts,
  { row, sheet, outcome, had_error }: NewResult,
  replays: boolean,
): RunCounts {
  const errors = counts.errors - (had_error ? 1 : 0) + (row.status === 'error' ? 1 : 0);
  if (sheet === null || outcome === null) return { ...counts, errors };
  const { usage, cost_usd, served_by } = outcome.outcome;
  const reused = outcome.reused_from !== null;
  const paid = reused || replays;
  return {
    ...counts,
    errors,
    done: counts.done + 1,
    reused: counts.reused + (reused ? 1 : 0),
    usage: paid ? counts.usage : addUsage(counts.usage, usage),
    cost_usd: Object.values(sheet.scores).reduce(
      (sum, score) => (score.cost_usd === undefined ? sum : addCost(sum, score.cost_usd)),
      paid ? counts.cost_usd : addCost(counts.cost_usd, cost_usd),
    ),
    served_by: { ...counts.served_by, [served_by]: (counts.served_by[served_by] ?? 0) + 1 },
    scores: addScores(counts.scores, sheet),
  };
}

function addUsage(total: RunCounts['usage'], more: RunCounts['usage']): RunCounts['usage'] {
  return {
    input_tokens: total.input_tokens + more.input_tokens,
    output_tokens: total.output_tokens + more.output_tokens,
    cache_read_tokens: total.cache_read_tokens + more.cache_read_tokens,
    cache_write_tokens: total.cache_write_tokens + more.cache_write_tokens,
  };
}

/** Once one price is not known, neither is the sum. */
function addCost(total: number | null, more: number | null): number | null {
  return total === null || more === null ? null : total + more;
}

function addScores(totals: RunCounts['scores'], sheet: ScoreSheet): RunCounts['scores'] {
  const next = { ...totals };
  const none = { sum: 0, count: 0, unscored: 0 };
  for (const [name, { value }] of Object.entries(sheet.scores)) {
    const { sum, count, unscored } = (Object.hasOwn(next, name) ? next[name] : undefined) ?? none;
    next[name] =
      value === null
        ? { sum, count, unscored: unscored + 1 }
        : { sum: sum + value, count: count + 1, unscored };
  }
  return next;
}
