import { type Selectable, sql } from 'kysely';
import type { ShadowStatus } from '../core/evaluation.ts';
import type { PageRequest } from '../core/page.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek } from './keyset.ts';
import type { ShadowPairTable, ShadowTable } from './rollout-tables.ts';
import type { SessionRow } from './sessions.ts';

export type ShadowRow = Selectable<ShadowTable>;
export type ShadowPairRow = Selectable<ShadowPairTable>;

export async function insertShadow(tx: Handle, row: ShadowRow): Promise<void> {
  await tx.insertInto('shadows').values(row).execute();
}

export async function findShadow(db: Handle, id: string): Promise<ShadowRow | null> {
  return (await db.selectFrom('shadows').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** A shadow, locked until the transaction ends; null when there is none. */
export async function lockShadow(tx: Handle, dialect: Dialect, id: string): Promise<ShadowRow | null> {
  const query = tx.selectFrom('shadows').selectAll().where('id', '=', id);
  return (await dialect.lock(query).executeTakeFirst()) ?? null;
}

/** Changes a shadow that is still running; whether it was. */
export async function updateShadow(
  tx: Handle,
  id: string,
  changes: Partial<Omit<ShadowRow, 'id'>>,
): Promise<boolean> {
  const query = tx.updateTable('shadows').set(changes).where('id', '=', id).where(running);
  return (await query.executeTakeFirst()).numUpdatedRows > 0;
}

export type ShadowFilter = {
  readonly agent_id?: string | undefined;
  readonly status?: ShadowStatus | undefined;
};

/** Shadows by creation time; one more than the page holds, if there is one. */
export async function listShadows(
  db: Handle,
  { agent_id, status }: ShadowFilter,
  request: PageRequest,
): Promise<ShadowRow[]> {
  let query = db.selectFrom('shadows').selectAll();
  if (agent_id !== undefined) query = query.where('agent_id', '=', agent_id);
  if (status !== undefined) query = query.where('status', '=', status);
  return seek(query, 'shadows', request).execute();
}

// Spelled out, so that both databases see that the small index of running shadows fits.
const running = sql<boolean>`status = 'running'`;
const unfinished = sql<boolean>`copies_archived = 0`;
const pairsAre = {
  begun: sql<boolean>`status = 'open' and shadow_session_id is not null`,
  waiting: sql<boolean>`status = 'open' and shadow_session_id is null`,
} as const;

/** The ids of shadows that are running, or whose copies are still to be archived, oldest first. */
export async function listUnfinishedShadows(db: Handle): Promise<string[]> {
  const rows = await db.selectFrom('shadows').select('id').where(unfinished).orderBy('id').execute();
  return rows.map(({ id }) => id);
}

/** Remembers that nothing is left to be done for a shadow that is over. */
export async function finishShadow(tx: Handle, id: string): Promise<void> {
  const query = tx.updateTable('shadows').set({ copies_archived: 1 }).where('id', '=', id);
  await query.where('status', '!=', 'running').execute();
}

/** A session that may be copied. */
export type Copyable = Pick<SessionRow, 'id' | 'created_at' | 'metadata'>;

/** Sessions that an alias gave a version, unchanged, made since a moment, oldest first. */
export async function listCopyable(
  db: Handle,
  of: {
    readonly agent_id: string;
    readonly alias: string;
    readonly version: number;
    readonly since: string;
    /** Only those that come after this one. */
    readonly after: Copyable | undefined;
    readonly limit: number;
  },
): Promise<Copyable[]> {
  let query = db
    .selectFrom('sessions')
    .select(['id', 'created_at', 'metadata'])
    .where('agent_id', '=', of.agent_id)
    .where('agent_version', '=', of.version)
    .where('resolution_alias', '=', of.alias)
    .where('overrides', 'is', null)
    .where('created_at', '>=', of.since);
  const { after } = of;
  if (after !== undefined) {
    query = query.where((eb) =>
      eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(after.created_at, after.id)),
    );
  }
  return query.orderBy('created_at').orderBy('id').limit(of.limit).execute();
}

/** Remembers sessions that are to be copied; one that is known stays as it is. */
export async function insertShadowPairs(tx: Handle, rows: readonly ShadowPairRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insertInto('shadow_pairs')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['shadow_id', 'session_id']).doNothing())
    .execute();
}

type PairKey = Pick<ShadowPairRow, 'shadow_id' | 'session_id'>;

export async function updateShadowPair(
  tx: Handle,
  { shadow_id, session_id }: PairKey,
  changes: Partial<Omit<ShadowPairRow, keyof PairKey>>,
): Promise<void> {
  const query = tx.updateTable('shadow_pairs').set(changes).where('shadow_id', '=', shadow_id);
  await query.where('session_id', '=', session_id).execute();
}

/** Remembers the session that a pair is copied into, and counts it. */
export async function beginShadowPair(tx: Handle, pair: PairKey, shadow_session_id: string): Promise<void> {
  await updateShadowPair(tx, pair, { shadow_session_id });
  const count = tx.updateTable('shadows').set((eb) => ({ begun: eb('begun', '+', 1) }));
  await count.where('id', '=', pair.shadow_id).execute();
}

/** Which of these sessions a shadow knows already. */
export async function findPairedSessions(
  db: Handle,
  shadowId: string,
  sessionIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (sessionIds.length === 0) return new Set();
  const query = db.selectFrom('shadow_pairs').select('session_id').where('shadow_id', '=', shadowId);
  const rows = await query.where('session_id', 'in', sessionIds).execute();
  return new Set(rows.map(({ session_id }) => session_id));
}

/**
 * Open pairs whose session has gone on since it was last looked at, or was deleted, oldest first: those that have a copy,
 * or those that wait for theirs.
 */
export async function listDuePairs(
  db: Handle,
  shadowId: string,
  { which, limit }: { readonly which: 'begun' | 'waiting'; readonly limit: number },
): Promise<ShadowPairRow[]> {
  if (limit <= 0) return [];
  // One session at a time by its key: a join may read all sessions that there are.
  const turns = sql<
    number | null
  >`(select sessions.turns from sessions where sessions.id = shadow_pairs.session_id)`;
  return db
    .selectFrom('shadow_pairs')
    .selectAll()
    .where('shadow_id', '=', shadowId)
    .where(pairsAre[which])
    .where(sql<boolean>`coalesce(${turns} > seen_turns, true)`)
    .orderBy('created_at')
    .orderBy('session_id')
    .limit(limit)
    .execute();
}

/** How many sessions wait for their copy. */
export async function countWaitingPairs(db: Handle, shadowId: string): Promise<number> {
  const query = db.selectFrom('shadow_pairs').where('shadow_id', '=', shadowId).where(pairsAre.waiting);
  const { count } = await query.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
  return Number(count);
}

/** All pairs of a shadow, a stretch at a time, by the id of their session. */
export async function listShadowPairs(
  db: Handle,
  shadowId: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<ShadowPairRow[]> {
  const query = db.selectFrom('shadow_pairs').selectAll().where('shadow_id', '=', shadowId);
  return query.where('session_id', '>', after).orderBy('session_id').limit(limit).execute();
}
