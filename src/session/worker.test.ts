import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { noTelemetry } from '../../test/no-telemetry.ts';
import { quietLog } from '../../test/pawl.ts';
import { freshDatabase } from '../../test/postgres.ts';
import { eventually, type SessionEvent } from '../../test/story.ts';
import { tellsNobody } from '../../test/tells-nobody.ts';
import { orderProblems } from '../../test/turn-order.ts';
import { createVersions } from '../agent/versions.ts';
import { createClock } from '../core/clock.ts';
import type { ClientEventBody } from '../core/events.ts';
import { createIds } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { noRequestUsage } from '../core/usage.ts';
import type { Provider } from '../model/model.ts';
import { defaultRetryLimits } from '../model/retry.ts';
import type { Router } from '../model/router.ts';
import { type Line, lineOfOne, openSharedLine } from '../queue/line.ts';
import type { Store } from '../store/dialect.ts';
import { listEvents, listInboxBetween } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import { deleteSession, findSession } from '../store/sessions.ts';
import { seedSession } from '../store/store.testsuite.ts';
import { createAsking } from './asking.ts';
import { createHub } from './hub.ts';
import { createInbox } from './inbox.ts';
import { createJournal } from './journal.ts';
import { createPreviews } from './previews.ts';
import type { Toolbox } from './toolbox.ts';
import { createTurns } from './turn.ts';
import { createTurnRecord } from './turn-record.ts';
import { createWorker } from './worker.ts';

/*
 * The goal: however commits and signals fall, a session comes to its end, with a history in order and nothing twice.
 * The method: the real rooms on a real store whose answers can be lost, and a model that answers when told so.
 */

/** A request at the model: which session it is for, seen by what was last said, and how to answer it. */
type Asked = { readonly said: string; readonly answer: () => void };

function heldModel() {
  const asked: Asked[] = [];
  const provider: Provider = {
    name: 'offline',
    send: ({ messages }, { signal }) =>
      new Promise((resolve, reject) => {
        const last = messages.at(-1)?.content.at(-1);
        const said = last?.type === 'text' ? last.text : '';
        const answer = (): void =>
          resolve({
            ...{ content: [{ type: 'text', text: `${said}!` }], tool_uses: [] },
            ...{ refusal: null, usage: noRequestUsage, served_model: 'held' },
          });
        asked.push({ said, answer });
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
  const nth = (n: number) => eventually(`request ${n} at the model`, () => asked[n - 1]);
  return { asked, provider, nth, saids: () => asked.map(({ said }) => said) };
}

/** A store that commits and then loses the answer, for as many of the next writes as it is told. */
function losing(store: Store) {
  const state = { left: 0, writes: 0 };
  let held: { until: Promise<void>; committed: () => void } | null = null;
  /** Holds the answer of the next write back; resolves when that is committed. */
  const holdNext = (until: Promise<void>): Promise<void> =>
    new Promise((committed) => {
      held = { until, committed };
    });
  const write: Store['write'] = async (work) => {
    const done = await store.write(work);
    state.writes++;
    const hold = held;
    held = null;
    hold?.committed();
    await hold?.until;
    if (state.left === 0) return done;
    state.left--;
    throw new Error('Connection terminated unexpectedly');
  };
  return { state, holdNext, store: { ...store, write } };
}

const says = (text: string): ClientEventBody => ({ type: 'user.message', content: [{ type: 'text', text }] });
const interrupt: ClientEventBody = { type: 'user.interrupt' };

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const noTools: Toolbox = {
  ...{ definitions: [], troubles: [], find: () => null, mcpName: (_server, tool) => tool },
  call: () => Promise.reject(new Error('There are no tools')),
};

/** One life of a process on a store: its worker, its inbox and its model. */
function live(given: Store, { max_turns = 4, line = lineOfOne() }: { max_turns?: number; line?: Line } = {}) {
  const { queue, bus } = line;
  const { state, holdNext, store } = losing(given);
  const model = heldModel();
  const logged: string[] = [];
  const log: Log = {
    ...{ debug: () => {}, info: () => {}, warn: () => {} },
    error: ({ err }, message) => void logged.push(`${message}: ${err instanceof Error ? err.message : ''}`),
  };
  const clock = createClock(Date.now);
  const ids = createIds(clock, randomBytes);
  const hub = createHub({
    bus,
    readAfter: (id, seq) => listEvents(store.db, id, { filter: {}, order: 'asc', after: seq, limit: 1000 }),
    readQueued: (id, between) => listInboxBetween(store.db, id, between),
  });
  const journal = createJournal({ store, clock, hub, notify: tellsNobody, queue });
  const router: Router = {
    route: (id) => ({ provider: 'offline', model: id, because: 'default' }),
    provider: async () => model.provider,
    named: [],
  };
  const record = createTurnRecord({ journal, clock, ids, log, telemetry: noTelemetry, max_rounds: 9 });
  const turns = createTurns({
    ...{ store, versions: createVersions(store), router, record, log, max_tokens: 100, hasPrice: () => true },
    ...{ toolboxes: { open: async () => noTools }, attachments: { ready: async () => [] } },
    telemetry: noTelemetry,
    asking: createAsking({
      ...{ router, ids, log, record, retries: defaultRetryLimits },
      ...{ random: () => 0, costOf: () => null, previews: createPreviews({ bus, elapsed: () => 0 }) },
      telemetry: noTelemetry,
    }),
  });
  const worker = createWorker({
    ...{ store, queue, bus, journal, turns, hub, log, max_turns },
    max_turns_per_agent: max_turns,
  });
  worker.start();
  const inbox = createInbox({
    ...{ journal, clock, ids, max_rounds: 9, requireFiles: async () => {} },
    ...{ requireSystemMessages: async () => {} },
    ...{ onInterrupt: worker.interrupt, onUncertain: worker.adopt, requireRoomForTurn: () => {} },
  });
  return {
    ...{ model, worker, logged, hub, state, holdNext },
    say: (id: string, ...texts: string[]) => inbox.send(id, texts.map(says)),
    interrupt: (id: string) => inbox.send(id, [interrupt]),
    /** What a stream that is opened now hears. */
    listen(id: string): readonly SessionEvent[] {
      const heard: SessionEvent[] = [];
      const subscription = hub.subscribe(id, {
        onEvents: (rows) => heard.push(...rows.map((row) => JSON.parse(row.data) as SessionEvent)),
        onQueued: () => {},
        onDeleted: () => {},
      });
      subscription.startAfter(0);
      return heard;
    },
  };
}

async function historyOf(store: Store, id: string): Promise<SessionEvent[]> {
  const rows = await listEvents(store.db, id, { filter: {}, order: 'asc', after: null, limit: 1000 });
  return rows.map((row) => JSON.parse(row.data) as SessionEvent);
}

const untilIdle = (store: Store, id: string) =>
  eventually(`session ${id} idle`, async () =>
    (await findSession(store.db, id))?.status === 'idle' ? historyOf(store, id) : null,
  );

const textsOf = (events: readonly SessionEvent[], type: 'user.message' | 'agent.message') =>
  events.flatMap((event) =>
    event.type === type ? JSON.stringify(event.content).match(/[\w!]+(?="})/g) : [],
  );

const lost = 'Connection terminated unexpectedly';
const unrecorded = `A turn could not be recorded; trying again: ${lost}`;

describe.each(['memory', 'postgres'] as const)('On %s, a session whose commit was lost', (kind) => {
  let count = 0;

  async function setUp() {
    const database = kind === 'postgres' ? await freshDatabase() : null;
    if (database !== null) closers.push(database.drop);
    const store = await openStore(
      database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url },
    );
    closers.push(store.close);
    const line =
      database === null
        ? lineOfOne()
        : await openSharedLine({ url: database.url, log: quietLog, name: 'one' });
    closers.push(line.close);
    const life = live(store, { line });
    closers.push(() => life.worker.stop(0));
    const { id } = await seedSession(store, `sesn_${++count}`);
    return { store, life, id, heard: life.listen(id) };
  }

  /** The session is idle, its stream knows, and everything is there once. */
  async function expectWhole(
    { store, id, heard }: Awaited<ReturnType<typeof setUp>>,
    said: readonly string[],
  ): Promise<void> {
    const events = await untilIdle(store, id);
    expect(orderProblems(events)).toEqual([]);
    expect(textsOf(events, 'user.message')).toEqual(said);
    expect(textsOf(events, 'agent.message')).toEqual(said.map((text) => `${text}!`));
    await eventually('idle on the stream', () => heard.length === events.length);
    expect(heard).toEqual(events);
  }

  test('is adopted when it was the start of its turn', async () => {
    const all = await setUp();
    all.life.state.left = 1;
    await expect(all.life.say(all.id, 'one')).rejects.toThrow(lost);
    (await all.life.model.nth(1)).answer();
    await expectWhole(all, ['one']);
    expect(all.life.model.saids()).toEqual(['one']);
    expect(all.life.logged).toEqual([]);
  });

  test('is adopted even when that is lost as well', async () => {
    const all = await setUp();
    all.life.state.left = 2;
    await expect(all.life.say(all.id, 'one')).rejects.toThrow(lost);
    (await all.life.model.nth(1)).answer();
    await expectWhole(all, ['one']);
    expect(all.life.logged).toEqual([unrecorded]);
  });

  test('is left as it is when it was the end of its turn', async () => {
    const all = await setUp();
    await all.life.say(all.id, 'one');
    const asked = await all.life.model.nth(1);
    all.life.state.left = 1;
    asked.answer();
    await expectWhole(all, ['one']);
    expect(all.life.model.saids()).toEqual(['one']);
    expect(all.life.logged).toEqual([unrecorded]);
  });

  test('goes on when the end of its turn has started the next one', async () => {
    const all = await setUp();
    await all.life.say(all.id, 'one');
    const asked = await all.life.model.nth(1);
    await all.life.say(all.id, 'two');
    all.life.state.left = 1;
    asked.answer();
    (await all.life.model.nth(2)).answer();
    await expectWhole(all, ['one', 'two']);
    expect(all.life.model.saids()).toEqual(['one', 'two']);
  });

  test('is not taken from the turn that runs already', async () => {
    const all = await setUp();
    await all.life.say(all.id, 'one');
    const asked = await all.life.model.nth(1);
    all.life.state.left = 1;
    await expect(all.life.say(all.id, 'two')).rejects.toThrow(lost);
    asked.answer();
    (await all.life.model.nth(2)).answer();
    await expectWhole(all, ['one', 'two']);
    expect(all.life.model.saids()).toEqual(['one', 'two']);
    expect((await findSession(all.store.db, all.id))?.attempt).toBe(2);
  });

  test('is not taken from the turn that followed on the one before', async () => {
    const all = await setUp();
    await all.life.say(all.id, 'one');
    const first = await all.life.model.nth(1);
    await all.life.say(all.id, 'two');
    first.answer();
    const second = await all.life.model.nth(2);
    all.life.state.left = 1;
    await expect(all.life.say(all.id, 'three')).rejects.toThrow(lost);
    second.answer();
    (await all.life.model.nth(3)).answer();
    await expectWhole(all, ['one', 'two', 'three']);
    expect(all.life.model.saids()).toEqual(['one', 'two', 'three']);
    expect((await findSession(all.store.db, all.id))?.attempt).toBe(3);
  });

  test('is looked at again when its turn is just ending', async () => {
    const all = await setUp();
    await all.life.say(all.id, 'one');
    const asked = await all.life.model.nth(1);
    const slow = Promise.withResolvers<void>();
    const held = all.life.holdNext(slow.promise);
    asked.answer();
    await held;
    all.life.state.left = 1;
    await expect(all.life.say(all.id, 'two')).rejects.toThrow(lost);
    slow.resolve();
    (await all.life.model.nth(2)).answer();
    await expectWhole(all, ['one', 'two']);
  });

  test('is forgotten when it has been deleted meanwhile', async () => {
    const { store, life, id } = await setUp();
    await life.say(id, 'one');
    const asked = await life.model.nth(1);
    await store.write((tx) => deleteSession(tx, id));
    asked.answer();
    await life.worker.stop(10_000);
    expect(life.logged).toEqual([]);
  });

  test('does not start anything when nothing was committed', async () => {
    const { store, life, id } = await setUp();
    life.worker.adopt(id);
    await life.worker.stop(10_000);
    expect(await historyOf(store, id)).toEqual([]);
    expect(await findSession(store.db, id)).toMatchObject({ status: 'idle', attempt: 0 });
    expect(life.model.asked).toEqual([]);
  });
});

describe('A worker that stops', () => {
  async function openFolder() {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-worker-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    return folder;
  }

  test('lets the turn finish that is under way, and leaves the queued one to the next start', async () => {
    const folder = await openFolder();
    const before = await openStore({ kind: 'sqlite', folder });
    const first = live(before);
    const { id } = await seedSession(before, 'sesn_1');
    await first.say(id, 'one');
    const asked = await first.model.nth(1);
    await first.say(id, 'two');
    const stopped = first.worker.stop(10_000);
    asked.answer();
    await stopped;
    const writes = first.state.writes;
    expect(first.model.saids()).toEqual(['one']);
    expect(await findSession(before.db, id)).toMatchObject({ status: 'running', queued: 0 });
    await before.close();

    const after = await openStore({ kind: 'sqlite', folder });
    closers.push(after.close);
    const second = live(after);
    expect(await second.worker.recover()).toBe(1);
    (await second.model.nth(1)).answer();
    const events = await untilIdle(after, id);
    expect(orderProblems(events)).toEqual([]);
    expect(textsOf(events, 'agent.message')).toEqual(['one!', 'two!']);
    await second.worker.stop(10_000);
    expect([first.model.asked.length, first.state.writes, first.logged]).toEqual([1, writes, []]);
  });

  test('starts none of those that wait, nor what comes during the grace', async () => {
    const store = await openStore({ kind: 'memory' });
    closers.push(store.close);
    const life = live(store, { max_turns: 1 });
    for (const id of ['sesn_a', 'sesn_b', 'sesn_c']) await seedSession(store, id);
    await life.say('sesn_a', 'a');
    await life.say('sesn_b', 'b');
    const asked = await life.model.nth(1);
    const stopped = life.worker.stop(10_000);
    await life.say('sesn_c', 'c');
    life.worker.adopt('sesn_c');
    life.worker.interrupt('sesn_b');
    asked.answer();
    await stopped;
    expect(life.model.saids()).toEqual(['a']);
    const statuses = await store.db.selectFrom('sessions').select('status').orderBy('id').execute();
    expect(statuses.map(({ status }) => status)).toEqual(['idle', 'running', 'running']);
    expect(life.logged).toEqual([]);
  });

  test('gives up when the grace is over, and writes nothing about that', async () => {
    const store = await openStore({ kind: 'memory' });
    closers.push(store.close);
    const life = live(store);
    const { id } = await seedSession(store, 'sesn_1');
    await life.say(id, 'one');
    await life.model.nth(1);
    const { writes } = life.state;
    await life.worker.stop(0);
    expect(life.state.writes).toBe(writes);
    expect(await findSession(store.db, id)).toMatchObject({ status: 'running', attempt: 1 });
    expect(life.logged).toEqual([]);
  });
});

describe('When there are more sessions than turns may run', () => {
  /** Sessions of these names, of which each has said its name, one after the other. */
  async function queueUp(max_turns: number, ...names: string[]) {
    const store = await openStore({ kind: 'memory' });
    closers.push(store.close);
    const life = live(store, { max_turns });
    closers.push(() => life.worker.stop(0));
    for (const name of names) {
      await seedSession(store, name);
      await life.say(name, name);
    }
    return { store, life };
  }

  test('they are asked about in order of arrival, no more at once than may run', async () => {
    const { store, life } = await queueUp(2, 'a', 'b', 'c', 'd', 'e');
    await life.model.nth(2);
    for (let done = 1; done <= 3; done++) {
      expect(life.model.asked).toHaveLength(done + 1);
      life.model.asked[done - 1]?.answer();
      await life.model.nth(done + 2);
    }
    for (const { answer } of life.model.asked) answer();
    for (const id of ['a', 'b', 'c', 'd', 'e']) await untilIdle(store, id);
    expect(life.model.saids()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('an interrupt lets one past the line, and the others keep their places', async () => {
    const { store, life } = await queueUp(1, 'a', 'b', 'c', 'd');
    await life.model.nth(1);
    await life.interrupt('c');
    const interrupted = await untilIdle(store, 'c');
    expect(orderProblems(interrupted)).toEqual([]);
    expect(textsOf(interrupted, 'agent.message')).toEqual([]);
    expect(life.model.saids()).toEqual(['a']);
    for (let n = 1; n <= 3; n++) (await life.model.nth(n)).answer();
    for (const id of ['a', 'b', 'd']) await untilIdle(store, id);
    expect(life.model.saids()).toEqual(['a', 'b', 'd']);
  });

  test('one with queued messages goes to the back of the line', async () => {
    const { store, life } = await queueUp(1, 'a', 'b', 'c');
    await life.say('a', 'again');
    for (let n = 1; n <= 4; n++) (await life.model.nth(n)).answer();
    for (const id of ['a', 'b', 'c']) await untilIdle(store, id);
    expect(life.model.saids()).toEqual(['a', 'b', 'c', 'again']);
  });

  test('what a crash left behind is taken up within the same bound', async () => {
    const { store, life } = await queueUp(1, 'a', 'b', 'c');
    await life.model.nth(1);
    await life.worker.stop(0);
    const next = live(store, { max_turns: 1 });
    closers.push(() => next.worker.stop(0));
    expect(await next.worker.recover()).toBe(3);
    for (let n = 1; n <= 3; n++) {
      const asked = await next.model.nth(n);
      expect(next.model.asked).toHaveLength(n);
      asked.answer();
    }
    for (const id of ['a', 'b', 'c']) expect(orderProblems(await untilIdle(store, id))).toEqual([]);
  });
});
