import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeCursor, type Order } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import { clearInbox, type EventFilter, insertEvents, insertInbox } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import { updateSession } from '../store/sessions.ts';
import { at, sampleEvent, seedSession } from '../store/store.testsuite.ts';
import { createHistory } from './history.ts';

let store: Store;
let count = 0;

beforeAll(async () => {
  store = await openStore({ kind: 'memory' });
});
afterAll(() => store.close());

const list = { name: 'events', key: ['number', 'number'], backwards: false } as const;
const typeOf = (number: number) => (number % 2 === 0 ? 'user.interrupt' : 'user.message');
const wire = (id: string) => JSON.stringify({ id });
const sequence = (length: number, from = 1) => Array.from({ length }, (_, i) => from + i);

/** A session with so many events, e1 onwards, and so many that wait, q1 onwards. */
async function setUp(events: number, queued: number) {
  const { id } = await seedSession(store, `sesn_${++count}`, {
    last_seq: events,
    last_position: queued,
    queued,
  });
  const rows = sequence(events).map((seq) =>
    sampleEvent(id, seq, { type: typeOf(seq), data: wire(`e${seq}`) }),
  );
  const waiting = sequence(queued).map((position) => ({
    ...{ session_id: id, position },
    ...{ type: typeOf(position), data: wire(`q${position}`) },
  }));
  await store.write(async (tx) => {
    if (rows.length > 0) await insertEvents(tx, rows);
    if (waiting.length > 0) await insertInbox(tx, waiting);
  });
  /** What a turn does: everything that waits goes into the history, and a reply follows. */
  const takeQueue = () =>
    store.write(async (tx) => {
      await clearInbox(tx, id);
      const taken = waiting.map(({ type, data }, i) => sampleEvent(id, events + 1 + i, { type, data }));
      await insertEvents(tx, [...taken, sampleEvent(id, events + queued + 1, { data: wire('reply') })]);
      await updateSession(tx, id, { last_seq: events + queued + 1, queued: 0 });
    });
  return { id, takeQueue };
}

type Reading = { order?: Order; limit?: number; filter?: EventFilter; between?: () => Promise<unknown> };

/** Reads a history page by page, to its end. */
async function read(id: string, { order = 'asc', limit = 1000, filter = {}, between }: Reading = {}) {
  const history = createHistory({ store });
  const ids: string[] = [];
  let pages = 0;
  for (let text: string | null = null, more = true; more; more = text !== null) {
    const cursor = text === null ? null : decodeCursor(text, list, order);
    const page = await history.list(id, filter, { list, order, limit, cursor });
    expect(page.data.length).toBeLessThanOrEqual(limit);
    ids.push(...page.data.map((data) => (JSON.parse(data) as { id: string }).id));
    text = page.next_page;
    if (++pages > 100) throw new Error('The pages do not end');
    if (text !== null) await between?.();
  }
  return ids;
}

describe('A history', () => {
  test('ends with what is queued, and begins with it when read backwards', async () => {
    const { id } = await setUp(3, 2);
    expect(await read(id)).toEqual(['e1', 'e2', 'e3', 'q1', 'q2']);
    expect(await read(id, { order: 'desc' })).toEqual(['q2', 'q1', 'e3', 'e2', 'e1']);
  });

  test('gives each event once and in order, whatever the page size', async () => {
    const sizes = { events: fc.nat(6), queued: fc.nat(4), limit: fc.integer({ min: 1, max: 11 }) };
    await fc.assert(
      fc.asyncProperty(fc.record(sizes), async ({ events, queued, limit }) => {
        const { id } = await setUp(events, queued);
        const all = [...sequence(events).map((n) => `e${n}`), ...sequence(queued).map((n) => `q${n}`)];
        expect(await read(id, { limit })).toEqual(all);
        expect(await read(id, { limit, order: 'desc' })).toEqual(all.toReversed());
      }),
      { numRuns: 40 },
    );
  });

  test('has no next page at its very end', async () => {
    const { id } = await setUp(2, 2);
    const page = await createHistory({ store }).list(id, {}, { list, order: 'asc', limit: 4, cursor: null });
    expect([page.data.length, page.next_page]).toEqual([4, null]);
    const empty = await setUp(0, 0);
    expect(await read(empty.id)).toEqual([]);
  });

  test('is filtered by type in both of its parts', async () => {
    const { id } = await setUp(4, 3);
    const filter = { types: ['user.interrupt'] };
    expect(await read(id, { filter, limit: 1 })).toEqual(['e2', 'e4', 'q2']);
    expect(await read(id, { filter, limit: 1, order: 'desc' })).toEqual(['q2', 'e4', 'e2']);
    expect(await read(id, { filter: { types: ['user.interrupt', 'user.message'] } })).toHaveLength(7);
    expect(await read(id, { filter: { types: ['none'] } })).toEqual([]);
  });

  test('within bounds on the time holds nothing that is queued', async () => {
    const { id } = await setUp(4, 2);
    expect(await read(id, { filter: { processed_at: { gte: at(2), lt: at(4) } } })).toEqual(['e2', 'e3']);
    expect(await read(id, { filter: { processed_at: { gt: at(0) } }, order: 'desc', limit: 3 })).toEqual([
      'e4',
      'e3',
      'e2',
      'e1',
    ]);
    const unbounded = { gt: undefined, gte: undefined, lt: undefined, lte: undefined };
    expect(await read(id, { filter: { processed_at: unbounded } })).toHaveLength(6);
  });

  test('of a session that is not there is said to be missing', async () => {
    const listing = createHistory({ store }).list(
      'sesn_none',
      {},
      { list, order: 'asc', limit: 1, cursor: null },
    );
    await expect(listing).rejects.toMatchObject({ code: 'session_not_found' });
  });

  test('goes on where it was left while more is written, in either order', async () => {
    const { id } = await setUp(4, 0);
    let seq = 4;
    const between = () =>
      store.write((tx) => insertEvents(tx, [sampleEvent(id, ++seq, { data: wire(`e${seq}`) })]));
    expect(await read(id, { limit: 2, between: async () => void (seq < 6 && (await between())) })).toEqual([
      'e1',
      'e2',
      'e3',
      'e4',
      'e5',
      'e6',
    ]);
    expect(await read(id, { limit: 2, order: 'desc', between })).toEqual([
      'e6',
      'e5',
      'e4',
      'e3',
      'e2',
      'e1',
    ]);
  });
});

describe('When a turn takes the queue between two pages', () => {
  const all = ['e1', 'e2', 'q1', 'q2', 'q3', 'reply'];

  test.each([1, 2])('nothing is lost on the way down that stopped behind event %i', async (limit) => {
    const { id, takeQueue } = await setUp(2, 3);
    let taken = false;
    const between = async () => {
      if (!taken) await takeQueue();
      taken = true;
    };
    expect(await read(id, { limit, between })).toEqual(all);
  });

  test.each([3, 4])(
    'nothing is lost on the way down that stopped inside the queue (limit %i)',
    async (limit) => {
      const { id, takeQueue } = await setUp(2, 3);
      let taken = false;
      const between = async () => {
        if (!taken) await takeQueue();
        taken = true;
      };
      const seen = await read(id, { limit, between });
      expect(new Set(seen)).toEqual(new Set(all));
    },
  );

  test('everything older is still found on the way up', async () => {
    const { id, takeQueue } = await setUp(2, 3);
    let taken = false;
    const between = async () => {
      if (!taken) await takeQueue();
      taken = true;
    };
    const seen = await read(id, { limit: 1, order: 'desc', between });
    expect(seen).toEqual(expect.arrayContaining(['e1', 'e2', 'q1', 'q2', 'q3']));
  });
});

test('an event that a turn takes while a page is read is on it once', async () => {
  const { id } = await setUp(2, 2);
  // As if the inbox had been read just before the turn wrote what was in it.
  await store.write((tx) => insertEvents(tx, [sampleEvent(id, 3, { data: wire('q1') })]));
  expect(await read(id)).toEqual(['e1', 'e2', 'q1', 'q2']);
  expect(await read(id, { order: 'desc' })).toEqual(['q2', 'q1', 'e2', 'e1']);
});

test('a page of large events ends early, and the rest comes with the next ones', async () => {
  const { id } = await setUp(0, 0);
  const large = 'x'.repeat(3 * 1024 * 1024);
  const rows = Array.from({ length: 20 }, (_, i) =>
    sampleEvent(id, i + 1, { data: JSON.stringify({ id: `e${i + 1}`, type: 'agent.message', large }) }),
  );
  for (const row of rows) await store.write((tx) => insertEvents(tx, [row]));
  const wanted = rows.map((_, i) => `e${i + 1}`);
  expect(await read(id, { limit: 1000 })).toEqual(wanted);
  expect(await read(id, { limit: 1000, order: 'desc' })).toEqual(wanted.toReversed());
});
