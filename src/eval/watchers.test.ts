import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { linkedBuses } from '../../test/linked-buses.ts';
import { type Bus, silentBus } from '../core/bus.ts';
import { createWatchers } from './watchers.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Those who watch in one process, where things are what they are in `state`. */
function watch(bus: Bus, state: Map<string, number>, kind = 'run') {
  const reads: string[] = [];
  const failures: string[] = [];
  const read = async (id: string): Promise<number> => {
    reads.push(id);
    const value = state.get(id);
    if (value === undefined) throw new Error('connection lost');
    return value;
  };
  const watchers = createWatchers<number>({ bus, kind, read, onFailure: (id) => failures.push(id) });
  const seen: number[] = [];
  const end = watchers.add('a', (value) => seen.push(value));
  return { watchers, reads, failures, seen, end };
}

describe('Whoever watches a thing', () => {
  test('is told of each change, and of no other thing', async () => {
    const { watchers, seen, reads, end } = watch(silentBus, new Map([['a', 1]]));
    await watchers.changed('a');
    watchers.tell('a', 2);
    watchers.tell('b', 3);
    await watchers.changed('b');
    end();
    watchers.tell('a', 4);
    await watchers.changed('a');
    expect([seen, reads]).toEqual([[1, 2], ['a']]);
  });

  test('is told no more when it fails, and the others are', () => {
    const { watchers, seen } = watch(silentBus, new Map());
    let told = 0;
    watchers.add('a', () => {
      told++;
      throw new Error('The socket is gone');
    });
    watchers.tell('a', 1);
    watchers.tell('a', 2);
    expect([told, seen]).toEqual([1, [1, 2]]);
  });

  test('misses a state that cannot be read', async () => {
    const { watchers, seen, failures } = watch(silentBus, new Map());
    await watchers.changed('a');
    expect([seen, failures]).toEqual([[], ['a']]);
  });
});

describe('Whoever watches a thing from another process', () => {
  test('is told of changes there, read where they are watched', async () => {
    const [here, there] = linkedBuses(2);
    const state = new Map([['a', 1]]);
    const one = watch(here, state);
    const two = watch(there, state);
    one.watchers.tell('a', 1);
    await settled();
    state.set('a', 2);
    await one.watchers.changed('a');
    await settled();
    two.end();
    await one.watchers.changed('a');
    expect([one.seen, two.seen]).toEqual([
      [1, 2, 2],
      [1, 2],
    ]);
    expect(two.reads).toEqual(['a', 'a']);
    one.end();
  });

  test('is not told of a thing of another kind', async () => {
    const [here, there] = linkedBuses(2);
    const one = watch(here, new Map(), 'comparison');
    const two = watch(there, new Map([['a', 1]]));
    one.watchers.tell('a', 1);
    await settled();
    expect([two.reads, two.seen]).toEqual([[], []]);
    for (const { end } of [one, two]) end();
  });

  test('is told all the same when that was lost on the way, and leaves no timer behind', async () => {
    const [, there] = linkedBuses(2, () => {});
    const { seen, end } = watch(there, new Map([['a', 1]]));
    there.gap();
    await settled();
    expect(seen).toEqual([1]);
    vi.advanceTimersByTime(5000);
    await settled();
    expect(seen).toEqual([1, 1]);
    expect(vi.getTimerCount()).toBe(1);
    end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
