import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { quietLog } from '../../test/pawl.ts';
import type { Log } from '../core/log.ts';
import { createHousekeeping } from './housekeeping.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A house with two things to do, of which the first can be held up or fail. */
function keep({
  isMine = true,
  first = async () => {},
}: {
  isMine?: boolean;
  first?: () => Promise<void>;
} = {}) {
  const done: string[] = [];
  const warned: unknown[] = [];
  const log: Log = { ...quietLog, warn: (fields) => void warned.push(fields) };
  const state = { isMine };
  let wake = (): void => {};
  const housekeeping = createHousekeeping({
    log,
    duty: {
      ...{ isMine: () => state.isMine, wake: () => {} },
      onWake(given) {
        wake = given;
      },
    },
    tasks: [
      async () => {
        done.push('first');
        await first();
      },
      async () => void done.push('second'),
    ],
  });
  housekeeping.start();
  return { housekeeping, done, warned, state, wake: () => wake() };
}

test('Everything is done when the duty becomes ours, and every minute after that', async () => {
  const { housekeeping, done, state, wake } = keep({ isMine: false });
  wake();
  vi.advanceTimersByTime(60_000);
  await settled();
  expect(done).toEqual([]);
  state.isMine = true;
  wake();
  await settled();
  expect(done).toEqual(['first', 'second']);
  vi.advanceTimersByTime(60_000);
  await settled();
  expect(done).toEqual(['first', 'second', 'first', 'second']);
  await housekeeping.stop();
});

test('What fails is said, and keeps nothing else from being done', async () => {
  const err = new Error('The disk is full');
  const { housekeeping, done, warned, wake } = keep({ first: () => Promise.reject(err) });
  wake();
  await settled();
  expect([done, warned]).toEqual([['first', 'second'], [{ err }]]);
  await housekeeping.stop();
});

test('Nothing is done twice at a time, nor by somebody whose duty it is no more', async () => {
  const held = Promise.withResolvers<void>();
  const { housekeeping, done, state, wake } = keep({ first: () => held.promise });
  wake();
  wake();
  vi.advanceTimersByTime(60_000);
  await settled();
  expect(done).toEqual(['first']);
  state.isMine = false;
  held.resolve();
  await settled();
  expect(done).toEqual(['first']);
  await housekeeping.stop();
});

test('Stopping waits for what is under way, and begins nothing more', async () => {
  const held = Promise.withResolvers<void>();
  const { housekeeping, done, wake } = keep({ first: () => held.promise });
  wake();
  await settled();
  let stopped = false;
  const stop = housekeeping.stop().then(() => {
    stopped = true;
  });
  await settled();
  expect(stopped).toBe(false);
  held.resolve();
  await stop;
  vi.advanceTimersByTime(60_000);
  await settled();
  expect(done).toEqual(['first']);
});
