import { PawlError } from '../core/errors.ts';
import { encodeCursor, type PageRequest } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import { type EventFilter, type InboxRow, listEvents, listInbox } from '../store/events.ts';
import { findSession } from '../store/sessions.ts';

/** A page of a history; each event is the JSON text that goes over the wire. */
export type HistoryPage = { readonly data: readonly string[]; readonly next_page: string | null };

/**
 * An event of the history has no position, a queued one has; its `seq` is then the newest that was known, where
 * the list goes on if a turn takes the queue before the next page is read.
 */
type Entry = { readonly seq: number; readonly position: number; readonly data: string };

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
      const readEvents = async (room: number): Promise<Entry[]> => {
        // On the way down out of the queue, the events begin at their end.
        const after = order === 'desc' && inQueue ? null : fromSeq;
        if (room <= 0) return [];
        const rows = await listEvents(store.db, sessionId, { filter, order, after, limit: room });
        return rows.map(({ seq, data }) => ({ seq, position: 0, data }));
      };
      const readQueue = (newest: number): Entry[] => {
        const entries = waiting.map(({ position, data }) => ({ seq: newest, position, data }));
        if (order === 'asc') return entries.filter(({ position }) => position > fromPosition);
        if (fromSeq !== null && !inQueue) return [];
        return entries.toReversed().filter(({ position }) => !inQueue || position < fromPosition);
      };
      const entries: Entry[] = [];
      if (order === 'desc') {
        entries.push(...readQueue(session.last_seq));
        entries.push(...(await readEvents(limit + 1 - entries.length)));
      } else {
        entries.push(...(await readEvents(limit + 1)));
        entries.push(...readQueue(Math.max(session.last_seq, entries.at(-1)?.seq ?? 0)));
      }
      const data = withoutRepeats(entries).slice(0, limit);
      const last = data.at(-1);
      const goesOn = entries.length > limit && last !== undefined;
      // On the way up, a place in the queue is kept: events that leave the queue alone may still come before it.
      const position = Math.max(last?.position ?? 0, order === 'asc' ? fromPosition : 0);
      const key = [last?.seq ?? 0, position];
      const next = { list: list.name, order, direction: 'next', key } as const;
      return { data: data.map((entry) => entry.data), next_page: goesOn ? encodeCursor(next) : null };
    },
  };
}

export type History = ReturnType<typeof createHistory>;

/** Drops a queued event that a turn took, and wrote into the history, between the two reads. */
function withoutRepeats(entries: readonly Entry[]): Entry[] {
  if (!entries.some((entry) => entry.position > 0)) return [...entries];
  const idOf = (entry: Entry): string => (JSON.parse(entry.data) as { id: string }).id;
  const written = new Set(entries.filter((entry) => entry.position === 0).map(idOf));
  return entries.filter((entry) => entry.position === 0 || !written.has(idOf(entry)));
}
