import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createReadiness } from './health.ts';

let time = 0;
beforeEach(() => {
  time = 0;
});
afterEach(() => vi.useRealTimers());

function readiness(probe: () => Promise<void> = async () => {}) {
  return createReadiness({ probe, elapsed: () => time });
}

describe('A process wants requests', () => {
  test('from the end of its start to the beginning of its end', async () => {
    const process = readiness();
    expect(await process.reason()).toBe('starting');
    process.start();
    expect(await process.reason()).toBeNull();
    process.drain();
    expect(await process.reason()).toBe('draining');
    process.start();
    expect(await process.reason()).toBe('draining');
  });

  test('as long as its database can be written to, which is asked once a second at most', async () => {
    let asked = 0;
    let broken = false;
    const process = readiness(async () => {
      asked++;
      if (broken) throw new Error('The disk is full');
    });
    process.start();
    const reasons = await Promise.all(Array.from({ length: 100 }, () => process.reason()));
    expect([new Set(reasons), asked]).toEqual([new Set([null]), 1]);
    broken = true;
    expect(await process.reason()).toBeNull();
    time = 1000;
    expect(await process.reason()).toBe('database_unavailable');
    broken = false;
    time = 2000;
    expect(await process.reason()).toBeNull();
    expect(asked).toBe(3);
  });

  test('and not while its database does not answer', async () => {
    const process = readiness(() => new Promise(() => {}));
    process.start();
    vi.useFakeTimers();
    const asking = process.reason();
    await vi.advanceTimersByTimeAsync(2000);
    expect(await asking).toBe('database_unavailable');
  });
});
