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
const open = sql<boolean>`shadow_pairs.status = 'open'`;

/** All shadows that are running, oldest first. */
export async function listRunningShadows(db: Handle): Promise<ShadowRow[]> {
  return db.selectFrom('shadows').selectAll().where(running).orderBy('id').execute();
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

/** Open pairs whose session has gone on since it was last looked at, or was deleted; those that were begun first. */
export async function listDuePairs(db: Handle, shadowId: string, limit: number): Promise<ShadowPairRow[]> {
  return db
    .selectFrom('shadow_pairs')
    .leftJoin('sessions', 'sessions.id', 'shadow_pairs.session_id')
    .selectAll('shadow_pairs')
    .where('shadow_id', '=', shadowId)
    .where(open)
    .where((eb) =>
      eb.or([eb('sessions.id', 'is', null), eb('sessions.turns', '>', eb.ref('shadow_pairs.seen_turns'))]),
    )
    .orderBy(sql`case when shadow_session_id is null then 1 else 0 end`)
    .orderBy('shadow_pairs.created_at')
    .orderBy('shadow_pairs.session_id')
    .limit(limit)
    .execute();
}

/** How many pairs have a copy, and how many wait for theirs. */
export async function countShadowPairs(
  db: Handle,
  shadowId: string,
): Promise<{ readonly begun: number; readonly waiting: number }> {
  const query = db.selectFrom('shadow_pairs').where('shadow_id', '=', shadowId);
  const counted = await query
    .select(({ fn }) => [fn.countAll().as('all'), fn.count('shadow_session_id').as('begun')])
    .select(sql`sum(case when status = 'open' and shadow_session_id is null then 1 else 0 end)`.as('waiting'))
    .executeTakeFirstOrThrow();
  return { begun: Number(counted.begun), waiting: Number(counted.waiting ?? 0) };
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
