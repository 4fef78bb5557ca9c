import { contentHash } from '../core/canonical.ts';
import type { Json } from '../core/evaluation.ts';
import { agreement, type JudgeTable } from '../stats/agreement.ts';
import { findCalibration, insertCalibration } from '../store/comparisons.ts';
import { type DatasetRevisionRow, readCases } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import type { Case } from './case.ts';
import type { JudgeAgreement } from './gate-report.ts';
import { RunStoppedError } from './run-stopped.ts';
import type { Outcome, Scorer } from './score.ts';
import { scoreAll } from './scoring.ts';

/** What a judge's agreement with people was measured to be, and on what. */
export type MeasuredAgreement = JudgeAgreement & {
  readonly table: JudgeTable;
  /** Replies that the judge left unscored. */
  readonly unscored: number;
  readonly dataset_revision_id: string;
};

type Options = {
  readonly store: Store;
  readonly eval_id: string;
  readonly scorer: Scorer;
  readonly revision: Pick<DatasetRevisionRow, 'id' | 'hash' | 'cases'>;
  readonly concurrency: number;
  /** For one reply. */
  readonly timeout_ms: number;
  readonly signal: AbortSignal;
  readonly newRow: () => { readonly id: string; readonly created_at: string };
};

const mostReplies = 2000;
const level = 0.95;

/**
 * Puts labelled replies before a judge and counts how often it says what people said. A measurement holds for this
 * judge and these replies, and is not made twice.
 * @throws RunStoppedError when the replies cannot serve.
 */
export async function measureAgreement(options: Options): Promise<MeasuredAgreement> {
  const { store, eval_id, scorer, revision } = options;
  const key = contentHash({ scorer: scorer.hash, revision: revision.hash });
  const known = await findCalibration(store.db, { eval_id, kind: 'judge', key });
  if (known !== null) return JSON.parse(known.report) as MeasuredAgreement;
  if (revision.cases > mostReplies) {
    throw new RunStoppedError(
      `The labelled replies of the judge ${scorer.name} are more than ${mostReplies}`,
    );
  }
  const rows = await readCases(store.db, revision.id, { from: 0, to: revision.cases });
  const labelled = rows.map(({ body }) => readLabelled(JSON.parse(body) as Case));
  const table = { both_pass: 0, judge_only: 0, human_only: 0, both_fail: 0 };
  let unscored = 0;
  for (let from = 0; from < labelled.length; from += options.concurrency) {
    const batch = labelled.slice(from, from + options.concurrency);
    const scores = await Promise.all(batch.map(({ scored }) => scoreAll([scorer], scored, options)));
    options.signal.throwIfAborted();
    for (const [i, { passes }] of batch.entries()) {
      const value = scores[i]?.[scorer.name]?.value ?? null;
      if (value === null) unscored++;
      else if (value === 1) table[passes ? 'both_pass' : 'judge_only']++;
      else table[passes ? 'human_only' : 'both_fail']++;
    }
  }
  const { true_positive_rate, true_negative_rate, kappa } = agreement(table, level);
  if (true_positive_rate === null || true_negative_rate === null) {
    throw new RunStoppedError(
      `The labelled replies of the judge ${scorer.name} need some that people pass and some that they fail`,
    );
  }
  const measured: MeasuredAgreement = {
    tpr: true_positive_rate.rate,
    tnr: true_negative_rate.rate,
    n: labelled.length - unscored,
    kappa,
    ...{ table, unscored },
    dataset_revision_id: revision.id,
  };
  const row = { ...options.newRow(), eval_id, kind: 'judge' as const, key, report: JSON.stringify(measured) };
  await store.write((tx) => insertCalibration(tx, row));
  return measured;
}

function readLabelled(one: Case) {
  const { reply } = one.fields;
  const passes = labels.get(one.target);
  if (typeof reply !== 'string' || passes === undefined) {
    throw new RunStoppedError(
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
