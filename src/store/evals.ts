import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { EvalObjectTable, EvalRevisionTable, EvalTable } from './database.ts';
import type { NamedFilter } from './datasets.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import { oneHolds } from './search.ts';

export type EvalRow = Selectable<EvalTable>;
export type EvalRevisionRow = Selectable<EvalRevisionTable>;
export type EvalObjectRow = Selectable<EvalObjectTable>;
/** An eval together with one of its revisions. */
export type EvalAtRevision = { readonly row: EvalRow; readonly revision: EvalRevisionRow };

/** Remembers a new eval and its revision 1, unless the name has been taken meanwhile; whether it did. */
export async function insertEval(tx: Handle, { row, revision }: EvalAtRevision): Promise<boolean> {
  const query = tx
    .insertInto('evals')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doNothing());
  const { numInsertedOrUpdatedRows } = await query.executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) return false;
  await tx.insertInto('eval_revisions').values(revision).execute();
  return true;
}

/** Remembers the next revision of an eval whose row is locked. */
export async function insertEvalRevision(tx: Handle, revision: EvalRevisionRow): Promise<void> {
  await tx.insertInto('eval_revisions').values(revision).execute();
  await tx
    .updateTable('evals')
    .set({ latest_revision: revision.revision, updated_at: revision.created_at })
    .where('id', '=', revision.eval_id)
    .execute();
}

/** An eval by its name, locked until the transaction ends; null when there is none. */
export async function lockEvalByName(tx: Handle, dialect: Dialect, name: string): Promise<EvalRow | null> {
  const query = dialect.lock(tx.selectFrom('evals').selectAll().where('name', '=', name));
  return (await query.executeTakeFirst()) ?? null;
}

/** An eval by its id or by its name; null when there is none. */
export async function findEval(db: Handle, idOrName: string): Promise<EvalRow | null> {
  const query = db.selectFrom('evals').selectAll();
  const found = await query
    .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
    .execute();
  return found.find((row) => row.id === idOrName) ?? found[0] ?? null;
}

export async function findEvalRevision(
  db: Handle,
  evalId: string,
  revision: number,
): Promise<EvalRevisionRow | null> {
  const query = db.selectFrom('eval_revisions').selectAll().where('eval_id', '=', evalId);
  return (await query.where('revision', '=', revision).executeTakeFirst()) ?? null;
}

export async function setEvalArchived(tx: Handle, id: string, at: string): Promise<void> {
  await tx.updateTable('evals').set({ archived_at: at, updated_at: at }).where('id', '=', id).execute();
}

/** Which evals are meant; an absent field does not limit. */
export type EvalFilter = NamedFilter & {
  /** What the newest revision calls the dataset that its cases come from: any of these. */
  readonly datasets?: readonly string[] | undefined;
};

/** Evals by creation time, archived ones only where they are asked for; one more than the page holds, if there is one. */
export async function listEvals(
  db: Handle,
  request: PageRequest,
  { include_archived, search, datasets }: EvalFilter = { include_archived: false },
): Promise<EvalAtRevision[]> {
  let query = db.selectFrom('evals').selectAll();
  if (!include_archived) query = query.where('archived_at', 'is', null);
  if (search !== undefined) query = query.where(oneHolds(['name'], search));
  if (datasets !== undefined) {
    query = query.where(({ exists, selectFrom, or }) =>
      exists(
        selectFrom('eval_revisions')
          .select('revision')
          .whereRef('eval_revisions.eval_id', '=', 'evals.id')
          .whereRef('eval_revisions.revision', '=', 'evals.latest_revision')
          .where(or(datasets.map(uses))),
      ),
    );
  }
  const rows = await seek(query, 'evals', request).execute();
  const found: EvalAtRevision[] = [];
  for (const row of rows) {
    const revision = await findEvalRevision(db, row.id, row.latest_revision);
    if (revision !== null) found.push({ row, revision });
  }
  return found;
}

/** What evaluation made at an endpoint from something with this hash; null when it has not made it yet. */
export async function findEvalObject(
  db: Handle,
  key: Pick<EvalObjectRow, 'endpoint' | 'kind' | 'name' | 'hash'>,
): Promise<EvalObjectRow | null> {
  let query = db.selectFrom('eval_objects').selectAll();
  for (const [column, value] of Object.entries(key))
    query = query.where(column as keyof typeof key, '=', value);
  return (await query.executeTakeFirst()) ?? null;
}

/** The newest object of this name, from whatever it was made; null when there is none. */
export async function findNewestEvalObject(
  db: Handle,
  { endpoint, kind, name }: Pick<EvalObjectRow, 'endpoint' | 'kind' | 'name'>,
): Promise<EvalObjectRow | null> {
  const query = db.selectFrom('eval_objects').selectAll().where('endpoint', '=', endpoint);
  const named = query.where('kind', '=', kind).where('name', '=', name);
  return (await named.orderBy('created_at', 'desc').limit(1).executeTakeFirst()) ?? null;
}

/** Remembers an object; one that has been remembered under the same key stays. */
export async function insertEvalObject(tx: Handle, row: EvalObjectRow): Promise<void> {
  await tx
    .insertInto('eval_objects')
    .values(row)
    .onConflict((conflict) => conflict.columns(['endpoint', 'kind', 'name', 'hash']).doNothing())
    .execute();
}

/** Forgets an object that is no longer there. */
export async function deleteEvalObject(tx: Handle, objectId: string): Promise<void> {
  await tx.deleteFrom('eval_objects').where('object_id', '=', objectId).execute();
}

/** Whether the definition of a revision names a dataset so. It is kept as JSON, in which this can stand nowhere else. */
function uses(dataset: string): RawBuilder<boolean> {
  const part = `"dataset":${JSON.stringify({ name: dataset }).slice(0, -1)},`;
  return sql<boolean>`replace(definition, cast(${part} as text), '') <> definition`;
}
