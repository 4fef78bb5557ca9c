import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import { findCasePosition, readBodies, readCases } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import {
  type EvalResultRow,
  listEvalResultPage,
  listEvalResultsOf,
  listEvalScores,
} from '../store/eval-runs.ts';
import type { Case } from './case.ts';
import { passMark } from './comparison/observed.ts';
import type { CaseError, EvalRun } from './result.ts';
import type { Outcome, Reading } from './score.ts';
import type { ScoreSheet, StoredOutcome, StoredScore } from './stored-result.ts';

/** What one case came to in one epoch. */
export type EvalResult = {
  readonly run_id: string;
  readonly case_id: string;
  /** Null for a case without one. */
  readonly group: string | null;
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

/** What the first scorer of a run finds; `unscored` is that it could not tell. */
export const findings = ['right', 'wrong', 'unscored'] as const;
export type Finding = (typeof findings)[number];

/** Which results are meant; an absent field does not limit. */
export type ResultFilter = {
  readonly run: Pick<EvalRun, 'id' | 'dataset_revision_id' | 'plan'>;
  /** Whether only those are whose session broke. */
  readonly errors: boolean;
  readonly case_id?: string | undefined;
  /** A part of the case's id. */
  readonly search?: string | undefined;
  /** Null for cases without a group. */
  readonly group?: string | null | undefined;
  readonly found?: Finding | undefined;
};

/** A page of a run's results, by case and epoch. */
export async function listResults(
  store: Store,
  filter: ResultFilter,
  request: PageRequest,
): Promise<Page<EvalResult>> {
  const rows = await rowsOf(store, filter, request);
  const page = pageOf(rows, request, ({ position, epoch }) => [position, epoch]);
  const hashes = [...new Set(page.data.map(({ case_hash }) => case_hash))];
  const bodies = await readBodies(store.db, hashes);
  const data = page.data.map((row) => readResult(row, groupIn(bodies.get(row.case_hash))));
  return { data, next_page: page.next_page };
}

async function rowsOf(store: Store, filter: ResultFilter, request: PageRequest): Promise<EvalResultRow[]> {
  const { run, errors, case_id, search, group, found } = filter;
  if (search !== undefined || group !== undefined || found !== undefined) {
    return pickRows(store, filter, request);
  }
  const position =
    case_id === undefined ? undefined : await findCasePosition(store.db, run.dataset_revision_id, case_id);
  if (position === null) return [];
  return listEvalResultPage(store.db, { run_id: run.id, errors, position }, request);
}

const casesAtOnce = 500;

/** As many rows as a page needs: scores are looked at until there are enough of them, and outcomes are read of those alone. */
async function pickRows(store: Store, filter: ResultFilter, request: PageRequest): Promise<EvalResultRow[]> {
  const { run } = filter;
  const [lastPosition, lastEpoch] = (request.cursor?.key ?? [-1, 0]).map(Number) as [number, number];
  const picked = new Map<number, Set<number>>();
  let count = 0;
  const cases = run.plan?.dataset.cases ?? 0;
  for (let from = Math.max(0, lastPosition); from < cases && count <= request.limit; from += casesAtOnce) {
    const range = { from, to: from + casesAtOnce };
    const groups = filter.group === undefined ? null : await groupsAt(store, run.dataset_revision_id, range);
    for (const row of await listEvalScores(store.db, run.id, range)) {
      const isBehind = row.position > lastPosition || row.epoch > lastEpoch;
      if (!isBehind || !fits(row, filter, groups) || count > request.limit) continue;
      picked.set(row.position, (picked.get(row.position) ?? new Set()).add(row.epoch));
      count++;
    }
  }
  const rows = await listEvalResultsOf(store.db, run.id, [...picked.keys()]);
  return rows.filter(({ position, epoch }) => picked.get(position)?.has(epoch) === true);
}

async function groupsAt(
  store: Store,
  revisionId: string,
  range: { readonly from: number; readonly to: number },
): Promise<ReadonlyMap<number, string | null>> {
  const cases = await readCases(store.db, revisionId, range);
  return new Map(cases.map(({ position, body }) => [position, groupIn(body)]));
}

function groupIn(body: string | undefined): string | null {
  return body === undefined ? null : (JSON.parse(body) as Case).group;
}

type Scores = Pick<EvalResultRow, 'position' | 'case_id' | 'status' | 'scores'>;

function fits(
  row: Scores,
  { run, errors, case_id, search, group, found }: ResultFilter,
  groups: ReadonlyMap<number, string | null> | null,
): boolean {
  if (errors && row.status !== 'error') return false;
  if (case_id !== undefined && row.case_id !== case_id) return false;
  if (search !== undefined && !row.case_id.toLowerCase().includes(search.toLowerCase())) return false;
  if (groups !== null && groups.get(row.position) !== group) return false;
  return found === undefined || found === findingOf(row, run.plan?.scorers[0]?.name ?? '');
}

/** What a scorer finds of a result; null when its session broke. */
function findingOf({ status, scores }: Scores, scorer: string): Finding | null {
  if (status === 'error') return null;
  const sheet = (JSON.parse(scores) as ScoreSheet).scores;
  const value = Object.hasOwn(sheet, scorer) ? (sheet[scorer]?.value ?? null) : null;
  if (value === null) return 'unscored';
  return value >= passMark ? 'right' : 'wrong';
}

function readResult(row: EvalResultRow, group: string | null): EvalResult {
  const { run_id, case_id, position, epoch, status } = row;
  const fields = { run_id, case_id, group, position, epoch, status };
  if (status === 'error') {
    const error = JSON.parse(row.outcome) as CaseError;
    return { ...fields, scores: {}, outcome: null, reading: null, clipped: null, reused_from: null, error };
  }
  const stored = JSON.parse(row.outcome) as StoredOutcome;
  const { scores } = JSON.parse(row.scores) as ScoreSheet;
  return { ...fields, scores, ...stored, error: null };
}
