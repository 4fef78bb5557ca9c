import { type Selectable, sql } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { RolloutStatus } from '../core/rollout.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek, seekNumber } from './keyset.ts';
import { isFoundBy } from './release-search.ts';
import type {
  CanarySweepTable,
  RolloutEventTable,
  RolloutEvidenceTable,
  RolloutTable,
} from './rollout-tables.ts';
import { findLatestScores, type LatestScores } from './scores.ts';
import type { SessionTable } from './session-tables.ts';

export type RolloutRow = Selectable<RolloutTable>;
export type RolloutEventRow = Selectable<RolloutEventTable>;
export type RolloutEvidenceRow = Selectable<RolloutEvidenceTable>;
export type CanarySweepRow = Selectable<CanarySweepTable>;

export async function insertRollout(tx: Handle, row: RolloutRow): Promise<void> {
  await tx.insertInto('rollouts').values(row).execute();
}

export async function findRollout(db: Handle, id: string): Promise<RolloutRow | null> {
  return (await db.selectFrom('rollouts').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/**
 * A rollout, locked until the transaction ends; null when there is none. Others may refer to it meanwhile: whoever
 * deletes a session must not wait for those who count, because these wait for the session.
 */
export async function lockRollout(tx: Handle, dialect: Dialect, id: string): Promise<RolloutRow | null> {
  const query = tx.selectFrom('rollouts').selectAll().where('id', '=', id);
  const locked = dialect.name === 'postgres' ? query.forNoKeyUpdate() : query;
  return (await locked.executeTakeFirst()) ?? null;
}

export async function updateRollout(
  tx: Handle,
  id: string,
  changes: Partial<Omit<RolloutRow, 'id'>>,
): Promise<void> {
  await tx.updateTable('rollouts').set(changes).where('id', '=', id).execute();
}

export type RolloutFilter = {
  readonly agent_id?: string | undefined;
  /** Only looked at together with `agent_id`. */
  readonly alias?: string | undefined;
  readonly status?: RolloutStatus | undefined;
  /** A part of the agent's name or of the reason, or an id. */
  readonly search?: string | undefined;
};

/** A rollout as lists read it: without its state, which is by far the largest part of its row. */
export type RolloutListRow = Omit<RolloutRow, 'state'>;

const listColumns = [
  ...(['id', 'agent_id', 'alias', 'promotion_id', 'baseline_version', 'candidate_version', 'salt'] as const),
  ...(['retry_of', 'settings', 'status', 'step', 'weight', 'step_since', 'pause', 'decision'] as const),
  ...(['looks', 'last_look_at', 'next_look_at', 'last_traffic_at', 'events', 'actor', 'reason'] as const),
  ...(['created_at', 'updated_at', 'ended_at', 'ended_by', 'end_reason'] as const),
];

/** Rollouts by creation time; one more than the page holds, if there is one. */
export async function listRollouts(
  db: Handle,
  dialect: Dialect,
  { filter, request }: { readonly filter: RolloutFilter; readonly request: PageRequest },
): Promise<RolloutListRow[]> {
  const { agent_id, alias, status, search } = filter;
  let query = db.selectFrom('rollouts').select(listColumns);
  if (agent_id !== undefined) query = query.where('agent_id', '=', agent_id);
  if (agent_id !== undefined && alias !== undefined) query = query.where('alias', '=', alias);
  if (status !== undefined) query = query.where('status', '=', status);
  if (status === 'running' || status === 'paused') query = query.where(open);
  if (search !== undefined) query = query.where(isFoundBy(search, { dialect, table: 'rollouts' }));
  return seek(query, 'rollouts', request).execute();
}

/** What the looks have to know of the rollouts that are not over; there is one for an alias at most. */
export async function listOpenRollouts(
  db: Handle,
): Promise<Pick<RolloutRow, 'id' | 'settings' | 'looks' | 'next_look_at'>[]> {
  const query = db.selectFrom('rollouts').select(['id', 'settings', 'looks', 'next_look_at']);
  return query.where(open).orderBy('next_look_at').execute();
}

// Spelled out, so that both databases see that the small index of open rollouts fits.
const open = sql<boolean>`status in ('running', 'paused')`;

export async function insertRolloutEvent(tx: Handle, row: RolloutEventRow): Promise<void> {
  await tx.insertInto('rollout_events').values(row).execute();
}

/** What happened to a rollout by number; one more than the page holds, if there is one. */
export async function listRolloutEvents(
  db: Handle,
  rolloutId: string,
  request: PageRequest,
): Promise<RolloutEventRow[]> {
  const query = db.selectFrom('rollout_events').selectAll().where('rollout_id', '=', rolloutId);
  return seekNumber(query, 'seq', request).execute();
}

export async function insertRolloutEvidence(tx: Handle, row: RolloutEvidenceRow): Promise<void> {
  await tx.insertInto('rollout_evidence').values(row).execute();
}

/** Forgets what was known at looks whose numbers are no multiples of the interval. */
export async function thinRolloutEvidence(
  tx: Handle,
  { rollout_id, interval }: { readonly rollout_id: string; readonly interval: number },
): Promise<void> {
  const query = tx.deleteFrom('rollout_evidence').where('rollout_id', '=', rollout_id);
  await query.where(sql<boolean>`look % ${sql.lit(interval)} <> 0`).execute();
}

/** What was known of a rollout at its looks, as far as it is kept, in order. */
export async function listRolloutEvidence(db: Handle, rolloutId: string): Promise<RolloutEvidenceRow[]> {
  const query = db.selectFrom('rollout_evidence').selectAll().where('rollout_id', '=', rolloutId);
  return query.orderBy('look').execute();
}

/** What one session of a rollout has come to so far. */
export type UnseenSession = Pick<
  Selectable<SessionTable>,
  | 'id'
  | 'agent_version'
  | 'arm'
  | 'weight'
  | 'unit'
  | 'overrides'
  | 'turns'
  | 'failed_turns'
  | 'refused_turns'
  | 'usage'
  | 'list_cost_usd'
  | 'active_us'
  | 'created_at'
> & { readonly latest: LatestScores };

const outcomeColumns = [
  ...(['id', 'agent_version', 'arm', 'weight', 'unit', 'overrides', 'turns', 'failed_turns'] as const),
  ...(['refused_turns', 'usage', 'list_cost_usd', 'active_us', 'created_at'] as const),
];

/**
 * Takes sessions that a rollout has not counted yet, or not as they are now: deleted ones first, then by id. They count
 * as seen from then on, if the transaction is committed.
 */
export async function takeUnseen(
  tx: Handle,
  dialect: Dialect,
  { rollout_id, limit }: { readonly rollout_id: string; readonly limit: number },
): Promise<UnseenSession[]> {
  const gone = tx.selectFrom('rollout_departures').select(['session_id', 'session']);
  const departed = await gone
    .where('rollout_id', '=', rollout_id)
    .orderBy('session_id')
    .limit(limit)
    .execute();
  const left = departed.map(({ session_id }) => session_id);
  if (left.length > 0) {
    await tx.deleteFrom('rollout_departures').where('session_id', 'in', left).execute();
  }
  const taken = departed.map(({ session }) => JSON.parse(session) as UnseenSession);
  if (taken.length === limit) return taken;
  const unseen = tx.selectFrom('sessions').select(outcomeColumns).where('rollout_id', '=', rollout_id);
  const query = unseen
    .where(sql<boolean>`unseen = 1`)
    .orderBy('id')
    .limit(limit - taken.length);
  const rows = await dialect.lock(query).execute();
  if (rows.length === 0) return taken;
  const ids = rows.map(({ id }) => id);
  await tx.updateTable('sessions').set({ unseen: 0 }).where('id', 'in', ids).execute();
  const scores = await findLatestScores(tx, ids);
  return [...taken, ...rows.map((row) => ({ ...row, latest: scores.get(row.id) ?? {} }))];
}

/** Keeps what a session has come to for its rollout, if that is not over, because the session is about to be deleted. */
export async function keepDeparture(
  tx: Handle,
  session: Omit<UnseenSession, 'latest'> & { readonly rollout_id: string | null },
): Promise<void> {
  const { rollout_id } = session;
  if (rollout_id === null) return;
  const latest = (await findLatestScores(tx, [session.id])).get(session.id) ?? {};
  const known = Object.fromEntries(outcomeColumns.map((column) => [column, session[column]]));
  // That there were overrides is all that counts; what they said goes with the session.
  const overrides = session.overrides === null ? null : '';
  const text = JSON.stringify({ ...known, overrides, latest });
  const query = tx.selectFrom('rollouts').select('id').where('id', '=', rollout_id).where(open);
  if ((await query.executeTakeFirst()) === undefined) return;
  await tx
    .insertInto('rollout_departures')
    .values({ session_id: session.id, rollout_id, session: text })
    .execute();
}

/** What was counted of some sessions before, as JSON by session id; one that is new has no entry. */
export async function findCounted(
  tx: Handle,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const query = tx.selectFrom('rollout_sessions').select(['session_id', 'counted']);
  const rows = await query.where('session_id', 'in', sessionIds).execute();
  return new Map(rows.map(({ session_id, counted }) => [session_id, counted]));
}

export async function saveCounted(
  tx: Handle,
  rollout_id: string,
  counted: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = [...counted].map(([session_id, text]) => ({ session_id, rollout_id, counted: text }));
  await tx
    .insertInto('rollout_sessions')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('session_id').doUpdateSet((eb) => ({ counted: eb.ref('excluded.counted') })),
    )
    .execute();
}

/** What a rollout knows of some units, as JSON by unit; one that is new has no entry. */
export async function findUnits(
  tx: Handle,
  rolloutId: string,
  units: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const query = tx.selectFrom('rollout_units').select(['unit', 'state']).where('rollout_id', '=', rolloutId);
  const rows = await query.where('unit', 'in', units).execute();
  return new Map(rows.map(({ unit, state }) => [unit, state]));
}

export async function saveUnits(
  tx: Handle,
  rollout_id: string,
  units: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = [...units].map(([unit, state]) => ({ rollout_id, unit, state }));
  await tx
    .insertInto('rollout_units')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['rollout_id', 'unit']).doUpdateSet((eb) => ({ state: eb.ref('excluded.state') })),
    )
    .execute();
}

export async function insertCanarySweep(tx: Handle, row: CanarySweepRow): Promise<void> {
  await tx.insertInto('canary_sweeps').values(row).execute();
}

/** All canaries whose sessions are still to be stopped, oldest first. */
export async function listCanarySweeps(db: Handle): Promise<CanarySweepRow[]> {
  return db.selectFrom('canary_sweeps').selectAll().orderBy('created_at').execute();
}

export async function deleteCanarySweep(tx: Handle, rolloutId: string): Promise<void> {
  await tx.deleteFrom('canary_sweeps').where('rollout_id', '=', rolloutId).execute();
}

/** Remembers that what a rollout knows of its units and sessions is to be deleted, because nobody counts them any more. */
export async function insertLeftover(tx: Handle, rollout_id: string): Promise<void> {
  await tx.insertInto('rollout_leftovers').values({ rollout_id }).execute();
}

/** A rollout that is over and has left something behind; null when there is none. */
export async function findLeftover(db: Handle): Promise<string | null> {
  const query = db.selectFrom('rollout_leftovers').select('rollout_id').orderBy('rollout_id').limit(1);
  return (await query.executeTakeFirst())?.rollout_id ?? null;
}

/** Deletes a part of what a rollout has left behind, in each table at most so much; the last part ends it. */
export async function deleteLeftover(
  tx: Handle,
  dialect: Dialect,
  { rollout_id, limit }: { readonly rollout_id: string; readonly limit: number },
): Promise<void> {
  const left = tx.selectFrom('rollout_leftovers').select('rollout_id').where('rollout_id', '=', rollout_id);
  // Whoever is at it already does it.
  if ((await dialect.lock(left).executeTakeFirst()) === undefined) return;
  let more = false;
  for (const [name, column] of leftBehind) {
    const [table, key] = [sql.table(name), sql.ref(column)];
    const part = sql`select ${key} from ${table} where rollout_id = ${rollout_id} limit ${limit}`;
    const { numAffectedRows = 0n } =
      await sql`delete from ${table} where rollout_id = ${rollout_id} and ${key} in (${part})`.execute(tx);
    more ||= Number(numAffectedRows) === limit;
  }
  if (more) return;
  await tx.deleteFrom('rollout_leftovers').where('rollout_id', '=', rollout_id).execute();
}

const leftBehind = [
  ['rollout_departures', 'session_id'],
  ['rollout_sessions', 'session_id'],
  ['rollout_units', 'unit'],
] as const;
