import { contentHash } from '../core/canonical.ts';
import type { Json } from '../core/evaluation.ts';
import { agreement, type JudgeTable } from '../stats/agreement.ts';
import { findCalibration, insertCalibration } from '../store/comparisons.ts';
import { type DatasetRevisionRow, readCases } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import type { Case } from './case.ts';
import type { JudgeAgreement } from './gate-report.ts';
import { RunStoppedError } from './run-stopped.ts';
import type { TimedScorer } from './runner.ts';
import type { Outcome, Score } from './score.ts';
import { scoreAll } from './scoring.ts';

/** What a judge's agreement with people was measured to be, and on what. */
export type MeasuredAgreement = JudgeAgreement & {
  readonly table: JudgeTable;
  /** Replies that the judge left unscored. */
  readonly unscored: number;
  readonly dataset_revision_id: string;
};

type Options = {
  readonly eval_id: string;
  readonly scorer: TimedScorer;
  readonly revision: Pick<DatasetRevisionRow, 'id' | 'hash' | 'cases'>;
  readonly concurrency: number;
  /** Told what a few replies have cost, in US dollars; null is a price that is not known. What it throws ends it all. */
  readonly pay: (cost_usd: number | null) => Promise<void>;
  readonly signal: AbortSignal;
  readonly newRow: () => { readonly id: string; readonly created_at: string };
};

const mostReplies = 2000;
const mostUnscored = 0.05;
const level = 0.95;

/** Measures judges. A measurement holds for this judge and these replies: it is made once, and then remembered. */
export function createMeasurements(store: Store) {
  const underway = new Map<string, Promise<MeasuredAgreement>>();

  return {
    /**
     * Puts labelled replies before a judge and counts how often it says what people said. Whoever asks for what is
     * being measured waits for it and pays nothing.
     * @throws RunStoppedError when the replies cannot serve, or the judge leaves too many of them unscored.
     */
    async measure(options: Options): Promise<MeasuredAgreement> {
      const { eval_id, scorer, revision, signal } = options;
      const key = contentHash({ scorer: scorer.hash, revision: revision.hash });
      const place = `${eval_id} ${key}`;
      for (let other = underway.get(place); other !== undefined; other = underway.get(place)) {
        await other.catch((error: unknown) => {
          // One that was stopped says nothing about the judge, and somebody else has to measure it.
          if (error instanceof UnfitError) throw error;
        });
        signal.throwIfAborted();
      }
      const work = find({ store, eval_id, key }).then((known) => known ?? measure(store, key, options));
      underway.set(place, work);
      try {
        return await work;
      } finally {
        underway.delete(place);
      }
    },
  };
}

/** The judge or its labelled replies cannot serve, whoever asks. */
class UnfitError extends RunStoppedError {}

export type Measurements = ReturnType<typeof createMeasurements>;

async function find(given: {
  store: Store;
  eval_id: string;
  key: string;
}): Promise<MeasuredAgreement | null> {
  const { store, eval_id, key } = given;
  const known = await findCalibration(store.db, { eval_id, kind: 'judge', key });
  return known === null ? null : (JSON.parse(known.report) as MeasuredAgreement);
}

async function measure(store: Store, key: string, options: Options): Promise<MeasuredAgreement> {
  const { eval_id, scorer, revision } = options;
  if (revision.cases > mostReplies) {
    throw new UnfitError(`The labelled replies of the judge ${scorer.name} are more than ${mostReplies}`);
  }
  const { table, unscored, reason } = await judgeAll(store, options);
  if (unscored > mostUnscored * revision.cases) {
    throw new UnfitError(
      `The judge ${scorer.name} left ${unscored} of ${revision.cases} labelled replies unscored, more than ${mostUnscored * 100} %, so that its agreement with people is not known. The last one: ${reason}`,
    );
  }
  const { true_positive_rate, true_negative_rate, kappa } = agreement(table, level);
  if (true_positive_rate === null || true_negative_rate === null) {
    throw new UnfitError(
      `The labelled replies of the judge ${scorer.name} need some that people pass and some that they fail`,
    );
  }
  const measured: MeasuredAgreement = {
    tpr: true_positive_rate.rate,
    tnr: true_negative_rate.rate,
    n: revision.cases - unscored,
    kappa,
    ...{ table, unscored },
    dataset_revision_id: revision.id,
  };
  const row = { ...options.newRow(), eval_id, kind: 'judge' as const, key, report: JSON.stringify(measured) };
  await store.write((tx) => insertCalibration(tx, row));
  return measured;
}

async function judgeAll(store: Store, { scorer, revision, concurrency, signal, pay }: Options) {
  const rows = await readCases(store.db, revision.id, { from: 0, to: revision.cases });
  const labelled = rows.map(({ body }) => readLabelled(JSON.parse(body) as Case));
  const table = { both_pass: 0, judge_only: 0, human_only: 0, both_fail: 0 };
  let unscored = 0;
  let reason: string | null = null;
  for (let from = 0; from < labelled.length; from += concurrency) {
    const batch = labelled.slice(from, from + concurrency);
    const judged = await Promise.all(
      batch.map(async ({ passes, scored }) => {
        const scores = await scoreAll([scorer], scored, { timeout_ms: scorer.timeout_ms, signal });
        return { passes, score: scores[scorer.name] ?? nothingSaid };
      }),
    );
    await Promise.all(judged.map(({ score: { cost_usd = 0 } }) => pay(cost_usd)));
    for (const { passes, score } of judged) {
      if (score.value === null) {
        unscored++;
        ({ reason } = score);
      } else if (score.value === 1) table[passes ? 'both_pass' : 'judge_only']++;
      else table[passes ? 'human_only' : 'both_fail']++;
    }
    signal.throwIfAborted();
  }
  return { table, unscored, reason };
}

const nothingSaid: Score = { value: null, reason: 'the judge said nothing' };

function readLabelled(one: Case) {
  const { reply } = one.fields;
  const passes = labels.get(one.target);
  if (typeof reply !== 'string' || passes === undefined) {
    throw new UnfitError(
      `Case ${one.id} of the judge's labelled replies needs a reply, which is text, and a target that is pass or fail, true or false, or 1 or 0`,
    );
  }
  const nothing = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
  const outcome: Outcome = {
    ...{ session_id: '', reply, tool_calls: [], latency_ms: 0, cost_usd: 0, served_by: '' },
    usage: nothing,
  };
  // The label must not reach the judge.
  const { reply: _, ...fields } = one.fields;
  const scored = { case: { ...one, target: one.fields['expected'] ?? null, fields }, outcome };
  return { passes, scored: { ...scored, reading: { ok: true, value: reply } as const } };
}

const labels: ReadonlyMap<Json, boolean> = new Map<Json, boolean>([
  ...(['pass', 'true', '1', 1, true] as const).map((label) => [label, true] as const),
  ...(['fail', 'false', '0', 0, false] as const).map((label) => [label, false] as const),
]);
