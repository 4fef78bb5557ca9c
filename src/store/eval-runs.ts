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
  readonly dataset_id?: string | undefined;
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
  const { dataset_id, ...columns } = filter;
  let query = db.selectFrom('eval_runs').selectAll();
  for (const [column, value] of Object.entries(columns)) {
    if (value !== undefined) query = query.where(column as keyof typeof columns, '=', value);
  }
  if (dataset_id !== undefined) {
    const revisions = db.selectFrom('dataset_revisions').select('id').where('dataset_id', '=', dataset_id);
    query = query.where('dataset_revision_id', 'in', revisions);
  }
  return seek(query, 'eval_runs', request).execute();
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
 * Finished results under these keys, oldest first, those of the run itself left out: the newest of each of these
 * cases, and the newest of each key, whichever case it is of.
 */
export async function findReusable(
  db: Handle,
  {
    keys,
    case_ids,
    run_id,
  }: { readonly keys: readonly string[]; readonly case_ids: readonly string[]; readonly run_id: string },
): Promise<EvalResultRow[]> {
  if (keys.length === 0) return [];
  const ranked = db
    .selectFrom('eval_results')
    .select(['run_id as at_run', 'position as at_position', 'epoch as at_epoch', 'case_id as named'])
    .select(({ fn }) => [
      fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy('outcome_key').orderBy('run_id', 'desc').orderBy('position'))
        .as('of_key'),
      fn
        .agg<number>('row_number')
        .over((over) =>
          over.partitionBy(['outcome_key', 'case_id']).orderBy('run_id', 'desc').orderBy('position'),
        )
        .as('of_case'),
    ])
    .where('outcome_key', 'in', keys)
    .where('status', '=', 'done')
    .where('run_id', '!=', run_id);
  return db
    .selectFrom('eval_results')
    .innerJoin(ranked.as('ranked'), (join) =>
      join
        .onRef('run_id', '=', 'ranked.at_run')
        .onRef('position', '=', 'ranked.at_position')
        .onRef('epoch', '=', 'ranked.at_epoch'),
    )
    .selectAll('eval_results')
    .where((eb) =>
      eb.or([
        eb('ranked.of_key', '=', 1),
        eb.and([eb('ranked.of_case', '=', 1), eb('ranked.named', 'in', case_ids)]),
      ]),
    )
    .orderBy('run_id')
    .execute();
}

export type EvalResultFilter = {
  readonly run_id: string;
  readonly errors: boolean;
  /** Absent means every case. */
  readonly position?: number | undefined;
};

/** Results of a run by case and epoch; one more than the page holds, if there is one. */
export async function listEvalResultPage(
  db: Handle,
  { run_id, errors, position: only }: EvalResultFilter,
  request: PageRequest,
): Promise<EvalResultRow[]> {
  const down = readsDown(request);
  const direction = down ? 'desc' : 'asc';
  let query = db.selectFrom('eval_results').selectAll().where('run_id', '=', run_id);
  if (errors) query = query.where('status', '=', 'error');
  if (only !== undefined) query = query.where('position', '=', only);
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
