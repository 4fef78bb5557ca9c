import { describe, expect, test } from 'vitest';
import { gridded, largestOf, meanOf, sum, unitsOf } from './sample.ts';

describe('The units of a sample', () => {
  test('are its items when there are no clusters', () => {
    const units = unitsOf({ values: [1, 2, 4], weights: [1, 2, 1] });
    expect(units).toEqual({
      items: 3,
      count: 3,
      unitOf: Int32Array.of(0, 1, 2),
      weights: Float64Array.of(1, 2, 1),
      totals: Float64Array.of(1, 4, 4),
    });
    expect(meanOf(units)).toBe(9 / 4);
  });

  test('are its clusters, in the order in which they appear', () => {
    const units = unitsOf({ values: [1, 2, 4, 8], clusters: ['b', 'a', 'b', 'a'], weights: [1, 1, 3, 1] });
    expect(units).toEqual({
      items: 4,
      count: 2,
      unitOf: Int32Array.of(0, 1, 0, 1),
      weights: Float64Array.of(4, 2),
      totals: Float64Array.of(13, 10),
    });
  });

  test('may be none', () => {
    expect(unitsOf({ values: [] })).toMatchObject({ items: 0, count: 0 });
    expect(unitsOf({ values: [], clusters: [] })).toMatchObject({ items: 0, count: 0 });
  });

  test.each([
    [{ values: [1], clusters: [] }, 'clusters: must have 1 entries, one for each item'],
    [{ values: [1, 2], weights: [1] }, 'weights: must have 2 entries, one for each item'],
    [{ values: [1, NaN] }, 'values.1: must be a finite number'],
    [{ values: [1e60] }, 'values.0: must be a finite number'],
    [{ values: [1, 1], weights: [1, 0] }, 'weights.1: must be a finite number'],
    [{ values: [1], weights: [Infinity] }, 'weights.0: must be a finite number'],
  ])('cannot be made of %j', (sample, complaint) => {
    expect(() => unitsOf(sample)).toThrow(complaint);
  });
});

test('Numbers that only rounding sets apart lie on the same point of a grid', () => {
  const [tenth, other, none, half] = gridded([0.3 - 0.2, 0.1, 0.1 + 0.2 - 0.3, 0.5], 1);
  expect(tenth).toBe(other);
  expect(none).toBe(0);
  expect(half).toBe(0.5e12);
  expect(gridded([0, 0], 0)).toEqual([0, 0]);
});

test('Sums and sizes of nothing are 0', () => {
  expect([sum([]), largestOf([])]).toEqual([0, 0]);
  expect([sum([1, 2, -4]), largestOf([1, 2, -4])]).toEqual([-1, 4]);
});
