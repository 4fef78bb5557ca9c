import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { linkedBuses } from '../../test/linked-buses.ts';
import { ownHub } from '../../test/own-hub.ts';
import { eventually } from '../../test/story.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { insertSession } from '../store/sessions.ts';
import { sampleSession, seedSession } from '../store/store.testsuite.ts';
import { createFollowing } from './following.ts';

let store: Store;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  store = await openStore({ kind: 'memory' });
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
});

/** Sessions that are listened to, and what is learned of them. */
function follow(followed: () => readonly string[]) {
  const learned = new Map<string, number>();
  const [bus] = linkedBuses(2);
  const gone: string[] = [];
  const hub = {
    ...{ ...ownHub(), followed, learn: (id: string, seq: number) => void learned.set(id, seq) },
    publishDeleted: (id: string, event: string) =>
      void gone.push(`${id} ${(JSON.parse(event) as { type: string }).type}`),
  };
  return {
    bus,
    learned,
    gone,
    following: createFollowing({
      store,
      bus,
      hub,
      clock: createClock(Date.now),
      ids: createIds(createClock(Date.now), randomBytes),
    }),
  };
}

test('How far the sessions have come that somebody listens to is looked up now and then', async () => {
  await seedSession(store, 'sesn_1', { last_seq: 7 });
  let followed: string[] = [];
  const { following, learned } = follow(() => followed);
  following.start();
  vi.advanceTimersByTime(2000);
  await following.stop();
  expect([...learned]).toEqual([]);
  followed = ['sesn_1', 'sesn_gone'];
  following.start();
  vi.advanceTimersByTime(2000);
  await following.stop();
  expect([...learned]).toEqual([['sesn_1', 7]]);
});

test('It is looked up at once when signals may have been lost, for however many sessions', async () => {
  const seeded = await seedSession(store, 'sesn_0', { last_seq: 1 });
  const ids = Array.from({ length: 1200 }, (_, i) => `sesn_${i}`);
  await store.write(async (tx) => {
    for (const id of ids.slice(1))
      await insertSession(
        tx,
        sampleSession(id, {
          ...{ agent_id: seeded.agent_id, environment_id: seeded.environment_id, last_seq: 1 },
        }),
      );
  });
  const { bus, learned } = follow(() => ids);
  bus.gap();
  await eventually('all of them', () => learned.size === ids.length);
});

test('A look that fails is made up for by the next one', async () => {
  await seedSession(store, 'sesn_1', { last_seq: 7 });
  let failures = 1;
  const { following, learned } = follow(() => {
    if (failures-- > 0) throw new Error('connection lost');
    return ['sesn_1'];
  });
  following.start();
  vi.advanceTimersByTime(2000);
  await new Promise((resolve) => setImmediate(resolve));
  vi.advanceTimersByTime(2000);
  await following.stop();
  expect([...learned]).toEqual([['sesn_1', 7]]);
});

test('Who listens to a session that is gone is told so, even when nobody said it', async () => {
  await seedSession(store, 'sesn_1', { last_seq: 7 });
  const { following, learned, gone } = follow(() => ['sesn_1', 'sesn_2']);
  following.start();
  vi.advanceTimersByTime(2000);
  await following.stop();
  expect([...learned]).toEqual([['sesn_1', 7]]);
  expect(gone).toEqual(['sesn_2 session.deleted']);
});
