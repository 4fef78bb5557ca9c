import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPace, nextPace, type PaceState } from './pace.ts';

const open: PaceState = { limit: 16, closed_until: 0, cut_at: Number.NEGATIVE_INFINITY };
const throttled = (now: number, began: number, retry_after_ms: number | null = null) =>
  ({ type: 'throttled', now, began, retry_after_ms }) as const;

describe('the next pace', () => {
  it('is half as fast after a refusal, and pauses', () => {
    expect(nextPace(open, throttled(1000, 900), 16)).toEqual({ limit: 8, closed_until: 1500, cut_at: 1000 });
  });

  it('waits as long as the endpoint asks, and a minute at most', () => {
    expect(nextPace(open, throttled(1000, 900, 7000), 16).closed_until).toBe(8000);
    expect(nextPace(open, throttled(1000, 900, 3_600_000), 16).closed_until).toBe(61_000);
  });

  it('is cut once for all that began before the cut', () => {
    const cut = nextPace(open, throttled(1000, 900), 16);
    expect(nextPace(cut, throttled(1001, 950), 16).limit).toBe(8);
    expect(nextPace(cut, throttled(2001, 1700), 16).limit).toBe(4);
  });

  it('grows by about one in a round of successes, and not above the most', () => {
    let state: PaceState = { ...open, limit: 4 };
    for (let i = 0; i < 4; i++) state = nextPace(state, { type: 'succeeded' }, 16);
    expect(state.limit).toBeGreaterThan(4.8);
    expect(state.limit).toBeLessThanOrEqual(5);
    for (let i = 0; i < 1000; i++) state = nextPace(state, { type: 'succeeded' }, 16);
    expect(state.limit).toBe(16);
  });

  it('is never below one or above the most, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.nat(100_000))),
        fc.integer({ min: 1, max: 64 }),
        (events, most) => {
          let state: PaceState = { ...open, limit: most };
          for (const [good, now] of events) {
            state = nextPace(state, good ? { type: 'succeeded' } : throttled(now, now), most);
            expect(state.limit).toBeGreaterThanOrEqual(1);
            expect(state.limit).toBeLessThanOrEqual(most);
          }
        },
      ),
    );
  });
});

describe('a pace', () => {
  const never = new AbortController().signal;

  it('lets as many in as it may, and the next when one leaves', async () => {
    const pace = createPace({ most: 2, now: () => 0 });
    await pace.enter(never);
    await pace.enter(never);
    let third = false;
    const waiting = pace.enter(never).then(() => {
      third = true;
    });
    await Promise.resolve();
    expect(third).toBe(false);
    pace.leave();
    await waiting;
    expect(third).toBe(true);
  });

  it('lets nobody in while it is closed, and opens by itself', async () => {
    let now = 0;
    const pace = createPace({ most: 2, now: () => now });
    pace.tell({ type: 'throttled', now: 0, began: 0, retry_after_ms: null });
    expect(pace.limit).toBe(1);
    const waiting = pace.enter(never);
    now = 500;
    await waiting;
  });

  it('turns away who waits when the run is stopped', async () => {
    const stop = new AbortController();
    const pace = createPace({ most: 1, now: () => 0 });
    await pace.enter(stop.signal);
    const waiting = pace.enter(stop.signal);
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(pace.enter(stop.signal)).rejects.toThrow('stopped');
    pace.leave();
    await expect(pace.enter(never)).resolves.toBeUndefined();
  });
});
