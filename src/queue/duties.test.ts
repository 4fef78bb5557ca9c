import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { linkedBuses } from '../../test/linked-buses.ts';
import { quietLog } from '../../test/pawl.ts';
import { freshDatabase } from '../../test/postgres.ts';
import { eventually } from '../../test/story.ts';
import { type Bus, silentBus } from '../core/bus.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { createDuties, type Duties, dutyNames } from './duties.ts';
import { openSharedLine } from './line.ts';
import { createMemoryQueue } from './memory-queue.ts';
import type { Job, Queue } from './queue.ts';

let store: Store;
let now: number;
let all: Duties[];

beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
  now = 0;
  all = [];
});
afterEach(async () => {
  for (const duties of all) await duties.stop();
  vi.useRealTimers();
  await store.close();
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** One process, and how often it was woken to do the webhooks. */
async function process(queue: Queue, bus: Bus = silentBus) {
  const duties = createDuties({ store, queue, bus, log: quietLog, elapsed: () => now });
  all.push(duties);
  const duty = duties.of('webhooks');
  const state = { woken: 0, wasMine: [] as boolean[] };
  duty.onWake(() => {
    state.woken++;
    state.wasMine.push(duty.isMine());
  });
  return { duties, duty, state };
}

describe('A process that is alone', () => {
  test('has every duty once it has started, however long it is asleep, and none when it stops', async () => {
    const { duties, duty, state } = await process(createMemoryQueue());
    expect(duty.isMine()).toBe(false);
    await duties.start();
    await settled();
    expect([duty.isMine(), state.wasMine]).toEqual([true, [true]]);
    now += 3_600_000;
    expect(duty.isMine()).toBe(true);
    await duties.stop();
    expect(duty.isMine()).toBe(false);
  });

  test('wakes what it does itself', async () => {
    const { duties, duty, state } = await process(createMemoryQueue());
    await duties.start();
    await settled();
    duty.wake();
    expect(state.woken).toBe(2);
  });
});

describe('A process that shares its duties', () => {
  /** What this process has, as its queue sees it. */
  let held: Job[];
  let lost: string[];
  let answers: boolean;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    [held, lost, answers] = [[], [], true];
  });

  /** A queue that is told what is still at work, as long as it answers. */
  function durable(): Queue {
    return {
      ...{ ...createMemoryQueue(), durable: true },
      async touch(_, jobs) {
        if (!answers) throw new Error('connection lost');
        held = [...jobs];
        return jobs.flatMap(({ id, subject }) => (lost.includes(subject) ? [id] : []));
      },
    };
  }

  async function beat(ms: number): Promise<void> {
    now += ms;
    vi.advanceTimersByTime(2500);
    await settled();
  }

  test('knows at once that a duty may not be its own any more, when nobody has heard of it', async () => {
    const { duties, duty } = await process(durable());
    await duties.start();
    await settled();
    now += 8999;
    expect(duty.isMine()).toBe(true);
    now += 1;
    expect(duty.isMine()).toBe(false);
  });

  test('tells others when it was asleep, and when calls may have been lost looks by itself', async () => {
    const [bus] = linkedBuses(2);
    const { duties, duty, state } = await process(durable(), bus);
    await duties.start();
    await settled();
    duty.wake();
    expect([state.woken, bus.said]).toEqual([2, []]);
    bus.gap();
    expect(state.woken).toBe(3);
    now += 9000;
    duty.wake();
    expect(bus.said).toEqual([{ type: 'wake', duty: 'webhooks' }]);
  });

  test('keeps it as long as it is heard of, and catches up when it was not for a while', async () => {
    const { duties, duty, state } = await process(durable());
    await duties.start();
    await settled();
    for (let i = 0; i < 8; i++) await beat(2500);
    expect(held.map(({ subject }) => subject)).toContain('webhooks');
    expect([duty.isMine(), state.woken]).toEqual([true, 1]);
    answers = false;
    await beat(10_000);
    expect([duty.isMine(), state.woken]).toEqual([false, 1]);
    answers = true;
    await beat(2500);
    expect([duty.isMine(), state.woken, state.wasMine]).toEqual([true, 2, [true, true]]);
  });

  test('does nothing more of one that somebody else has got meanwhile', async () => {
    const { duties, duty, state } = await process(durable());
    await duties.start();
    await settled();
    lost = ['webhooks'];
    await beat(10_000);
    expect([duty.isMine(), duties.of('release').isMine()]).toEqual([false, true]);
    expect(state.woken).toBe(1);
  });

  test('is told by another one that there is something to do', async () => {
    const [here, there] = linkedBuses(2);
    const holder = await process(durable(), here);
    const other = await process({ ...durable(), take: async () => [] }, there);
    await holder.duties.start();
    await other.duties.start();
    await settled();
    expect([holder.duty.isMine(), other.duty.isMine()]).toEqual([true, false]);
    other.duty.wake();
    expect(holder.state.woken).toBe(2);
  });
});

test('Of two processes on PostgreSQL, one does each duty, and the other one as soon as that stops', async () => {
  const database = await freshDatabase();
  const shared = await openStore({ kind: 'postgres', url: database.url });
  const lines = [];
  for (const name of ['one', 'two'])
    lines.push(await openSharedLine({ url: database.url, name, log: quietLog }));
  try {
    const both = lines.map(({ queue, bus }) =>
      createDuties({ ...{ store: shared, queue, bus }, log: quietLog, elapsed: () => performance.now() }),
    );
    all.push(...both);
    const holders = (): string[] =>
      dutyNames.map((name) => both.map((duties) => (duties.of(name).isMine() ? 'x' : '-')).join(''));
    const [first, second] = both;
    await first?.start();
    await eventually('that everything is seen to', () => holders().every((who) => who === 'x-'));
    let woken = 0;
    second?.of('webhooks').onWake(() => woken++);
    await second?.start();
    expect(holders().every((who) => who === 'x-')).toBe(true);
    await first?.stop();
    await eventually('that the other one has taken over', () => holders().every((who) => who === '-x'));
    expect(woken).toBe(1);
    await second?.stop();
    expect(holders().every((who) => who === '--')).toBe(true);
  } finally {
    for (const line of lines) await line.close();
    await shared.close();
    await database.drop();
  }
});
