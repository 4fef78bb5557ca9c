import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ownHub } from '../../test/own-hub.ts';
import type { EventRow } from '../store/events.ts';
import { sampleEvent } from '../store/store.testsuite.ts';
import type { Hub, Listener } from './hub.ts';
import { readPatienceMs } from './patience.ts';

const session = 'sesn_1';
const rows = (...numbers: number[]): EventRow[] => numbers.map((seq) => sampleEvent(session, seq));

/** A listener that notes what it is told. */
function recorder(onEvents: (numbers: number[]) => void = () => {}) {
  const heard: (number | string)[] = [];
  const listener: Listener = {
    onEvents(told) {
      const numbers = told.map((row) => row.seq);
      heard.push(...numbers);
      onEvents(numbers);
    },
    onQueued: (data) => heard.push(`queued ${data}`),
    onDeleted: (data) => heard.push(`deleted ${data}`),
  };
  return { heard, listener };
}

/** Reads of a history that answer when a test says so. */
function reads() {
  const asked: number[] = [];
  const answers: PromiseWithResolvers<readonly EventRow[]>[] = [];
  const readAfter = (_session: string, seq: number) => {
    asked.push(seq);
    const answer = Promise.withResolvers<readonly EventRow[]>();
    answers.push(answer);
    return answer.promise;
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { asked, answers, readAfter, settled };
}

const nothing = () => Promise.reject(new Error('Nothing was to be read'));

describe('A listener', () => {
  test('hears what is published after it began, in order', () => {
    const hub = ownHub(nothing);
    const { heard, listener } = recorder();
    hub.publish(session, rows(1));
    hub.subscribe(session, listener).startAfter(1);
    hub.publish(session, rows(2, 3));
    hub.publish('sesn_2', rows(9));
    hub.publish(session, rows(4));
    expect(heard).toEqual([2, 3, 4]);
  });

  test('hears nothing before it knows where it begins, and then what was held', () => {
    const hub = ownHub(nothing);
    const { heard, listener } = recorder();
    const subscription = hub.subscribe(session, listener);
    hub.publish(session, rows(4, 5));
    hub.publish(session, rows(6));
    expect(heard).toEqual([]);
    subscription.startAfter(4);
    expect(heard).toEqual([5, 6]);
  });

  test('hears of a queued event no earlier than of its beginning', () => {
    const hub = ownHub(nothing);
    const { heard, listener } = recorder();
    const subscription = hub.subscribe(session, listener);
    hub.publishQueued(session, ['a'], 1);
    expect(heard).toEqual([]);
    subscription.startAfter(0);
    hub.publishQueued(session, ['b'], 2);
    expect(heard).toEqual(['queued a', 'queued b']);
  });

  test('hears of the end of a session after everything that was held, and of nothing else', () => {
    const hub = ownHub(nothing);
    const { heard, listener } = recorder();
    const subscription = hub.subscribe(session, listener);
    hub.publish(session, rows(5));
    hub.publishDeleted(session, 'gone');
    subscription.startAfter(4);
    hub.publish(session, rows(6));
    expect(heard).toEqual([5, 'deleted gone']);
  });

  test('hears each event once, however often it is published', () => {
    const hub = ownHub(nothing);
    const { heard, listener } = recorder();
    hub.subscribe(session, listener).startAfter(0);
    for (const numbers of [[1], [1, 2], [2, 1], [3, 3, 3]]) hub.publish(session, rows(...numbers));
    expect(heard).toEqual([1, 2, 3]);
  });

  test('hears what was published out of order in order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 }), (order) => {
        const hub = ownHub(() => new Promise(() => {}));
        const { heard, listener } = recorder();
        hub.subscribe(session, listener).startAfter(0);
        for (const seq of order) hub.publish(session, rows(seq));
        expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      }),
    );
  });

  test('hears the end of a session once and nothing after it', async () => {
    const hub = ownHub(nothing);
    const { heard, listener } = recorder();
    const subscription = hub.subscribe(session, listener);
    subscription.startAfter(0);
    hub.publishDeleted(session, 'gone');
    hub.publishDeleted(session, 'again');
    hub.publish(session, rows(1));
    hub.publishQueued(session, ['a'], 1);
    subscription.close();
    expect(heard).toEqual(['deleted gone']);
  });

  test('hears nothing more once it is closed, not even what was held for it', () => {
    const hub = ownHub(nothing);
    const { heard, listener } = recorder();
    const subscription = hub.subscribe(session, listener);
    hub.publish(session, rows(1));
    subscription.close();
    subscription.close();
    hub.publish(session, rows(2));
    hub.publishQueued(session, ['a'], 1);
    hub.publishDeleted(session, 'gone');
    subscription.startAfter(0);
    expect(heard).toEqual([]);
  });

  test('hears what belongs together together', () => {
    const hub = ownHub(nothing);
    const told: number[][] = [];
    const subscription = hub.subscribe(session, recorder((numbers) => told.push(numbers)).listener);
    hub.publish(session, rows(1, 2));
    hub.publish(session, rows(3));
    subscription.startAfter(0);
    hub.publish(session, rows(4, 5));
    expect(told).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test('that closes itself while it is told of events hears nothing more', async () => {
    const { asked, readAfter } = reads();
    const hub = ownHub(readAfter);
    const { heard, listener } = recorder(() => subscription.close());
    const subscription = hub.subscribe(session, listener);
    subscription.startAfter(0);
    hub.publish(session, rows(1, 2, 4));
    hub.publish(session, rows(3));
    expect([heard, asked.length]).toEqual([[1, 2], 0]);
  });

  test('that closes does not disturb another one, nor one that comes later', () => {
    const hub = ownHub(nothing);
    const [one, two, three] = [recorder(), recorder(), recorder()];
    const first = hub.subscribe(session, one.listener);
    const second = hub.subscribe(session, two.listener);
    for (const subscription of [first, second]) subscription.startAfter(0);
    first.close();
    hub.publish(session, rows(1));
    second.close();
    hub.subscribe(session, three.listener).startAfter(1);
    first.close();
    second.close();
    hub.publish(session, rows(2));
    expect([one.heard, two.heard, three.heard]).toEqual([[], [1], [2]]);
  });

  test('that fails harms neither the one who publishes nor the others', () => {
    const hub = ownHub(nothing);
    const other = recorder();
    const failing = recorder(() => {
      throw new Error('The socket is gone');
    });
    hub.subscribe(session, failing.listener).startAfter(0);
    hub.subscribe(session, other.listener).startAfter(0);
    expect(() => hub.publish(session, rows(1))).not.toThrow();
    expect(other.heard).toEqual([1]);
  });
});

describe('A gap', () => {
  test('is filled from the store, and what is behind it follows', async () => {
    const { asked, answers, readAfter, settled } = reads();
    const hub = ownHub(readAfter);
    const { heard, listener } = recorder();
    hub.subscribe(session, listener).startAfter(0);
    hub.publish(session, rows(1, 4));
    hub.publish(session, rows(5));
    expect([heard, asked]).toEqual([[1], [1]]);
    answers[0]?.resolve(rows(2, 3, 4));
    await settled();
    expect([heard, asked]).toEqual([[1, 2, 3, 4, 5], [1]]);
  });

  test('is read again when a read of it was never answered', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { asked, answers, readAfter, settled } = reads();
    const hub = ownHub(readAfter);
    const { heard, listener } = recorder();
    hub.subscribe(session, listener).startAfter(0);
    hub.learn(session, 2);
    hub.learn(session, 3);
    expect(asked).toEqual([0]);
    vi.advanceTimersByTime(readPatienceMs);
    await settled();
    hub.learn(session, 3);
    expect(asked).toEqual([0, 0]);
    answers[1]?.resolve(rows(1, 2, 3));
    await settled();
    // Should it be answered at last, nothing is repeated.
    answers[0]?.resolve(rows(1, 2));
    await settled();
    expect(heard).toEqual([1, 2, 3]);
  });

  test('that closes by itself while it is read repeats nothing', async () => {
    const { answers, readAfter, settled } = reads();
    const hub = ownHub(readAfter);
    const { heard, listener } = recorder();
    hub.subscribe(session, listener).startAfter(0);
    hub.publish(session, rows(3));
    hub.publish(session, rows(1, 2));
    answers[0]?.resolve(rows(1, 2, 3));
    await settled();
    expect(heard).toEqual([1, 2, 3]);
  });

  test('between the beginning and the first event is filled as well', async () => {
    const { asked, answers, readAfter, settled } = reads();
    const hub = ownHub(readAfter);
    const { heard, listener } = recorder();
    const subscription = hub.subscribe(session, listener);
    hub.publish(session, rows(8));
    subscription.startAfter(5);
    expect(asked).toEqual([5]);
    answers[0]?.resolve(rows(6, 7));
    await settled();
    expect(heard).toEqual([6, 7, 8]);
  });

  test('that takes several reads is filled piece by piece', async () => {
    const { asked, answers, readAfter, settled } = reads();
    const hub = ownHub(readAfter);
    const { heard, listener } = recorder();
    hub.subscribe(session, listener).startAfter(0);
    hub.publish(session, rows(6));
    for (const piece of [rows(1, 2), rows(3, 4), rows(5)]) {
      answers.at(-1)?.resolve(piece);
      await settled();
    }
    expect(asked).toEqual([0, 2, 4]);
    expect(heard).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that cannot be read is tried again at the next event', async () => {
    const { asked, answers, readAfter, settled } = reads();
    const hub = ownHub(readAfter);
    const { heard, listener } = recorder();
    hub.subscribe(session, listener).startAfter(0);
    hub.publish(session, rows(2));
    answers[0]?.reject(new Error('connection lost'));
    await settled();
    hub.publish(session, rows(3));
    answers[1]?.resolve(rows(1, 2, 3));
    await settled();
    expect([heard, asked]).toEqual([
      [1, 2, 3],
      [0, 0],
    ]);
  });

  test('that the store cannot fill is not asked for again and again', async () => {
    let asked = 0;
    // A store that answers at once would otherwise keep the process busy for ever.
    const hub = ownHub(() => (++asked > 20 ? new Promise<EventRow[]>(() => {}) : Promise.resolve([])));
    hub.subscribe(session, recorder().listener).startAfter(0);
    hub.publish(session, rows(2));
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBeLessThanOrEqual(2);
  });

  test('is forgotten when the listener closes or the session goes while it is read', async () => {
    const { answers, readAfter, settled } = reads();
    const hub = ownHub(readAfter);
    const [one, two] = [recorder(), recorder()];
    const subscription = hub.subscribe(session, one.listener);
    subscription.startAfter(0);
    hub.publish(session, rows(2));
    subscription.close();
    hub.subscribe(session, two.listener).startAfter(0);
    hub.publish(session, rows(2));
    hub.publishDeleted(session, 'gone');
    for (const answer of answers) answer.resolve(rows(1, 2));
    await settled();
    expect([one.heard, two.heard]).toEqual([[], ['deleted gone']]);
  });
});

/** Lets three listeners come and go, each in a way of its own. */
function comeAndGo(hub: Hub): WeakRef<Listener>[] {
  const listeners = [recorder().listener, recorder().listener, recorder().listener] as const;
  const [waiting, closed, deleted] = listeners.map((listener, i) => hub.subscribe(`sesn_${i}`, listener));
  hub.publish('sesn_0', rows(1));
  waiting?.close();
  closed?.startAfter(0);
  closed?.close();
  deleted?.startAfter(0);
  hub.publishDeleted('sesn_2', 'gone');
  return listeners.map((listener) => new WeakRef(listener));
}

test('listeners that are gone leave nothing behind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const hub = ownHub(nothing);
  const left = comeAndGo(hub);
  // A weak reference holds on until the end of the turn in which it was made.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(left.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined]);
  // The hub itself is still there, so that it is not what let them go.
  hub.publish(session, rows(1));
});
