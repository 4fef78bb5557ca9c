import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { EnvironmentTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import { prepare } from './prepared.ts';

export type EnvironmentRow = Selectable<EnvironmentTable>;

export async function insertEnvironment(tx: Handle, row: EnvironmentRow): Promise<void> {
  await tx.insertInto('environments').values(row).execute();
}

const selectOne = prepare<{ id: string }, EnvironmentRow>(['id'], (db, { id }) =>
  db.selectFrom('environments').selectAll().where('id', '=', id),
);

export async function findEnvironment(db: Handle, id: string): Promise<EnvironmentRow | null> {
  return (await selectOne(db, { id }))[0] ?? null;
}

/** An environment's row, locked until the transaction ends; null when there is none. */
export async function lockEnvironment(
  tx: Handle,
  dialect: Dialect,
  id: string,
): Promise<EnvironmentRow | null> {
  const query = dialect.lock(tx.selectFrom('environments').selectAll().where('id', '=', id));
  return (await query.executeTakeFirst()) ?? null;
}

export async function updateEnvironment(
  tx: Handle,
  id: string,
  changes: Partial<Omit<EnvironmentRow, 'id'>>,
): Promise<void> {
  await tx.updateTable('environments').set(changes).where('id', '=', id).execute();
}

/** Deletes an environment. Sessions that refer to it, archived ones included, make this a broken reference. */
export async function deleteEnvironment(tx: Handle, id: string): Promise<void> {
  await tx.deleteFrom('environments').where('id', '=', id).execute();
}

/** Environments by creation time; one more than the page holds, if there is one. */
export async function listEnvironments(
  db: Handle,
  filter: { readonly include_archived: boolean },
  request: PageRequest,
): Promise<EnvironmentRow[]> {
  let query = db.selectFrom('environments').selectAll();
  if (!filter.include_archived) query = query.where('archived_at', 'is', null);
  return seek(query, 'environments', request).execute();
}
