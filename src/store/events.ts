import type { Selectable } from 'kysely';
import type { Order } from '../core/page.ts';
import type { Handle } from './dialect.ts';
import { type TimeBounds, within } from './keyset.ts';
import { prepare, prepareShapes } from './prepared.ts';
import type { EventTable, InboxTable } from './session-tables.ts';

export type EventRow = Selectable<EventTable>;
export type InboxRow = Selectable<InboxTable>;

/** Both databases bound the number of values in one statement. */
const maxRows = 500;
const eventColumns = ['session_id', 'seq', 'type', 'processed_at', 'data'] as const;

const insertMany = prepareShapes((count) => {
  const numbers = Array.from({ length: Number(count) }, (_, i) => i);
  const names = numbers.flatMap((i) => eventColumns.map((column) => `${column}${i}`));
  return prepare<Record<string, unknown>, unknown>(names, (db, slots) => {
    const row = (i: number) =>
      Object.fromEntries(eventColumns.map((column) => [column, slots[`${column}${i}`]]));
    return db.insertInto('events').values(numbers.map(row) as EventRow[]);
  });
});

/** Appends to histories. The numbers must follow on from what is there: a repeated one is refused. */
export async function insertEvents(tx: Handle, rows: readonly EventRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += maxRows) {
    const some = rows.slice(from, from + maxRows);
    const values = some.flatMap((row, i) => eventColumns.map((column) => [`${column}${i}`, row[column]]));
    await insertMany(String(some.length))(tx, Object.fromEntries(values));
  }
}

export async function insertInbox(tx: Handle, rows: readonly InboxRow[]): Promise<void> {
  await tx.insertInto('inbox').values(rows).execute();
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

/** Empties a session's inbox. The caller writes what it held into the history in the same transaction. */
export async function clearInbox(tx: Handle, sessionId: string): Promise<void> {
  await tx.deleteFrom('inbox').where('session_id', '=', sessionId).execute();
}

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
