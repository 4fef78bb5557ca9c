import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notingQueue } from '../../test/noting-queue.ts';
import { ownHub } from '../../test/own-hub.ts';
import { tellsNobody } from '../../test/tells-nobody.ts';
import { createClock } from '../core/clock.ts';
import type { ClientEventBody } from '../core/events.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { listEvents, listInbox } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import { findSession, type SessionRow } from '../store/sessions.ts';
import { seedSession } from '../store/store.testsuite.ts';
import { createInbox } from './inbox.ts';
import { createJournal } from './journal.ts';

/** `m` stands for a message, `i` for an interrupt. */
const bodiesOf = (letters: string): ClientEventBody[] =>
  [...letters].map((letter) =>
    letter === 'm'
      ? { type: 'user.message', content: [{ type: 'text', text: 'Hello.' }] }
      : { type: 'user.interrupt' },
  );

describe('An inbox', () => {
  let store: Store;
  const clock = createClock(() => 1_800_000_000_000);
  const ids = createIds(clock, randomBytes);
  let count = 0;

  beforeAll(async () => {
    store = await openStore({ kind: 'memory' });
  });
  afterAll(() => store.close());

  /** A session, and an inbox that notes whom it wakes. */
  async function setUp(fields: Partial<SessionRow> = {}) {
    const { id } = await seedSession(store, `sesn_${++count}`, fields);
    const calls: unknown[] = [];
    const queue = notingQueue(({ subject, attempt }) => calls.push(['start', subject, attempt]));
    const journal = createJournal({ store, clock, hub: ownHub(), notify: tellsNobody, queue });
    const inbox = createInbox({
      ...{ journal, clock, ids, max_rounds: 9, requireFiles: async () => {} },
      ...{ requireSystemMessages: async () => {} },
      onInterrupt: (...call) => calls.push(['interrupt', ...call]),
      onUncertain: (...call) => calls.push(['uncertain', ...call]),
      requireRoomForTurn: () => {},
    });
    const history = async () =>
      listEvents(store.db, id, { filter: {}, order: 'asc', after: null, limit: 99 });
    return { id, calls, history, send: (letters: string) => inbox.send(id, bodiesOf(letters)) };
  }

  test('starts an idle session with a message, and answers with it as it is listed', async () => {
    const { id, calls, history, send } = await setUp();
    const sent = await send('m');
    const rows = await history();
    expect(rows.map((row) => row.type)).toEqual([
      'user.message',
      'session.status_running',
      'session.thread_status_running',
      'span.model_request_start',
    ]);
    expect(sent).toEqual([rows[0]?.data]);
    expect(JSON.parse(sent[0] ?? '')).toMatchObject({ processed_at: rows[0]?.processed_at });
    expect(calls).toEqual([['start', id, 1]]);
    const session = await findSession(store.db, id);
    expect(session).toMatchObject({ status: 'running', attempt: 1, queued: 0, last_seq: 4 });
    expect(session?.open_span).toBe(JSON.parse(rows[3]?.data ?? '').id);
    expect(session?.running_since).toBe(session?.updated_at);
  });

  test('queues what comes while the session runs, in order, without a time', async () => {
    const { id, calls, send } = await setUp();
    await send('m');
    const sent = [...(await send('mm')), ...(await send('m'))];
    expect((await listInbox(store.db, id)).map((row) => row.data)).toEqual(sent);
    for (const data of sent) expect(JSON.parse(data)).toMatchObject({ processed_at: null });
    expect(await findSession(store.db, id)).toMatchObject({ queued: 3, last_position: 3, last_seq: 4 });
    expect(calls).toHaveLength(1);
  });

  test('interrupts a session that runs, once the interrupt is on disk', async () => {
    const { id, calls, send } = await setUp({ status: 'running', attempt: 4 });
    await send('i');
    expect(calls).toEqual([['interrupt', id, 4]]);
    expect((await listInbox(store.db, id)).map((row) => row.type)).toEqual(['user.interrupt']);
  });

  test('writes an interrupt of an idle session down and does nothing else', async () => {
    const { id, calls, history, send } = await setUp();
    await send('i');
    expect(calls).toEqual([]);
    expect((await history()).map((row) => row.type)).toEqual(['user.interrupt']);
    expect(await findSession(store.db, id)).toMatchObject({ status: 'idle', attempt: 0 });
  });

  test('starts first and interrupts then when one request asks for both', async () => {
    const { id, calls, send } = await setUp();
    const sent = await send('mim');
    expect(calls).toEqual([
      ['start', id, 1],
      ['interrupt', id, 1],
    ]);
    expect(sent.map((data) => JSON.parse(data).processed_at === null)).toEqual([false, true, true]);
  });

  test('takes nothing for a session that is over or missing, and wakes nobody', async () => {
    const over = await setUp({ status: 'terminated', archived_at: 'then' });
    await expect(over.send('m')).rejects.toMatchObject({
      code: 'session_terminated',
      message: expect.stringContaining('is archived and'),
    });
    const ended = await setUp({ status: 'terminated' });
    await expect(ended.send('i')).rejects.toThrow(/is terminated and/);
    expect([...over.calls, ...ended.calls, ...(await over.history())]).toEqual([]);
    const { calls, ...gone } = await setUp();
    await store.write((tx) => tx.deleteFrom('sessions').where('id', '=', gone.id).execute());
    await expect(gone.send('m')).rejects.toMatchObject({ code: 'session_not_found' });
    expect(calls).toEqual([]);
  });

  test('holds a thousand events at most, and an interrupt whatever waits', async () => {
    const { id, send } = await setUp({ status: 'running', queued: 999, last_position: 999 });
    await expect(send('mm')).rejects.toMatchObject({ code: 'session_queue_full' });
    expect(await findSession(store.db, id)).toMatchObject({ queued: 999 });
    await send('m');
    await expect(send('m')).rejects.toThrow(/has 1000 events waiting/);
    await send('i');
    expect(await findSession(store.db, id)).toMatchObject({ queued: 1001 });
  });

  test('of many messages sent at once, one starts the session and the others wait', async () => {
    const { id, calls, send } = await setUp();
    await Promise.all(Array.from({ length: 20 }, () => send('m')));
    expect(calls).toEqual([['start', id, 1]]);
    expect(await findSession(store.db, id)).toMatchObject({ queued: 19, last_position: 19, last_seq: 4 });
    expect((await listInbox(store.db, id)).map((row) => row.position)).toEqual(
      Array.from({ length: 19 }, (_, i) => i + 1),
    );
  });
});
