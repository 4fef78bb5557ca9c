import { describe, expect, test } from 'vitest';
import { resolveVersion } from './resolve.ts';

const nothing = { number: undefined, alias: null, aliased: null, latest: 3, rollout: null, key: 'ann' };

test('a named number is taken, whatever the latest is and whatever an alias stands for', () => {
  const pinned = { version: 1, reason: 'pinned', alias: null, rollout: null };
  expect(resolveVersion({ ...nothing, number: 1 })).toEqual(pinned);
  expect(resolveVersion({ ...nothing, number: 1, alias: 'production', aliased: 2 })).toEqual(pinned);
});

test('an alias decides before the latest does', () => {
  const resolution = resolveVersion({ ...nothing, alias: 'production', aliased: 2 });
  expect(resolution).toEqual({ version: 2, reason: 'alias', alias: 'production', rollout: null });
});

test('an alias that stands for nothing decides nothing, rather than falling back to the latest', () => {
  expect(resolveVersion({ ...nothing, alias: 'production' })).toBeNull();
});

test.each([null, 'latest'])('with %j the latest is taken', (alias) => {
  expect(resolveVersion({ ...nothing, alias })).toEqual({
    version: 3,
    reason: 'latest',
    alias: null,
    rollout: null,
  });
});

describe('while the alias has a rollout', () => {
  const rollout = { id: 'roll_2', salt: 'roll_1', version: 3, weight: 500 };
  const asked = { ...nothing, alias: 'production', aliased: 2, rollout };

  // The buckets of these under this salt are in assignment.test.ts.
  test('a key within the slice gets the candidate, and it says why', () => {
    const resolution = resolveVersion({ ...asked, key: 'user-45' });
    expect(resolution).toMatchObject({ version: 3, reason: 'canary', alias: 'production' });
    expect(resolution?.rollout).toMatchObject({ id: 'roll_2', arm: 'canary', weight: 500 });
  });

  test('a key outside of it gets what the alias stands for, and is known as control', () => {
    const resolution = resolveVersion({ ...asked, key: 'ann' });
    expect(resolution).toMatchObject({ version: 2, reason: 'alias', rollout: { arm: 'control' } });
  });

  test('whoever is not told apart takes no part', () => {
    expect(resolveVersion({ ...asked, key: null })).toMatchObject({ version: 2, rollout: null });
  });

  test('a number and the latest take no part', () => {
    expect(resolveVersion({ ...asked, number: 1 })?.rollout).toBeNull();
    expect(resolveVersion({ ...asked, alias: 'latest' })?.rollout).toBeNull();
  });

  test('one key has one unit, whichever arm it is in', () => {
    const before = resolveVersion({ ...asked, key: 'ann' })?.rollout?.unit;
    const after = resolveVersion({ ...asked, key: 'ann', rollout: { ...rollout, weight: 10_000 } })?.rollout;
    expect(after).toMatchObject({ arm: 'canary', unit: before });
  });
});
