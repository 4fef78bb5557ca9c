import { setImmediate as turn } from 'node:timers/promises';
import type { PageRequest } from '../../core/page.ts';
import type { Store } from '../../store/dialect.ts';
import { listSessions, type SessionFilter } from '../../store/sessions.ts';
import { sessionLine } from './session-line.ts';

const list: PageRequest['list'] = { name: 'sessions', key: ['string', 'string'], backwards: false };
const readTogether = 50;

/** Sessions as lines of JSON, in the order in which they were made; read as fast as somebody takes them. */
export async function* exportSessions(
  { db }: Pick<Store, 'db'>,
  filter: Pick<SessionFilter, 'agent_id' | 'created_at'>,
): AsyncGenerator<string> {
  let cursor: PageRequest['cursor'] = null;
  do {
    const request: PageRequest = { list, limit: readTogether, order: 'asc', cursor };
    const rows = await listSessions(db, { ...filter, include_archived: true }, request);
    const page = rows.slice(0, readTogether);
    for (const session of page) {
      yield* sessionLine(db, session);
      // SQLite answers at once, so that nobody else would have a turn.
      await turn();
    }
    const last = rows.length > readTogether ? page.at(-1) : undefined;
    cursor =
      last === undefined
        ? null
        : { list: list.name, order: 'asc', direction: 'next', key: [last.created_at, last.id] };
  } while (cursor !== null);
}
