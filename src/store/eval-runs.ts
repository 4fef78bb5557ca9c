import type { Selectable } from 'kysely';
import type { JobStatus } from '../core/evaluation.ts';
import { type PageRequest, readsDown } from '../core/page.ts';
import type { EvalResultTable, EvalRunTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import { prepare } from './prepared.ts';

export type EvalRunRow = Selectable<EvalRunTable>;
export type EvalResultRow = Selectable<EvalResultTable>;

export type EvalRunFilter = {
  readonly eval_id?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly agent_version?: number | undefined;
  readonly status?: JobStatus | undefined;
};

export async function insertEvalRun(tx: Handle, row: EvalRunRow): Promise<void> {
  await tx.insertInto('eval_runs').values(row).execute();
}

export async function findEvalRun(db: Handle, id: string): Promise<EvalRunRow | null> {
  return (await db.selectFrom('eval_runs').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** A run's row, locked until the transaction ends; null when there is none. */
export async function lockEvalRun(tx: Handle, dialect: Dialect, id: string): Promise<EvalRunRow | null> {
  const query = dialect.lock(tx.selectFrom('eval_runs').selectAll().where('id', '=', id));
  return (await query.executeTakeFirst()) ?? null;
}

/** Changes a run, if it is still in the hands of this attempt; whether it was. */
export async function updateEvalRun(
  tx: Handle,
  { id, attempt }: { readonly id: string; readonly attempt: number },
  changes: Partial<Omit<EvalRunRow, 'id'>>,
): Promise<boolean> {
  const query = tx.updateTable('eval_runs').set(changes).where('id', '=', id).where('attempt', '=', attempt);
  return (await query.executeTakeFirst()).numUpdatedRows > 0;
}

/** Runs by creation time; one more than the page holds, if there is one. */
export async function listEvalRuns(
  db: Handle,
  filter: EvalRunFilter,
  request: PageRequest,
): Promise<EvalRunRow[]> {
  let query = db.selectFrom('eval_runs').selectAll();
  for (const [column, value] of Object.entries(filter)) {
    if (value !== undefined) query = query.where(column as keyof EvalRunFilter, '=', value);
  }
  return seek(query, 'eval_runs', request).execute();
}

/** Runs that are not over, oldest first. */
export async function listBusyEvalRuns(db: Handle): Promise<EvalRunRow[]> {
  const query = db.selectFrom('eval_runs').selectAll().where('status', 'in', ['pending', 'running']);
  return query.orderBy('created_at').orderBy('id').limit(1000).execute();
}

const resultColumns = [
  ...(['run_id', 'position', 'epoch', 'case_id', 'case_hash', 'status', 'outcome_key'] as const),
  ...(['scores', 'outcome'] as const),
] satisfies (keyof EvalResultRow)[];

const putOne = prepare<EvalResultRow, unknown>(resultColumns, (db, row) =>
  db
    .insertInto('eval_results')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'position', 'epoch'])
        .doUpdateSet((eb) => ({
          status: eb.ref('excluded.status'),
          outcome_key: eb.ref('excluded.outcome_key'),
          scores: eb.ref('excluded.scores'),
          outcome: eb.ref('excluded.outcome'),
        }))
        .where('eval_results.status', '=', 'error'),
    ),
);

/** Remembers results. A result that is there stays, unless it is one of a session that broke. */
export async function putEvalResults(tx: Handle, rows: readonly EvalResultRow[]): Promise<void> {
  for (const row of rows) await putOne(tx, row);
}

type Counted = Pick<EvalRunRow, 'id' | 'attempt' | 'counts'>;

const countOne = prepare<Counted, Pick<EvalRunRow, 'id'>>(['id', 'attempt', 'counts'], (db, row) =>
  db
    .updateTable('eval_runs')
    .set({ counts: row.counts })
    .where('id', '=', row.id)
    .where('attempt', '=', row.attempt)
    .returning('id'),
);

/** Writes down how far a run has come, if it is still in the hands of this attempt; whether it was. */
export async function countEvalRun(tx: Handle, counted: Counted): Promise<boolean> {
  return (await countOne(tx, counted)).length > 0;
}

/** The results of a run for the cases at positions from `from` up to, but without, `to`, without their outcomes. */
export async function listEvalScores(
  db: Handle,
  runId: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Omit<EvalResultRow, 'outcome' | 'outcome_key' | 'run_id'>[]> {
  const query = db.selectFrom('eval_results').where('run_id', '=', runId);
  return query
    .select(['position', 'epoch', 'case_id', 'case_hash', 'status', 'scores'])
    .where('position', '>=', from)
    .where('position', '<', to)
    .orderBy('position')
    .orderBy('epoch')
    .execute();
}

/**
 * The newest finished result of every case that has one under these keys, oldest first, those of the run itself
 * left out.
 */
export async function findReusable(
  db: Handle,
  { keys, run_id }: { readonly keys: readonly string[]; readonly run_id: string },
): Promise<EvalResultRow[]> {
  if (keys.length === 0) return [];
  const newest = db
    .selectFrom('eval_results')
    .select(['outcome_key as key', 'case_id as named', (eb) => eb.fn.max('run_id').as('newest')])
    .where('outcome_key', 'in', keys)
    .where('status', '=', 'done')
    .where('run_id', '!=', run_id)
    .groupBy(['outcome_key', 'case_id']);
  return db
    .selectFrom('eval_results')
    .innerJoin(newest.as('found'), (join) =>
      join
        .onRef('outcome_key', '=', 'found.key')
        .onRef('case_id', '=', 'found.named')
        .onRef('run_id', '=', 'found.newest'),
    )
    .selectAll('eval_results')
    .where('status', '=', 'done')
    .orderBy('run_id')
    .execute();
}

export type EvalResultFilter = { readonly run_id: string; readonly errors: boolean };

/** Results of a run by case and epoch; one more than the page holds, if there is one. */
export async function listEvalResultPage(
  db: Handle,
  { run_id, errors }: EvalResultFilter,
  request: PageRequest,
): Promise<EvalResultRow[]> {
  const down = readsDown(request);
  const direction = down ? 'desc' : 'asc';
  let query = db.selectFrom('eval_results').selectAll().where('run_id', '=', run_id);
  if (errors) query = query.where('status', '=', 'error');
  query = query.orderBy('position', direction).orderBy('epoch', direction);
  if (request.cursor !== null) {
    const [position, epoch] = request.cursor.key;
    query = query.where((eb) =>
      eb(eb.refTuple('position', 'epoch'), down ? '<' : '>', eb.tuple(Number(position), Number(epoch))),
    );
  }
  return query.limit(request.limit + 1).execute();
}

/** The results of some cases of a run, by case and epoch. */
export async function listEvalResultsOf(
  db: Handle,
  runId: string,
  positions: readonly number[],
): Promise<EvalResultRow[]> {
  if (positions.length === 0) return [];
  const query = db.selectFrom('eval_results').selectAll().where('run_id', '=', runId);
  return query.where('position', 'in', positions).orderBy('position').orderBy('epoch').execute();
}
