import { expect, test } from 'vitest';
import { createSeldom } from './seldom.ts';

test('Says yes so many times an hour, to each key by itself', () => {
  let now = 0;
  const isSeldom = createSeldom({ now: () => now }, 2);
  const said = (key: string): boolean[] => [isSeldom(key), isSeldom(key), isSeldom(key)];
  expect(said('a')).toEqual([true, true, false]);
  expect(said('b')).toEqual([true, true, false]);
  now = 3_600_000_000;
  expect(isSeldom('a')).toBe(false);
  now++;
  expect(said('a')).toEqual([true, true, false]);
});
