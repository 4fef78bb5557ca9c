import { expect, test } from 'vitest';
import { isNestedWithin } from './nesting.ts';

/** So many levels, objects and lists in turn. */
function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { a: value } : [value];
  return value;
}

test.each([
  [1, 0],
  ['text', 0],
  [null, 0],
  [{}, 1],
  [nested(100), 100],
  [[1, { a: [] }], 3],
])('%j is within its levels, and an object or a list is one of them', (value, levels) => {
  expect(isNestedWithin(value, levels)).toBe(true);
  if (levels > 0) expect(isNestedWithin(value, levels - 1)).toBe(false);
});

test('one that is far too deep is no trouble', () => {
  expect(isNestedWithin(nested(1_000_000), 100)).toBe(false);
});
