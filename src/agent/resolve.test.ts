import { expect, test } from 'vitest';
import { resolveVersion } from './resolve.ts';

const nothing = { number: undefined, alias: null, aliased: null, latest: 3 };

test('a named number is taken, whatever the latest is and whatever an alias stands for', () => {
  const pinned = { version: 1, reason: 'pinned', alias: null };
  expect(resolveVersion({ ...nothing, number: 1 })).toEqual(pinned);
  expect(resolveVersion({ ...nothing, number: 1, alias: 'production', aliased: 2 })).toEqual(pinned);
});

test('an alias decides before the latest does', () => {
  const resolution = resolveVersion({ ...nothing, alias: 'production', aliased: 2 });
  expect(resolution).toEqual({ version: 2, reason: 'alias', alias: 'production' });
});

test('an alias that stands for nothing decides nothing, rather than falling back to the latest', () => {
  expect(resolveVersion({ ...nothing, alias: 'production' })).toBeNull();
});

test.each([null, 'latest'])('with %j the latest is taken', (alias) => {
  expect(resolveVersion({ ...nothing, alias })).toEqual({ version: 3, reason: 'latest', alias: null });
});
