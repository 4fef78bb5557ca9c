import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { quietLog } from '../../test/pawl.ts';
import { migratedDatabase } from '../../test/postgres.ts';
import { eventually } from '../../test/story.ts';
import { orderProblems } from '../../test/turn-order.ts';
import { lineOfOne, openSharedLine } from '../queue/line.ts';
import { openStore } from '../store/open.ts';
import { deleteSession, findSession } from '../store/sessions.ts';
import { seedSession } from '../store/store.testsuite.ts';
import { historyOf, live, noTools, textsOf, untilIdle } from './worker.testsuite.ts';

/*
 * The goal: however commits and signals fall, a session comes to its end, with a history in order and nothing twice.
 * The method: the real rooms on a real store whose answers can be lost, and a model that answers when told so.
 */

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const lost = 'Connection terminated unexpectedly';
const unrecorded = `A turn could not be recorded; trying again: ${lost}`;

describe.each(['memory', 'postgres'] as const)('On %s, a session whose commit was lost', (kind) => {
  let count = 0;

  async function setUp() {
    const database = kind === 'postgres' ? await migratedDatabase() : null;
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

describe('A turn that fails again and again', () => {
  const failing = async (failures: number, error: Error) => {
    const store = await openStore({ kind: 'memory' });
    closers.push(store.close);
    let left = failures;
    const open = async () => {
      if (left-- > 0) throw error;
      return noTools;
    };
    const life = live(store, { open, repair_ms: 1 });
    closers.push(() => life.worker.stop(0));
    const { id } = await seedSession(store, 'sesn_1');
    await life.say(id, 'one');
    return { store, life, id };
  };

  test('ends with an error after a while, and the session takes the next message', async () => {
    const { store, life, id } = await failing(5, new Error('Nobody knows why'));
    const events = await untilIdle(store, id);
    expect(orderProblems(events)).toEqual([]);
    const errors = events.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
    expect(errors).toMatchObject([{ type: 'unknown_error', retry_status: { type: 'exhausted' } }]);
    expect(life.logged).toHaveLength(5);

    await life.say(id, 'two');
    (await life.model.nth(1)).answer();
    expect(textsOf(await untilIdle(store, id), 'agent.message')).toEqual(['two!']);
  });

  test('goes on where it succeeds in the end, or where it was the database', async () => {
    for (const [failures, error] of [
      [4, new Error('Nobody knows why')],
      [20, new Error(lost)],
    ] as const) {
      const { store, life, id } = await failing(failures, error);
      (await life.model.nth(1)).answer();
      expect(textsOf(await untilIdle(store, id), 'agent.message')).toEqual(['one!']);
      expect(life.logged).toHaveLength(failures);
    }
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

  test('rests between tries to record one that was interrupted', async () => {
    const store = await openStore({ kind: 'memory' });
    closers.push(store.close);
    const life = live(store);
    closers.push(() => life.worker.stop(0));
    const { id } = await seedSession(store, 'sesn_1');
    await life.say(id, 'one');
    await life.model.nth(1);
    const { writes } = life.state;
    life.state.left = 1_000_000;
    life.worker.interrupt(id, 1);
    await eventually('a try', () => life.state.writes > writes);
    for (let rounds = 0; rounds < 50; rounds++) await new Promise((resolve) => setImmediate(resolve));
    expect(life.logged).toEqual([unrecorded]);
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
    life.worker.interrupt('sesn_b', 1);
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
