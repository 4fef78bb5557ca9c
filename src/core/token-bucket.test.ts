import fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeToken } from './token-bucket.ts';

/** Takes at these times, in milliseconds, and says which were let through. */
function takeAt(times: readonly number[], per_minute: number): boolean[] {
  let full_at = 0;
  return times.map((now) => {
    const taken = takeToken({ full_at, per_minute, now });
    full_at = taken.full_at;
    return taken.kind === 'taken';
  });
}

const start = 1_000_000;

test.each([1, 2, 3, 7, 60, 599, 1000, 99_999])('a new bucket holds a minute’s worth of %i', (per_minute) => {
  const taken = takeAt(Array<number>(per_minute + 1).fill(start), per_minute);
  expect(taken.lastIndexOf(true)).toBe(per_minute - 1);
  expect(taken.indexOf(false)).toBe(per_minute);
});

test('says how many are left, and counts down to none', () => {
  let full_at = 0;
  for (const remaining of [2, 1, 0]) {
    const taken = takeToken({ full_at, per_minute: 3, now: start });
    expect(taken).toMatchObject({ kind: 'taken', remaining });
    full_at = taken.full_at;
  }
  expect(full_at).toBe(start + 60_000);
  const refused = takeToken({ full_at, per_minute: 3, now: start });
  expect(refused).toMatchObject({ kind: 'refused', full_at });
});

test('whoever waits as long as was said gets a token, and whoever waits less does not', () => {
  const asked = fc.record({
    per_minute: fc.integer({ min: 1, max: 5000 }),
    early: fc.double({ min: 0.01, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(asked, ({ per_minute, early }) => {
      const empty = { full_at: start + 60_000, per_minute };
      const first = takeToken({ ...empty, now: start });
      if (first.kind !== 'refused') throw new Error('An empty bucket gave a token');
      expect(takeToken({ ...empty, now: start + first.wait_ms }).kind).toBe('taken');
      const tooEarly = start + first.wait_ms * (1 - early) - 0.01;
      expect(takeToken({ ...empty, now: tooEarly }).kind).toBe('refused');
    }),
  );
});

test('in no stretch of time more is taken than a full bucket and what has come in', () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(pauses, fc.integer({ min: 1, max: 100 }), (gaps, per_minute) => {
      let now = start;
      const times = gaps.map((gap) => (now += gap));
      const through = takeAt(times, per_minute);
      const took = times.filter((_, i) => through[i]);
      for (const [i, from] of took.entries()) {
        for (const [j, to] of took.entries()) {
          if (j < i) continue;
          expect(j - i + 1).toBeLessThanOrEqual(per_minute + ((to - from) * per_minute) / 60_000 + 0.01);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('a limit that is raised or lowered holds for what is left', () => {
  const { full_at } = takeToken({ full_at: start + 30_000, per_minute: 10, now: start });
  expect(takeToken({ full_at, per_minute: 1000, now: start })).toMatchObject({
    kind: 'taken',
    remaining: 399,
  });
  expect(takeToken({ full_at, per_minute: 2, now: start })).toMatchObject({ kind: 'refused' });
});
