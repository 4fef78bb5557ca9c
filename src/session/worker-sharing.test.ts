import { afterEach, describe, expect, test } from 'vitest';
import { quietLog } from '../../test/pawl.ts';
import { migratedDatabase } from '../../test/postgres.ts';
import { eventually } from '../../test/story.ts';
import { orderProblems } from '../../test/turn-order.ts';
import { openSharedLine } from '../queue/line.ts';
import { openStore } from '../store/open.ts';
import { findSession, updateSession } from '../store/sessions.ts';
import { seedSession } from '../store/store.testsuite.ts';
import { historyOf, live, textsOf, untilIdle } from './worker.testsuite.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describe('Of processes that share a PostgreSQL database', () => {
  /** Two processes, of which the second takes no turns before it is told so, and a session. */
  async function setUp() {
    const database = await migratedDatabase();
    closers.push(database.drop);
    const open = async (name: string) => {
      const store = await openStore({ kind: 'postgres', url: database.url });
      closers.push(store.close);
      const line = await openSharedLine({ url: database.url, log: quietLog, name });
      closers.push(line.close);
      return { store, line };
    };
    const first = await open('one');
    const second = await open('two');
    const one = live(first.store, { line: first.line });
    closers.push(() => one.worker.stop(0));
    const startTwo = () => {
      const two = live(second.store, { line: second.line });
      closers.push(() => two.worker.stop(0));
      return two;
    };
    const { id } = await seedSession(first.store, 'sesn_1');
    return { store: first.store, one, startTwo, id };
  }

  test('another one goes on with a turn that one has let go, and asks again', async () => {
    const { store, one, startTwo, id } = await setUp();
    await one.say(id, 'one');
    await one.model.nth(1);
    await one.say(id, 'two');
    const two = startTwo();
    const heard = two.listen(id);
    await one.worker.stop(0);
    (await two.model.nth(1)).answer();
    (await two.model.nth(2)).answer();
    const events = await untilIdle(store, id);
    expect(orderProblems(events)).toEqual([]);
    expect(textsOf(events, 'user.message')).toEqual(['one', 'two']);
    expect(textsOf(events, 'agent.message')).toEqual(['one!', 'two!']);
    await eventually('all of it on the stream', () => heard.length === events.length);
    expect(heard).toEqual(events);
    expect((await findSession(store.db, id))?.attempt).toBe(3);
    expect([one.logged, two.logged]).toEqual([[], []]);
  });

  test('each turn is run by one, and an interrupt finds it wherever it runs', async () => {
    const { store, one, startTwo, id } = await setUp();
    await one.say(id, 'one');
    await one.model.nth(1);
    const two = startTwo();
    const heard = two.listen(id);
    await two.interrupt(id);
    const events = await untilIdle(store, id);
    expect(orderProblems(events)).toEqual([]);
    expect(textsOf(events, 'agent.message')).toEqual([]);
    await eventually('all of it on the stream', () => heard.length === events.length);
    expect([one.model.asked.length, two.model.asked.length]).toEqual([1, 0]);
  });

  test('an interrupt that is heard late ends nothing of what came after it', async () => {
    const { store, one, startTwo, id } = await setUp();
    await one.say(id, 'one');
    await one.model.nth(1);
    const two = startTwo();
    await two.interrupt(id);
    await untilIdle(store, id);
    await one.say(id, 'two');
    const again = await eventually('the next turn', () => one.model.asked[1] ?? two.model.asked[0]);
    for (const life of [one, two]) life.worker.interrupt(id, 1);
    again.answer();
    expect(textsOf(await untilIdle(store, id), 'agent.message')).toEqual(['two!']);
  });

  test('one that was taken for dead writes nothing more', async () => {
    const { store, one, id } = await setUp();
    await one.say(id, 'one');
    const late = await one.model.nth(1);
    const row = await findSession(store.db, id);
    await store.write((tx) => updateSession(tx, id, { attempt: (row?.attempt ?? 0) + 1 }));
    const before = await historyOf(store, id);
    late.answer();
    await eventually('that it is over here', () => one.worker.load().running === 0);
    expect(await historyOf(store, id)).toEqual(before);
    expect(await one.worker.recover()).toBe(1);
    (await one.model.nth(2)).answer();
    expect(textsOf(await untilIdle(store, id), 'agent.message')).toEqual(['one!']);
    expect(one.logged).toEqual([]);
  });
});
