import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ownHub } from '../../test/own-hub.ts';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import { tellsNobody } from '../../test/tells-nobody.ts';
import { createClock, parseTime } from '../core/clock.ts';
import type { EventDraft } from '../core/events.ts';
import { createIds } from '../core/ids.ts';
import { createMemoryQueue } from '../queue/memory-queue.ts';
import type { Store } from '../store/dialect.ts';
import { listEvents, listInbox } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import { deleteSession, findSession, type SessionRow } from '../store/sessions.ts';
import { at, seedSession } from '../store/store.testsuite.ts';
import { deleteWebhook, insertWebhook, updateWebhook, type WebhookRow } from '../store/webhooks.ts';
import type { Notify } from '../webhook/notify.ts';
import { createOutbox } from '../webhook/outbox.ts';
import { createJournal, FencedError, requireAttempt } from './journal.ts';

const message = (id: string): EventDraft => ({
  id,
  type: 'user.message',
  content: [{ type: 'text', text: 'NUL \0, half \ud83e and 🦫' }],
});
const interrupt = (id: string): EventDraft => ({ type: 'user.interrupt', id });

describe.each(['memory', 'postgres'] as const)('A journal on %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;
  let count = 0;

  beforeAll(async () => {
    if (kind === 'postgres') database = await migratedDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  /** A session, and a journal whose listeners note what they are told, with what was on disk at that moment. */
  async function setUp(fields: Partial<SessionRow> = {}, now: () => number = () => 1_800_000_000_000) {
    const { id } = await seedSession(store, `sesn_${++count}`, fields);
    const told: unknown[] = [];
    const hub = ownHub((sessionId, seq) =>
      listEvents(store.db, sessionId, { filter: {}, order: 'asc', after: seq, limit: 1000 }),
    );
    const subscription = hub.subscribe(id, {
      onEvents: (rows) => told.push(...rows.map((row) => row.data)),
      onQueued: (data) => told.push(data),
      onDeleted: () => told.push('deleted'),
    });
    subscription.startAfter(fields.last_seq ?? 0);
    const journal = createJournal({
      store,
      clock: createClock(now),
      hub,
      notify: tellsNobody,
      queue: createMemoryQueue(),
    });
    const history = () => listEvents(store.db, id, { filter: {}, order: 'asc', after: null, limit: 2000 });
    const session = () => findSession(store.db, id);
    return { id, journal, told, history, session };
  }

  test('writes events with numbers and rising times, and tells those who listen what is on disk', async () => {
    const { id, journal, told, history, session } = await setUp();
    const written = await journal.write(id, () => ({
      events: [message('e1'), interrupt('e2')],
      result: 'yes',
    }));
    const rows = await history();
    expect(written.events).toEqual(rows);
    expect(written.result).toBe('yes');
    expect(rows.map((row) => [row.seq, row.type])).toEqual([
      [1, 'user.message'],
      [2, 'user.interrupt'],
    ]);
    expect((rows[0]?.processed_at ?? '') < (rows[1]?.processed_at ?? '')).toBe(true);
    expect(told).toEqual(rows.map((row) => row.data));
    expect(await session()).toEqual(written.session);
    expect(written.session).toMatchObject({ last_seq: 2, last_event_at: rows[1]?.processed_at });
  });

  test('gives events the form that goes over the wire: the id first, the time last', async () => {
    const { id, journal, history } = await setUp();
    await journal.write(id, () => ({ events: [interrupt('e1'), message('e2')], result: null }));
    const [first, second] = await history();
    expect(first?.data).toBe(`{"id":"e1","type":"user.interrupt","processed_at":"${first?.processed_at}"}`);
    expect(JSON.parse(second?.data ?? '')).toEqual({ ...message('e2'), processed_at: second?.processed_at });
  });

  test('queues events with positions that never come again', async () => {
    const { id, journal, told, session } = await setUp();
    const queue = (...ids: string[]) => journal.write(id, () => ({ queue: ids.map(message), result: null }));
    const { queued } = await queue('q1', 'q2');
    expect(queued.map((data) => JSON.parse(data))).toMatchObject([
      { id: 'q1', processed_at: null },
      { id: 'q2', processed_at: null },
    ]);
    expect(told).toEqual(queued);
    expect(await session()).toMatchObject({ queued: 2, last_position: 2, last_seq: 0, last_event_at: null });
    await journal.write(id, () => ({
      clearsInbox: true,
      events: [message('q1'), message('q2')],
      result: null,
    }));
    expect(await session()).toMatchObject({ queued: 0, last_position: 2, last_seq: 2 });
    await queue('q3');
    expect((await listInbox(store.db, id)).map((row) => row.position)).toEqual([3]);
    await journal.write(id, () => ({ clearsInbox: true, queue: [message('q4')], result: null }));
    expect((await listInbox(store.db, id)).map((row) => row.position)).toEqual([4]);
    expect(await session()).toMatchObject({ queued: 1, last_position: 4 });
  });

  test('writes status and events together, and the counters are its own', async () => {
    const { id, journal, session } = await setUp();
    const changes = { status: 'running', attempt: 1, last_seq: 99, queued: 99 } as const;
    await journal.write(id, () => ({
      events: [message('e1')],
      queue: [message('q1')],
      changes,
      result: null,
    }));
    expect(await session()).toMatchObject({ status: 'running', attempt: 1, last_seq: 1, queued: 1 });
  });

  test('writes nothing where nothing was decided', async () => {
    const { id, journal, told, session } = await setUp();
    const before = await session();
    expect((await journal.write(id, () => ({ result: 7 }))).result).toBe(7);
    await journal.write(id, () => ({ clearsInbox: true, events: [], queue: [], changes: {}, result: null }));
    expect(await session()).toEqual(before);
    expect(told).toEqual([]);
  });

  test('keeps nothing and tells nobody when the decision, or the writing, fails', async () => {
    const { id, journal, told, history, session } = await setUp();
    const before = await session();
    const refused = new Error('refused');
    const refusing = journal.write(id, async () => {
      await Promise.resolve();
      throw refused;
    });
    await expect(refusing).rejects.toBe(refused);
    const broken = { status: 'asleep' } as unknown as Partial<SessionRow>;
    const failing = journal.write(id, () => ({
      events: [message('e1')],
      queue: [message('q1')],
      changes: broken,
      result: null,
    }));
    await expect(failing).rejects.toThrow(/check constraint/i);
    expect([await session(), await history(), await listInbox(store.db, id), told]).toEqual([
      before,
      [],
      [],
      [],
    ]);
  });

  test('refuses a session that is not there', async () => {
    const { id, journal } = await setUp();
    await store.write((tx) => deleteSession(tx, id));
    await expect(journal.write(id, () => ({ result: null }))).rejects.toMatchObject({
      code: 'session_not_found',
    });
  });

  test('lets times rise even when the clock is behind the history', async () => {
    const ahead = at(999_000_000);
    const { id, journal, history } = await setUp({ last_seq: 7, last_event_at: ahead }, () => 5);
    await journal.write(id, () => ({ events: [message('e8'), message('e9')], result: null }));
    const times = (await history()).map((row) => parseTime(row.processed_at));
    const last = parseTime(ahead) ?? 0;
    expect(times).toEqual([last + 1, last + 2]);
    expect((await history()).map((row) => row.seq)).toEqual([8, 9]);
  });

  test('numbers what many write at once without gaps, and each listener hears it in that order', async () => {
    const { id, journal, told, history, session } = await setUp();
    const ids = Array.from({ length: 60 }, (_, i) => `e${i}`);
    await Promise.all(
      ids.map((one) =>
        journal.write(id, () => ({ events: [message(one), interrupt(`${one}b`)], result: null })),
      ),
    );
    const rows = await history();
    expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    const times = rows.map((row) => row.processed_at);
    expect(times).toEqual([...new Set(times)].toSorted());
    await expect.poll(() => told.length).toBe(120);
    expect(told).toEqual(rows.map((row) => row.data));
    expect(await session()).toMatchObject({ last_seq: 120, last_event_at: times.at(-1) });
  });

  test('decides on what the one before has written, never on something older', async () => {
    const { id, journal, session } = await setUp();
    const take = () =>
      journal.write(id, (row) => ({ changes: { attempt: row.attempt + 1 }, result: row.attempt }));
    const seen = await Promise.all(Array.from({ length: 30 }, take));
    expect(seen.map(({ result }) => result).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    );
    expect((await session())?.attempt).toBe(30);
  });

  test('lets nobody write under an attempt that is over', async () => {
    const { id, journal, history, session } = await setUp({ attempt: 3 });
    const writeAs = (attempt: number) =>
      journal.write(id, (row) => {
        requireAttempt(row, attempt);
        return { events: [message(`by ${attempt}`)], result: null };
      });
    await writeAs(3);
    await journal.write(id, (row) => ({ changes: { attempt: row.attempt + 1 }, result: null }));
    await expect(writeAs(3)).rejects.toThrow(FencedError);
    await expect(writeAs(5)).rejects.toThrow(`Session ${id} is at attempt 4, not 5`);
    await writeAs(4);
    expect((await history()).map((row) => JSON.parse(row.data).id)).toEqual(['by 3', 'by 4']);
    expect(await session()).toMatchObject({ attempt: 4, last_seq: 2 });
  });

  describe('tells webhooks', () => {
    const webhook = (id: string, wanted: readonly string[]): WebhookRow => ({
      ...{ id, url: 'https://hooks.example.com/', description: null, enabled_events: JSON.stringify(wanted) },
      ...{ state: 'enabled', disabled_reason: null, failing_since: null, signing_secret: 'whsec_' },
      ...{ old_secret: null, old_secret_until: null, created_at: at(1), updated_at: at(1) },
    });
    const thread = { session_thread_id: 'sthr_1', agent_name: 'triage' };
    const stop = { stop_reason: { type: 'end_turn' }, stop_details: null } as const;
    const turn: EventDraft[] = [
      { type: 'session.thread_status_idle', id: 'e1', ...thread, ...stop },
      { type: 'session.status_idle', id: 'e2', ...stop },
    ];

    beforeEach(() => store.write((tx) => insertWebhook(tx, webhook('wbhk_1', ['session.status_idled']))));
    afterEach(() => store.write((tx) => deleteWebhook(tx, 'wbhk_1')));

    /** A journal with an outbox, and what it did. `breaks` ends each transaction after its work. */
    async function setUpOutbox({ breaks = false } = {}) {
      const { id, session } = await setUp();
      const seeded = await session();
      if (seeded === null) throw new Error('There is no session');
      const row = (another: string): SessionRow => ({ ...seeded, id: another });
      const clock = createClock(() => 1_800_000_000_000);
      const outbox = createOutbox({ dialect: store.dialect, ids: createIds(clock, randomBytes) });
      let [asked, woken] = [0, 0];
      const notify: Notify = {
        enqueue: async (tx, ...events) => {
          asked++;
          await outbox.enqueue(tx, ...events);
        },
        wake: () => woken++,
      };
      const write: Store['write'] = (work) =>
        store.write(async (tx) => {
          const result = await work(tx);
          if (breaks) throw new Error('The disk is full');
          return result;
        });
      const hub = ownHub();
      const journal = createJournal({
        ...{ store: { ...store, write }, clock, hub, notify },
        queue: createMemoryQueue(),
      });
      const told = async () => {
        const rows = await store.db.selectFrom('webhook_deliveries').select('body').execute();
        return rows.map(({ body }) => (JSON.parse(body) as { data: { type: string } }).data);
      };
      return { id, row, journal, told, count: () => ({ asked, woken }) };
    }

    test('of what they want, in the commit, and wakes them after it', async () => {
      const { id, journal, told, count } = await setUpOutbox();
      await journal.write(id, () => ({ events: turn, result: null }));
      expect(await told()).toMatchObject([{ type: 'session.status_idled', id }]);
      expect(count()).toEqual({ asked: 1, woken: 1 });
    });

    test('of nothing that was not committed', async () => {
      const { id, row, journal, told, count } = await setUpOutbox({ breaks: true });
      const lost = [
        () => journal.write(id, () => ({ events: turn, result: null })),
        () => journal.open(row(`${id}_lost`), { events: turn, result: null }),
        () => journal.remove(id, async () => {}),
      ];
      for (const work of lost) await expect(work()).rejects.toThrow('The disk is full');
      expect(await told()).toEqual([]);
      expect(count()).toMatchObject({ woken: 0 });
      expect(await findSession(store.db, id)).not.toBeNull();
    });

    test('without asking any of them about a commit that none wants to know of', async () => {
      const { id, row, journal, told, count } = await setUpOutbox();
      await journal.write(id, () => ({ events: [message('e1'), ...turn.slice(0, 1)], result: null }));
      await store.write((tx) => updateWebhook(tx, 'wbhk_1', { state: 'disabled' }));
      await journal.write(id, () => ({ events: turn, result: null }));
      await journal.open(row(`${id}_new`), { result: null });
      expect(count()).toEqual({ asked: 0, woken: 0 });
      await store.write((tx) => updateWebhook(tx, 'wbhk_1', { state: 'enabled', enabled_events: '["*"]' }));
      await journal.open(row(`${id}_newer`), { events: turn, result: null });
      await journal.remove(`${id}_newer`, async () => {});
      const types = (await told()).map(({ type }) => type);
      expect(types.toSorted()).toEqual([
        'session.created',
        'session.deleted',
        'session.status_idled',
        'session.thread_idled',
      ]);
    });
  });
});
