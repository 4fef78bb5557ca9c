import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AfterAttempt, afterAttempt } from './after-attempt.ts';
import type { PostResult } from './post.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const dayUs = dayMs * 1000;

const answered = (status: number, retry_after: string | null = null): PostResult => ({
  ...{ kind: 'answered', status, retry_after },
});
const failed: PostResult = { kind: 'failed', error: 'timed_out' };

type Given = Partial<Parameters<typeof afterAttempt>[0]>;
const judge = (result: PostResult, given: Given = {}): AfterAttempt =>
  afterAttempt({ result, attempts: 1, failing_us: 0, outdated: false, jitter: 0, now_ms: 0, ...given });

test('Any 2xx is a success, and nothing else is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 1, max: 9 }), (status, attempts) => {
      const isSuccess = status >= 200 && status <= 299;
      expect(judge(answered(status), { attempts }).kind === 'delivered').toBe(isSuccess);
    }),
  );
});

test('Waits grow from five seconds to a day, and the ninth attempt is the last', () => {
  const waits = Array.from({ length: 9 }, (_, i) => judge(failed, { attempts: i + 1 }));
  expect(waits.map((one) => (one.kind === 'again' ? one.delay_ms / minuteMs : one.kind))).toEqual([
    ...[1 / 12, 1 / 2, 2, 10, 60, 240, 720, 1440],
    'dead',
  ]);
});

test('Chance adds to a wait, up to a quarter of it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (jitter) => {
      const after = judge(failed, { jitter, attempts: 3 });
      expect(after).toMatchObject({ kind: 'again' });
      const { delay_ms } = after as { delay_ms: number };
      expect(delay_ms).toBeGreaterThanOrEqual(2 * minuteMs);
      expect(delay_ms).toBeLessThanOrEqual(2.5 * minuteMs);
    }),
  );
});

describe('A receiver may ask for time', () => {
  test.each([
    ['in seconds', '90', 90_000],
    ['with a date', 'Thu, 01 Jan 1970 00:01:30 GMT', 90_000],
    ['for less than the wait is anyway', '1', 5000],
    ['for more than a day', '1000000', dayMs],
    ['for a date that is over', 'Thu, 01 Jan 1970 00:00:00 GMT', 5000],
    ['in a way that cannot be read', 'soon', 5000],
    ['for less than nothing', '-5', 5000],
    ['with a number beyond all numbers', '9'.repeat(400), dayMs],
  ])('%s', (_how, header, delay_ms) => {
    expect(judge(answered(503, header))).toEqual({ kind: 'again', delay_ms });
  });
});

test('410 says that nobody is there any more, at any attempt', () => {
  for (const attempts of [1, 5, 9]) {
    expect(judge(answered(410), { attempts })).toEqual({ kind: 'dead', disables: 'gone' });
  }
});

test('A webhook is given up when a delivery dies after five days without a success', () => {
  expect(judge(failed, { attempts: 9, failing_us: 5 * dayUs })).toEqual({
    kind: 'dead',
    disables: 'failing',
  });
  expect(judge(failed, { attempts: 9, failing_us: 5 * dayUs - 1 })).toEqual({ kind: 'dead', disables: null });
  expect(judge(failed, { attempts: 8, failing_us: 9 * dayUs })).toMatchObject({ kind: 'again' });
});

test('An attempt at a webhook that was changed since says nothing of that, and dies of its last try alone', () => {
  const days = { failing_us: 10 * dayUs, outdated: true };
  expect(judge(answered(410), days)).toEqual({ kind: 'again', delay_ms: 5000 });
  for (const result of [answered(410), failed]) {
    expect(judge(result, { ...days, attempts: 9 })).toEqual({ kind: 'dead', disables: null });
  }
  expect(judge(answered(200), days)).toEqual({ kind: 'delivered' });
});
