import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hull, oneSidedAlpha, twoSidedP } from './interval.ts';

test('An interval at 90 % stands for two one-sided tests at 5 %', () => {
  expect(oneSidedAlpha(0.9)).toBeCloseTo(0.05, 15);
  for (const level of [0.49, 1, 95, NaN])
    expect(() => oneSidedAlpha(level)).toThrow('level: must be a finite number');
});

test('A two-sided p is twice the smaller one-sided p, and at most 1', () => {
  expect(twoSidedP({ p_worse: 0.02, p_within: 0.98 })).toBe(0.04);
  expect(twoSidedP({ p_worse: 0.6, p_within: 0.6 })).toBe(1);
});

describe('A hull', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const marginTest = fc.record({ low: share, high: share, p_worse: share, p_within: share });

  test('of one method is that method', () => {
    fc.assert(
      fc.property(marginTest, (one) => {
        expect(hull([one])).toEqual(one);
      }),
    );
  });

  test('is sure only of what all of its methods are sure of', () => {
    fc.assert(
      fc.property(marginTest, marginTest, share, (one, other, margin) => {
        const both = hull([one, other]);
        expect(both.low > margin).toBe(one.low > margin && other.low > margin);
        expect(both.high < margin).toBe(one.high < margin && other.high < margin);
        expect(both.p_worse < margin).toBe(one.p_worse < margin && other.p_worse < margin);
        expect(both.p_within < margin).toBe(one.p_within < margin && other.p_within < margin);
      }),
    );
  });
});
