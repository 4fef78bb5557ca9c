import { type Selectable, sql } from 'kysely';
import { maxInteger, type PageRequest } from '../core/page.ts';
import { isBusy, type SessionStatus } from '../core/session.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek, type TimeBounds, within } from './keyset.ts';
import { prepare, prepareShapes } from './prepared.ts';
import type { SessionTable } from './session-tables.ts';
import { wantedEvents } from './webhooks.ts';

export type SessionRow = Selectable<SessionTable>;

const columns = [
  ...(['id', 'agent_id', 'agent_version', 'agent_name', 'environment_id', 'title', 'metadata'] as const),
  ...(['overrides', 'resolution_reason', 'resolution_alias', 'effective_hash', 'status'] as const),
  ...(['attempt', 'last_seq'] as const),
  ...(['last_event_at', 'last_position', 'queued', 'open_span', 'usage', 'active_us'] as const),
  ...(['running_since', 'stopped_at', 'created_at', 'updated_at', 'archived_at'] as const),
  ...(['rollout_id', 'arm', 'weight', 'unit', 'turns', 'failed_turns', 'refused_turns'] as const),
  ...(['scores', 'unseen', 'open_calls', 'rounds', 'context_from'] as const),
  ...(['vault_ids', 'budget', 'list_cost_usd', 'copy_of'] as const),
] satisfies (keyof SessionRow)[];

/** What a statement gives back besides: what webhooks want, as `wantedEvents` has it. */
type Wanted = { readonly wanted: string | null };

const insertOne = prepare<SessionRow, Wanted>(columns, (db, row) =>
  db.insertInto('sessions').values(row).returning(wantedEvents),
);
const selectOne = prepare<{ id: string }, SessionRow>(['id'], (db, { id }) =>
  db.selectFrom('sessions').selectAll().where('id', '=', id),
);

const selectLocked = {
  sqlite: selectOne,
  postgres: prepare<{ id: string }, SessionRow>(['id'], (db, { id }) =>
    db.selectFrom('sessions').selectAll().where('id', '=', id).forUpdate(),
  ),
};

const updateOne = prepareShapes((shape) => {
  const changed = shape.split(',') as (keyof SessionRow)[];
  return prepare<SessionRow, Wanted>(['id', ...changed], (db, row) => {
    const changes = Object.fromEntries(changed.map((column) => [column, row[column]]));
    return db.updateTable('sessions').set(changes).where('id', '=', row.id).returning(wantedEvents);
  });
});

/** Stores a session, and gives what enabled webhooks want to be told of, as JSON lists; null when there are none. */
export async function insertSession(tx: Handle, row: SessionRow): Promise<string | null> {
  return (await insertOne(tx, row))[0]?.wanted ?? null;
}

export async function findSession(db: Handle, id: string): Promise<SessionRow | null> {
  return (await selectOne(db, { id }))[0] ?? null;
}

/** A session's row, locked until the transaction ends; null when there is none. */
export async function lockSession(tx: Handle, dialect: Dialect, id: string): Promise<SessionRow | null> {
  return (await selectLocked[dialect.name](tx, { id }))[0] ?? null;
}

/** Changes a session, and gives what enabled webhooks want to be told of, as JSON lists; null when there are none. */
export async function updateSession(
  tx: Handle,
  id: string,
  changes: Partial<Omit<SessionRow, 'id'>>,
): Promise<string | null> {
  const update = updateOne(Object.keys(changes).join(','));
  return (await update(tx, { ...changes, id } as SessionRow))[0]?.wanted ?? null;
}

/** Deletes a session with its history and its inbox. */
export async function deleteSession(tx: Handle, id: string): Promise<void> {
  await tx.deleteFrom('sessions').where('id', '=', id).execute();
}

export type SessionFilter = {
  readonly include_archived: boolean;
  readonly created_at: TimeBounds;
  readonly agent_id?: string | undefined;
  /** Only looked at together with `agent_id`. */
  readonly agent_version?: number | undefined;
  /** Absent means every status. */
  readonly statuses?: readonly SessionStatus[] | undefined;
};

/** Spelled out in the text of the query, so that both databases see that the small index of busy sessions fits. */
export const isBusyNow = sql<boolean>`status in ('running', 'rescheduling')`;

/** Sessions by creation time; one more than the page holds, if there is one. */
export async function listSessions(
  db: Handle,
  filter: SessionFilter,
  request: PageRequest,
): Promise<SessionRow[]> {
  const query = filteredSessions(db, filter);
  return query === null ? [] : seek(query.selectAll(), 'sessions', request).execute();
}

/** Sessions as far as an index finds them; null when there can be none. */
export function filteredSessions(db: Handle, filter: SessionFilter) {
  // Who is terminated is archived, and nobody else: each question gets the index of the smaller group.
  const { include_archived } = filter;
  const statuses = include_archived
    ? filter.statuses
    : filter.statuses?.filter((one) => one !== 'terminated');
  if (statuses?.length === 0 || (filter.agent_version ?? 0) > maxInteger) return null;
  const onlyLive = !include_archived || statuses?.includes('terminated') === false;
  const onlyArchived = statuses?.every((status) => status === 'terminated') === true;
  let query = db.selectFrom('sessions');
  if (onlyLive) query = query.where('archived_at', 'is', null);
  if (onlyArchived) query = query.where('archived_at', 'is not', null);
  if (filter.agent_id !== undefined) {
    query = query.where('agent_id', '=', filter.agent_id);
    if (filter.agent_version !== undefined) query = query.where('agent_version', '=', filter.agent_version);
  }
  if (statuses !== undefined) {
    query = query.where('status', 'in', statuses);
    if (statuses.every(isBusy)) query = query.where(isBusyNow);
  }
  return within(query, 'created_at', filter.created_at);
}

type ServedBy = { readonly agent_id: string; readonly version: number; readonly alias: string };

function openSessionsOf(db: Handle, { agent_id, version, alias }: ServedBy) {
  return db
    .selectFrom('sessions')
    .where('archived_at', 'is', null)
    .where('agent_id', '=', agent_id)
    .where('agent_version', '=', version)
    .where('resolution_alias', '=', alias);
}

/** Ids of open sessions to which an alias gave a version and which still take messages, oldest first. */
export async function listUnstoppedSessions(db: Handle, of: ServedBy, limit: number): Promise<string[]> {
  const query = openSessionsOf(db, of).select('id').where('stopped_at', 'is', null);
  const rows = await query.orderBy('created_at').orderBy('id').limit(limit).execute();
  return rows.map(({ id }) => id);
}

/** Open sessions to which an alias gave a version, newest first: id and status of each. */
export async function listSessionsOn(
  db: Handle,
  of: ServedBy,
  limit: number,
): Promise<{ readonly id: string; readonly status: SessionStatus }[]> {
  const query = openSessionsOf(db, of).select(['id', 'status']);
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}
