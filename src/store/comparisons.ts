import { type Selectable, sql } from 'kysely';
import { maxInteger, type PageRequest } from '../core/page.ts';
import type { CalibrationTable, ComparisonTable, VerdictTable } from './database.ts';
import type { Handle } from './dialect.ts';
import { seek } from './keyset.ts';

export type ComparisonRow = Selectable<ComparisonTable>;
export type VerdictRow = Selectable<VerdictTable>;
export type CalibrationRow = Selectable<CalibrationTable>;

export async function insertComparison(tx: Handle, row: ComparisonRow): Promise<void> {
  await tx.insertInto('comparisons').values(row).execute();
}

export async function findComparison(db: Handle, id: string): Promise<ComparisonRow | null> {
  return (await db.selectFrom('comparisons').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** Changes a comparison that is not over; whether it was. */
export async function updateComparison(
  tx: Handle,
  id: string,
  changes: Partial<Pick<ComparisonRow, 'status' | 'error' | 'ended_at'>>,
): Promise<boolean> {
  const query = tx.updateTable('comparisons').set(changes).where('id', '=', id);
  const result = await query.where('status', 'in', ['pending', 'running']).executeTakeFirst();
  return result.numUpdatedRows > 0;
}

/** Which comparisons are meant; an absent field does not limit. */
export type ComparisonFilter = {
  readonly eval_id?: string | undefined;
  readonly status?: ComparisonRow['status'] | undefined;
  readonly verdict?: VerdictRow['verdict'] | undefined;
  /** The agent and the version of the candidate. */
  readonly agent_id?: string | undefined;
  readonly agent_version?: number | undefined;
};

/** Comparisons by creation time; one more than the page holds, if there is one. */
export async function listComparisons(
  db: Handle,
  { eval_id, status, verdict, agent_id, agent_version }: ComparisonFilter,
  request: PageRequest,
): Promise<ComparisonRow[]> {
  let query = db.selectFrom('comparisons').selectAll();
  if (eval_id !== undefined) query = query.where('eval_id', '=', eval_id);
  if (status !== undefined) query = query.where('status', '=', status);
  if (verdict !== undefined) {
    const judged = db.selectFrom('verdicts').select('comparison_id').where('verdict', '=', verdict);
    query = query.where('id', 'in', judged);
  }
  if (agent_id !== undefined || agent_version !== undefined) {
    let runs = db.selectFrom('eval_runs').select('id');
    if (agent_id !== undefined) runs = runs.where('agent_id', '=', agent_id);
    if (agent_version !== undefined)
      runs = runs.where('agent_version', '=', Math.min(agent_version, maxInteger));
    query = query.where('candidate_run_id', 'in', runs);
  }
  return seek(query, 'comparisons', request).execute();
}

export async function insertVerdict(tx: Handle, row: VerdictRow): Promise<void> {
  await tx.insertInto('verdicts').values(row).execute();
}

export async function findVerdict(db: Handle, comparisonId: string): Promise<VerdictRow | null> {
  const query = db.selectFrom('verdicts').selectAll().where('comparison_id', '=', comparisonId);
  return (await query.executeTakeFirst()) ?? null;
}

/** What was said about a comparison, without the report; null when nothing was yet. */
export async function findVerdictWord(
  db: Handle,
  comparisonId: string,
): Promise<VerdictRow['verdict'] | null> {
  const query = db.selectFrom('verdicts').select('verdict').where('comparison_id', '=', comparisonId);
  return (await query.executeTakeFirst())?.verdict ?? null;
}

export async function insertCalibration(tx: Handle, row: CalibrationRow): Promise<void> {
  await tx.insertInto('calibrations').values(row).execute();
}

/** The newest calibration of this kind that holds for this key; null when there is none. */
export async function findCalibration(
  db: Handle,
  { eval_id, kind, key }: Pick<CalibrationRow, 'eval_id' | 'kind' | 'key'>,
): Promise<CalibrationRow | null> {
  const query = db.selectFrom('calibrations').selectAll().where('eval_id', '=', eval_id);
  const fitting = query.where('kind', '=', kind).where('key', '=', key);
  return (await fitting.orderBy('created_at', 'desc').limit(1).executeTakeFirst()) ?? null;
}

/** Calibrations of gates by creation time; one more than the page holds, if there is one. */
export async function listCalibrations(
  db: Handle,
  filter: { readonly eval_id?: string | undefined },
  request: PageRequest,
): Promise<CalibrationRow[]> {
  let query = db.selectFrom('calibrations').selectAll().where('kind', '=', 'gate');
  if (filter.eval_id !== undefined) query = query.where('eval_id', '=', filter.eval_id);
  return seek(query, 'calibrations', request).execute();
}

/** What two runs have to be for their comparison to say something about a promotion; recorded ones never are. */
export type FittingRuns = {
  readonly eval_id: string;
  readonly eval_revision: number;
  readonly dataset_revision_id: string;
  readonly agent_id: string;
  readonly candidate_version: number;
  readonly baseline_version: number;
  /** How often each case has been asked at least. */
  readonly epochs: number;
};

/** The newest comparison of two such runs on this server, a completed one if there is one; null without any. */
export async function findFittingComparison(
  db: Handle,
  fitting: FittingRuns,
  id?: string,
): Promise<ComparisonRow | null> {
  const { eval_id, eval_revision, dataset_revision_id, agent_id, epochs } = fitting;
  let query = db
    .selectFrom('comparisons')
    .innerJoin('eval_runs as candidate', 'candidate.id', 'comparisons.candidate_run_id')
    .innerJoin('eval_runs as baseline', 'baseline.id', 'comparisons.baseline_run_id')
    .selectAll('comparisons')
    .where('comparisons.status', 'in', ['pending', 'running', 'completed'])
    .where('candidate.agent_version', '=', fitting.candidate_version)
    .where('baseline.agent_version', '=', fitting.baseline_version);
  for (const side of ['candidate', 'baseline'] as const) {
    query = query
      .where(`${side}.eval_id`, '=', eval_id)
      .where(`${side}.eval_revision`, '=', eval_revision)
      .where(`${side}.dataset_revision_id`, '=', dataset_revision_id)
      .where(`${side}.agent_id`, '=', agent_id)
      .where(`${side}.endpoint`, 'is', null)
      .where(`${side}.recorded`, 'is', null)
      .where(`${side}.epochs`, '>=', epochs);
  }
  if (id !== undefined) query = query.where('comparisons.id', '=', id);
  const completedFirst = query.orderBy(sql`case when comparisons.status = 'completed' then 0 else 1 end`);
  const newest = completedFirst.orderBy('comparisons.created_at', 'desc').orderBy('comparisons.id', 'desc');
  return (await newest.limit(1).executeTakeFirst()) ?? null;
}
