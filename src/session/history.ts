import { PawlError } from '../core/errors.ts';
import { encodeCursor, type PageRequest } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import { type EventFilter, listEvents, listInbox } from '../store/events.ts';
import { findSession } from '../store/sessions.ts';

/** A page of a history; each event is the JSON text that goes over the wire. */
export type HistoryPage = { readonly data: readonly string[]; readonly next_page: string | null };

/** Where a page of a history goes on: behind an event, or behind a queued one. */
export const historyCursorShape = ['string', 'number'] as const;

type Entry = { readonly part: 'event' | 'queued'; readonly number: number; readonly data: string };

/**
 * Reads the history of a session. What is queued has no time yet, so it sorts after everything that has, and
 * never matches a bound on the time.
 */
export function createHistory({ store }: { readonly store: Store }) {
  async function queued(sessionId: string, filter: EventFilter): Promise<Entry[]> {
    const bounded = Object.values(filter.processed_at ?? {}).some((bound) => bound !== undefined);
    if (bounded) return [];
    const rows = await listInbox(store.db, sessionId);
    const wanted = rows.filter((row) => filter.types === undefined || filter.types.includes(row.type));
    return wanted.map((row) => ({ part: 'queued', number: row.position, data: row.data }));
  }

  return {
    /** @throws PawlError `session_not_found` */
    async list(sessionId: string, filter: EventFilter, request: PageRequest): Promise<HistoryPage> {
      const session = await findSession(store.db, sessionId);
      if (session === null) throw new PawlError('session_not_found', `session ${sessionId} does not exist`);
      const { order, limit, cursor } = request;
      const [part, number] = cursor?.key ?? [];
      const position = typeof number === 'number' ? number : null;
      const waiting = session.queued === 0 ? [] : await queued(sessionId, filter);
      const entries: Entry[] = [];
      const addWaiting = () => {
        const sorted = order === 'asc' ? waiting : waiting.toReversed();
        const from = part === 'queued' ? position : null;
        entries.push(...sorted.filter((entry) => isBehind(entry.number, from, order)));
      };
      const addEvents = async () => {
        const after = part === 'event' ? position : null;
        const read = { filter, order, after, limit: limit + 1 - entries.length };
        if (read.limit <= 0) return;
        for (const row of await listEvents(store.db, sessionId, read)) {
          entries.push({ part: 'event', number: row.seq, data: row.data });
        }
      };
      // Ascending, the queue comes last: a cursor into it means that the events are read already.
      if (order === 'desc' && part !== 'event') addWaiting();
      if (order === 'desc' || part !== 'queued') await addEvents();
      if (order === 'asc') addWaiting();
      const data = withoutRepeats(entries).slice(0, limit);
      const last = data.at(-1);
      const goesOn = entries.length > limit && last !== undefined;
      return {
        data: data.map((entry) => entry.data),
        next_page: goesOn ? encodeCursor({ order, direction: 'next', key: [last.part, last.number] }) : null,
      };
    },
  };
}

export type History = ReturnType<typeof createHistory>;

/** Drops a queued event that a turn took, and wrote into the history, between the two reads. */
function withoutRepeats(entries: readonly Entry[]): Entry[] {
  if (!entries.some((entry) => entry.part === 'queued')) return [...entries];
  const idOf = (entry: Entry): string => (JSON.parse(entry.data) as { id: string }).id;
  const written = new Set(entries.filter((entry) => entry.part === 'event').map(idOf));
  return entries.filter((entry) => entry.part === 'event' || !written.has(idOf(entry)));
}

function isBehind(number: number, from: number | null, order: 'asc' | 'desc'): boolean {
  if (from === null) return true;
  return order === 'asc' ? number > from : number < from;
}
