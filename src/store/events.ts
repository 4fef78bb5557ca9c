import { type Selectable, sql } from 'kysely';
import { conversationTypes } from '../core/events.ts';
import type { Order } from '../core/page.ts';
import type { Handle } from './dialect.ts';
import { type TimeBounds, within } from './keyset.ts';
import { prepare, prepareShapes } from './prepared.ts';
import { noteFiles } from './session-files.ts';
import type { EventTable, InboxTable } from './session-tables.ts';

export type EventRow = Selectable<EventTable>;
export type InboxRow = Selectable<InboxTable>;

/** Both databases bound the number of values in one statement. */
const maxRows = 500;
const eventColumns = ['session_id', 'seq', 'type', 'processed_at', 'data'] as const;

const insertMany = prepareShapes((count) => {
  const width = eventColumns.length;
  const places = Array.from({ length: Number(count) * width }, (_, place) => place);
  return prepare<readonly unknown[], unknown>(places, (db, slots) => {
    const row = (first: number) =>
      Object.fromEntries(eventColumns.map((column, i) => [column, slots[first + i]]));
    return db
      .insertInto('events')
      .values(places.filter((place) => place % width === 0).map(row) as EventRow[]);
  });
});

/** Appends to histories. The numbers must follow on from what is there: a repeated one is refused. */
export async function insertEvents(tx: Handle, rows: readonly EventRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += maxRows) {
    const some = rows.slice(from, from + maxRows);
    await insertMany(String(some.length))(
      tx,
      some.flatMap((row) => eventColumns.map((column) => row[column])),
    );
  }
  await noteFiles(tx, rows);
}

export async function insertInbox(tx: Handle, rows: readonly InboxRow[]): Promise<void> {
  await tx.insertInto('inbox').values(rows).execute();
  await noteFiles(tx, rows);
}

/** What is queued for a session, in order of arrival. */
export async function listInbox(db: Handle, sessionId: string): Promise<InboxRow[]> {
  const query = db.selectFrom('inbox').selectAll().where('session_id', '=', sessionId);
  return query.orderBy('position').execute();
}

/** Whether an interrupt is queued for a session. */
export async function hasQueuedInterrupt(db: Handle, sessionId: string): Promise<boolean> {
  const query = db.selectFrom('inbox').select('position').where('session_id', '=', sessionId);
  return (await query.where('type', '=', 'user.interrupt').limit(1).executeTakeFirst()) !== undefined;
}

/** Those of these sessions for which an interrupt waits. */
export async function listInterrupted(db: Handle, sessionIds: readonly string[]): Promise<string[]> {
  if (sessionIds.length === 0) return [];
  const query = db.selectFrom('inbox').select('session_id').distinct();
  const rows = await query
    .where('session_id', 'in', sessionIds)
    .where('type', '=', 'user.interrupt')
    .execute();
  return rows.map(({ session_id }) => session_id);
}

/** What waits for a session between two places of its inbox, in order of arrival. */
export async function listInboxBetween(
  db: Handle,
  sessionId: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<InboxRow[]> {
  const query = db.selectFrom('inbox').selectAll().where('session_id', '=', sessionId);
  return query.where('position', '>=', from).where('position', '<=', to).orderBy('position').execute();
}

/** How far the histories of these sessions go; those that are gone are left out. */
export async function listLastSeqs(
  db: Handle,
  sessionIds: readonly string[],
): Promise<{ readonly id: string; readonly last_seq: number }[]> {
  return db.selectFrom('sessions').select(['id', 'last_seq']).where('id', 'in', sessionIds).execute();
}

/** Empties a session's inbox. The caller writes what it held into the history in the same transaction. */
export async function clearInbox(tx: Handle, sessionId: string): Promise<void> {
  await tx.deleteFrom('inbox').where('session_id', '=', sessionId).execute();
}

/** What of a history a model reads, from a `seq` on. */
export async function listConversation(
  db: Handle,
  sessionId: string,
  from: number,
): Promise<Pick<EventRow, 'seq' | 'data'>[]> {
  return selectConversation(db, { sessionId, from });
}

const selectConversation = prepare<{ sessionId: string; from: number }, Pick<EventRow, 'seq' | 'data'>>(
  ['sessionId', 'from'],
  (db, { sessionId, from }) =>
    db
      .selectFrom('events')
      .select(['seq', 'data'])
      // SQLite plans anew at each run for values that it sees; a cast hides them.
      .where('session_id', '=', sql<string>`cast(${sessionId} as text)`)
      .where('seq', '>=', sql<number>`cast(${from} as integer)`)
      .where('type', 'in', conversationTypes)
      .orderBy('seq'),
);

export type EventFilter = {
  /** Absent means every type. */
  readonly types?: readonly string[] | undefined;
  readonly processed_at?: TimeBounds | undefined;
};

/** A stretch of a history in the given order, starting behind `after` (a `seq`; null means at the end). */
export async function listEvents(
  db: Handle,
  sessionId: string,
  read: { filter: EventFilter; order: Order; after: number | null; limit: number },
): Promise<EventRow[]> {
  let query = db
    .selectFrom('events')
    .selectAll()
    .where('session_id', '=', sessionId)
    .orderBy('seq', read.order)
    .limit(read.limit);
  if (read.after !== null) query = query.where('seq', read.order === 'asc' ? '>' : '<', read.after);
  if (read.filter.types?.length === 0) return [];
  if (read.filter.types !== undefined) query = query.where('type', 'in', read.filter.types);
  return within(query, 'processed_at', read.filter.processed_at ?? {}).execute();
}
