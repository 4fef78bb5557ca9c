import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inTime, readPatienceMs } from './patience.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('What is read in time is given, or why it could not be, and nobody waits any more', async () => {
  await expect(inTime(Promise.resolve(7))).resolves.toBe(7);
  await expect(inTime(Promise.reject(new Error('connection lost')))).rejects.toThrow('connection lost');
  expect(vi.getTimerCount()).toBe(0);
});

test('A read that is never answered is given up', async () => {
  const reading = inTime(new Promise(() => {}));
  vi.advanceTimersByTime(readPatienceMs);
  await expect(reading).rejects.toThrow('The database does not answer');
});
