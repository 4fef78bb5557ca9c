import { expect, test } from 'vitest';
import { numberAt } from './number-at.ts';

test('A number is found at its place, and is 0 beyond the ends', () => {
  expect([-1, 0, 1, 2].map((place) => numberAt([4, 5], place))).toEqual([0, 4, 5, 0]);
  expect(numberAt(Float64Array.of(0.5), 0)).toBe(0.5);
});
