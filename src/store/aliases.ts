import type { Selectable } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { AliasMoveTable, AliasTable, SweepTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seekNumber } from './keyset.ts';

export type AliasRow = Selectable<AliasTable>;
export type MoveRow = Selectable<AliasMoveTable>;
export type SweepRow = Selectable<SweepTable>;

type AliasKey = Pick<AliasRow, 'agent_id' | 'name'>;

export async function findAlias(db: Handle, { agent_id, name }: AliasKey): Promise<AliasRow | null> {
  const query = db.selectFrom('aliases').selectAll().where('agent_id', '=', agent_id);
  return (await query.where('name', '=', name).executeTakeFirst()) ?? null;
}

/** An alias, locked until the transaction ends; null when there is none. */
export async function lockAlias(
  tx: Handle,
  dialect: Dialect,
  { agent_id, name }: AliasKey,
): Promise<AliasRow | null> {
  const query = tx.selectFrom('aliases').selectAll().where('agent_id', '=', agent_id);
  return (await dialect.lock(query.where('name', '=', name)).executeTakeFirst()) ?? null;
}

/** Remembers an alias, unless somebody has just made it. */
export async function insertAlias(tx: Handle, row: AliasRow): Promise<void> {
  const query = tx.insertInto('aliases').values(row);
  await query.onConflict((conflict) => conflict.columns(['agent_id', 'name']).doNothing()).execute();
}

export async function updateAlias(
  tx: Handle,
  { agent_id, name }: AliasKey,
  changes: Partial<Omit<AliasRow, 'agent_id' | 'name' | 'created_at'>>,
): Promise<void> {
  const query = tx.updateTable('aliases').set(changes).where('agent_id', '=', agent_id);
  await query.where('name', '=', name).execute();
}

/** An agent's aliases by name; there are at most as many as one agent may have. */
export async function listAliases(db: Handle, agentId: string): Promise<AliasRow[]> {
  return db.selectFrom('aliases').selectAll().where('agent_id', '=', agentId).orderBy('name').execute();
}

export async function insertMove(tx: Handle, row: MoveRow): Promise<void> {
  await tx.insertInto('alias_moves').values(row).execute();
}

export async function findMove(
  db: Handle,
  { agent_id, name }: AliasKey,
  move: number,
): Promise<MoveRow | null> {
  const query = movesOf(db, { agent_id, name }).where('move', '=', move);
  return (await query.executeTakeFirst()) ?? null;
}

/** The last move that made an alias stand for a version; null when none did. */
export async function findMoveTo(
  db: Handle,
  { agent_id, name }: AliasKey,
  version: number,
): Promise<MoveRow | null> {
  const query = movesOf(db, { agent_id, name }).where('to_version', '=', version).orderBy('move', 'desc');
  return (await query.limit(1).executeTakeFirst()) ?? null;
}

/** The last rollback that took a version away; null when none did. */
export async function findRollbackFrom(
  db: Handle,
  { agent_id, name }: AliasKey,
  version: number,
): Promise<MoveRow | null> {
  const query = movesOf(db, { agent_id, name }).where('kind', '=', 'rollback');
  const away = query.where('from_version', '=', version).orderBy('move', 'desc');
  return (await away.limit(1).executeTakeFirst()) ?? null;
}

/** The history of an alias by number; one more than the page holds, if there is one. */
export async function listMoves(db: Handle, key: AliasKey, request: PageRequest): Promise<MoveRow[]> {
  return seekNumber(movesOf(db, key), 'move', request).execute();
}

function movesOf(db: Handle, { agent_id, name }: AliasKey) {
  return db.selectFrom('alias_moves').selectAll().where('agent_id', '=', agent_id).where('alias', '=', name);
}

export async function insertSweep(tx: Handle, row: SweepRow): Promise<void> {
  await tx.insertInto('sweeps').values(row).execute();
}

/** All sweeps that are not done, oldest first. */
export async function listSweeps(db: Handle): Promise<SweepRow[]> {
  return db.selectFrom('sweeps').selectAll().orderBy('created_at').execute();
}

export async function deleteSweep(
  tx: Handle,
  { agent_id, alias, move }: Pick<SweepRow, 'agent_id' | 'alias' | 'move'>,
): Promise<void> {
  const query = tx.deleteFrom('sweeps').where('agent_id', '=', agent_id).where('alias', '=', alias);
  await query.where('move', '=', move).execute();
}
