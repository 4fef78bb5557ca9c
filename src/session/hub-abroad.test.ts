import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linkedBuses } from '../../test/linked-buses.ts';
import type { Bus } from '../core/bus.ts';
import type { EventRow } from '../store/events.ts';
import { sampleEvent } from '../store/store.testsuite.ts';
import { createHub, type Hub } from './hub.ts';

/*
 * The goal: whoever listens in one process hears what another one has committed, each event once and in order.
 * The method: two hubs on a line that a test can lose words on, over a history that both read.
 */

const session = 'sesn_1';
const rowOf = (seq: number): EventRow => sampleEvent(session, seq);
const settled = () => new Promise((resolve) => setImmediate(resolve));
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** What both processes have in their database. */
type Stored = { readonly history: EventRow[]; readonly inbox: Map<number, string> };

const emptyStore = (): Stored => ({ history: [], inbox: new Map() });

/** A hub that reads as much of a history at once as the product does. */
function hubOn(bus: Bus, { history, inbox }: Stored): Hub {
  return createHub({
    bus,
    readAfter: async (_, seq) => history.filter((row) => row.seq > seq).slice(0, 1000),
    readQueued: async (_, { from, to }) =>
      [...inbox].flatMap(([position, data]) => (position >= from && position <= to ? [{ data }] : [])),
  });
}

/** Two processes, of which the first has committed nothing yet. */
function twoProcesses() {
  const stored = emptyStore();
  const [busHere, busThere] = linkedBuses(2);
  const here = hubOn(busHere, stored);
  const there = hubOn(busThere, stored);
  return {
    ...{ ...stored, here, there },
    /** The first one commits so many events, and says so. */
    commit(count: number): void {
      const rows = Array.from({ length: count }, (_, i) => rowOf(stored.history.length + 1 + i));
      stored.history.push(...rows);
      here.publish(session, rows);
    },
  };
}

function listen(hub: Hub) {
  const heard: (number | string)[] = [];
  const subscription = hub.subscribe(session, {
    onEvents: (rows) => heard.push(...rows.map(({ seq }) => seq)),
    onQueued: (data) => heard.push(`queued ${data}`),
    onDeleted: (data) => heard.push(`deleted ${data}`),
  });
  return { heard, ...subscription };
}

describe('What another process commits', () => {
  test('is heard in order, and not by those who listen to something else', async () => {
    const { there, commit } = twoProcesses();
    const listener = listen(there);
    listener.startAfter(0);
    commit(2);
    commit(1);
    await settled();
    commit(1);
    await settled();
    expect(listener.heard).toEqual([1, 2, 3, 4]);
    expect(there.followed()).toEqual([session]);
    listener.close();
    expect(there.followed()).toEqual([]);
  });

  test('is heard once the beginning is known, and only what comes after it', async () => {
    const { there, commit } = twoProcesses();
    const listener = listen(there);
    commit(3);
    await settled();
    expect(listener.heard).toEqual([]);
    listener.startAfter(1);
    await settled();
    expect(listener.heard).toEqual([2, 3]);
  });

  test('is heard however much it is', async () => {
    const { there, commit } = twoProcesses();
    const listener = listen(there);
    listener.startAfter(0);
    commit(3456);
    await settled();
    expect(listener.heard).toEqual(upTo(3456));
  });

  test('goes together with what is committed here', async () => {
    const { here, there, history, commit } = twoProcesses();
    const listener = listen(there);
    listener.startAfter(0);
    commit(1);
    history.push(rowOf(2));
    there.publish(session, [rowOf(2)]);
    await settled();
    expect(listener.heard).toEqual([1, 2]);
    const other = listen(here);
    other.startAfter(1);
    here.learn(session, 2);
    await settled();
    expect(other.heard).toEqual([2]);
  });

  test('to an inbox is read there, unless it has left it meanwhile', async () => {
    const { here, there, inbox } = twoProcesses();
    const listener = listen(there);
    listener.startAfter(0);
    for (const position of [4, 5, 6]) inbox.set(position, `m${position}`);
    here.publishQueued(session, ['m5', 'm6'], 6);
    await settled();
    expect(listener.heard).toEqual(['queued m5', 'queued m6']);
    inbox.clear();
    here.publishQueued(session, ['m7'], 7);
    await settled();
    expect(listener.heard).toHaveLength(2);
  });

  test('as the end of a session is the last that is heard', async () => {
    const { here, there, commit } = twoProcesses();
    const listener = listen(there);
    listener.startAfter(0);
    commit(1);
    await settled();
    here.publishDeleted(session, 'gone');
    commit(1);
    await settled();
    expect(listener.heard).toEqual([1, 'deleted gone']);
    expect(there.followed()).toEqual([]);
  });

  test('is nothing that is read where nobody listens', async () => {
    const [here, there] = linkedBuses(2);
    const never = () => Promise.reject(new Error('Nothing was to be read'));
    createHub({ bus: there, readAfter: never, readQueued: never });
    const hub = hubOn(here, emptyStore());
    hub.publish(session, [rowOf(1)]);
    hub.publishQueued(session, ['m1'], 1);
    await settled();
    expect(here.said.map(({ type }) => type)).toEqual(['events', 'queued']);
  });
});

const action = fc.constantFrom(
  ...([
    'commit here',
    'commit there',
    'report',
    'overtake',
    'forget',
    'carry',
    'overtake word',
    'lose',
  ] as const),
  ...(['read', 'read late', 'fail', 'listen here', 'listen there', 'look'] as const),
);

test('Whatever is lost or late, each event is heard once and in order, and all of them after a look', async () => {
  let heardInAll = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 30, maxLength: 80 }), async (actions) => {
      const history: EventRow[] = [];
      const words: (() => void)[] = [];
      const reads: PromiseWithResolvers<void>[] = [];
      const reports: (() => void)[] = [];
      const listeners: { heard: (number | string)[]; from: number }[] = [];
      const hubs = linkedBuses(2, (deliver) => words.push(deliver)).map((bus) =>
        createHub({
          bus,
          async readAfter(_, seq) {
            const answer = Promise.withResolvers<void>();
            reads.push(answer);
            await answer.promise;
            return history.filter((row) => row.seq > seq).slice(0, 3);
          },
          readQueued: async () => [],
        }),
      );
      const [here, there] = hubs as [Hub, Hub];
      const commit = (hub: Hub): void => {
        const rows = [rowOf(history.length + 1), rowOf(history.length + 2)];
        history.push(...rows);
        reports.push(() => hub.publish(session, rows));
      };
      const startListening = (hub: Hub): void => {
        const listener = listen(hub);
        listeners.push({ heard: listener.heard, from: history.length });
        listener.startAfter(history.length);
      };
      const look = (): void => {
        for (const hub of hubs) hub.learn(session, history.length);
      };
      const acts: Record<(typeof actions)[number], () => void> = {
        'commit here': () => commit(here),
        'commit there': () => commit(there),
        report: () => reports.shift()?.(),
        overtake: () => reports.pop()?.(),
        forget: () => void reports.shift(),
        carry: () => words.shift()?.(),
        'overtake word': () => words.pop()?.(),
        lose: () => void words.shift(),
        read: () => reads.shift()?.resolve(),
        'read late': () => reads.pop()?.resolve(),
        fail: () => reads.shift()?.reject(new Error('connection lost')),
        'listen here': () => startListening(here),
        'listen there': () => startListening(there),
        look,
      };
      for (const name of actions) {
        acts[name]();
        await settled();
        for (const { heard, from } of listeners) expect(heard).toEqual(upTo(from + heard.length, from + 1));
      }
      look();
      for (let rounds = 0; reads.length > 0; rounds++) {
        expect(rounds).toBeLessThan(500);
        reads.shift()?.resolve();
        await settled();
        look();
      }
      for (const { heard, from } of listeners) {
        expect(heard).toEqual(upTo(history.length, from + 1));
        heardInAll += heard.length;
      }
    }),
    { numRuns: 200, seed: 20261123 },
  );
  expect(heardInAll).toBeGreaterThan(1000);
});
