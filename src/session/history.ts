import { PawlError } from '../core/errors.ts';
import { encodeCursor, type Order, type PageRequest } from '../core/page.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { type EventFilter, type EventRow, type InboxRow, listEvents, listInbox } from '../store/events.ts';
import { findSession } from '../store/sessions.ts';

/** A page of a history; each event is the JSON text that goes over the wire. */
export type HistoryPage = { readonly data: readonly string[]; readonly next_page: string | null };

/**
 * An event of the history has no position, a queued one has; its `seq` is then the newest that was known, where
 * the list goes on if a turn takes the queue before the next page is read.
 */
type Entry = { readonly seq: number; readonly position: number; readonly data: string };

/** Characters of events on one page; at least one event is on it, however long. */
const maxPageLength = 16 * 1024 * 1024;
/** So many events are read before their size is known. */
const firstStretch = 16;

/**
 * Reads the history of a session. What is queued has no time yet, so it sorts after everything that has, and
 * never matches a bound on the time.
 */
export function createHistory({ store }: { readonly store: Store }) {
  async function queued(sessionId: string, filter: EventFilter): Promise<InboxRow[]> {
    const bounded = Object.values(filter.processed_at ?? {}).some((bound) => bound !== undefined);
    if (bounded) return [];
    const rows = await listInbox(store.db, sessionId);
    return rows.filter((row) => filter.types === undefined || filter.types.includes(row.type));
  }

  return {
    /**
     * A cursor holds a `seq` and, inside the queue, a position. When a turn takes the queue between two pages,
     * its events come again with their times, under the same ids.
     * @throws PawlError `session_not_found`
     */
    async list(sessionId: string, filter: EventFilter, request: PageRequest): Promise<HistoryPage> {
      const session = await findSession(store.db, sessionId);
      if (session === null) throw new PawlError('session_not_found', `session ${sessionId} does not exist`);
      const { list, order, limit, cursor } = request;
      const [fromSeq, fromPosition] = (cursor?.key ?? [null, 0]) as [number | null, number];
      const inQueue = fromPosition > 0;
      const waiting = session.queued === 0 ? [] : await queued(sessionId, filter);
      const entries: Entry[] = [];
      const addEvents = async (): Promise<{ cut: boolean }> => {
        // On the way down out of the queue, the events begin at their end.
        const after = order === 'desc' && inQueue ? null : fromSeq;
        const read = { filter, order, after, limit: limit + 1 - entries.length };
        const { rows, cut } = await readBounded(store.db, sessionId, read);
        for (const { seq, data } of rows) entries.push({ seq, position: 0, data });
        return { cut };
      };
      const readQueue = (newest: number): Entry[] => {
        const entries = waiting.map(({ position, data }) => ({ seq: newest, position, data }));
        if (order === 'asc') return entries.filter(({ position }) => position > fromPosition);
        if (fromSeq !== null && !inQueue) return [];
        return entries.toReversed().filter(({ position }) => !inQueue || position < fromPosition);
      };
      if (order === 'desc') entries.push(...readQueue(session.last_seq));
      const { cut } = await addEvents();
      if (order === 'asc' && !cut) {
        entries.push(...readQueue(Math.max(session.last_seq, entries.at(-1)?.seq ?? 0)));
      }
      const data = withoutRepeats(entries).slice(0, limit);
      const last = data.at(-1);
      const goesOn = (cut || entries.length > limit) && last !== undefined;
      // On the way up, a place in the queue is kept: events that leave the queue alone may still come before it.
      const position = Math.max(last?.position ?? 0, order === 'asc' ? fromPosition : 0);
      const key = [last?.seq ?? 0, position];
      const next = { list: list.name, order, direction: 'next', key } as const;
      return { data: data.map((entry) => entry.data), next_page: goesOn ? encodeCursor(next) : null };
    },
  };
}

export type History = ReturnType<typeof createHistory>;

/**
 * Reads a stretch of a history, and stops early (`cut`) once it holds as much text as one answer should: the
 * events of a page may be large, and the rest comes with the next one.
 */
async function readBounded(
  db: Handle,
  sessionId: string,
  read: { filter: EventFilter; order: Order; after: number | null; limit: number },
): Promise<{ rows: EventRow[]; cut: boolean }> {
  const rows: EventRow[] = [];
  let size = firstStretch;
  for (let length = 0; rows.length < read.limit; ) {
    const limit = Math.min(size, read.limit - rows.length);
    const after = rows.at(-1)?.seq ?? read.after;
    const stretch = await listEvents(db, sessionId, { ...read, after, limit });
    rows.push(...stretch);
    for (const { data } of stretch) length += data.length;
    if (stretch.length < limit) break;
    if (length >= maxPageLength) return { rows, cut: rows.length < read.limit };
    size = Math.max(1, Math.floor(((maxPageLength - length) * rows.length) / length));
  }
  return { rows, cut: false };
}

/** Drops a queued event that a turn took, and wrote into the history, between the two reads. */
function withoutRepeats(entries: readonly Entry[]): Entry[] {
  if (!entries.some((entry) => entry.position > 0)) return [...entries];
  const idOf = (entry: Entry): string => (JSON.parse(entry.data) as { id: string }).id;
  const written = new Set(entries.filter((entry) => entry.position === 0).map(idOf));
  return entries.filter((entry) => entry.position === 0 || !written.has(idOf(entry)));
}
