import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import { type EvalResultFilter, type EvalResultRow, listEvalResultPage } from '../store/eval-runs.ts';
import type { CaseError } from './result.ts';
import type { Outcome, Reading } from './score.ts';
import type { ScoreSheet, StoredOutcome, StoredScore } from './stored-result.ts';

/** What one case came to in one epoch. */
export type EvalResult = {
  readonly run_id: string;
  readonly case_id: string;
  readonly position: number;
  readonly epoch: number;
  readonly status: 'done' | 'error';
  /** Empty when the session broke. */
  readonly scores: { readonly [scorer: string]: StoredScore };
  /** Null when the session broke, as are the next three. */
  readonly outcome: Outcome | null;
  readonly reading: Reading | null;
  /** Whether the reply was longer than what is kept. */
  readonly clipped: boolean | null;
  /** The run that the result was reused from; null when this run made it. */
  readonly reused_from: string | null;
  readonly error: CaseError | null;
};

/** A page of a run's results, by case and epoch. */
export async function listResults(
  store: Store,
  filter: EvalResultFilter,
  request: PageRequest,
): Promise<Page<EvalResult>> {
  const rows = await listEvalResultPage(store.db, filter, request);
  const page = pageOf(rows, request, ({ position, epoch }) => [position, epoch]);
  return { data: page.data.map(readResult), next_page: page.next_page };
}

function readResult(row: EvalResultRow): EvalResult {
  const { run_id, case_id, position, epoch, status } = row;
  const fields = { run_id, case_id, position, epoch, status };
  if (status === 'error') {
    const error = JSON.parse(row.outcome) as CaseError;
    return { ...fields, scores: {}, outcome: null, reading: null, clipped: null, reused_from: null, error };
  }
  const stored = JSON.parse(row.outcome) as StoredOutcome;
  const { scores } = JSON.parse(row.scores) as ScoreSheet;
  return { ...fields, scores, ...stored, error: null };
}
