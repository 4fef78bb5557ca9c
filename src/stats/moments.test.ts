import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addScore, mergeMoments, momentsOf, noScores, removeScore, varianceOf } from './moments.ts';
import { createRandom, randomShare } from './random.ts';

const scores = fc.array(fc.double({ min: -1000, max: 1000, noNaN: true }), { maxLength: 60 });

describe('Moments', () => {
  test('of a few scores are what can be worked out by hand', () => {
    expect(momentsOf([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ n: 8, mean: 5, m2: 32 });
    expect(varianceOf(momentsOf([1, 3]))).toBe(2);
    expect(varianceOf(momentsOf([1]))).toBeNull();
    expect(varianceOf(noScores)).toBeNull();
  });

  test('are the same whether scores come one by one or in lots', () => {
    fc.assert(
      fc.property(scores, scores, (first, second) => {
        const whole = momentsOf([...first, ...second]);
        const merged = mergeMoments(momentsOf(first), momentsOf(second));
        expect(merged.n).toBe(whole.n);
        expect(merged.mean).toBeCloseTo(whole.mean, 9);
        expect(Math.abs(merged.m2 - whole.m2)).toBeLessThanOrEqual(1e-12 * whole.m2 + 1e-12);
      }),
    );
  });

  test('keep the spread of scores that are large beside it, and many', () => {
    // A thousand millions and a half, give or take a half: sums of squares would have lost it all.
    const far = momentsOf(Array.from({ length: 100_000 }, (_, i) => 1e9 + (i % 2)));
    expect(far.mean).toBeCloseTo(1e9 + 0.5, 6);
    expect(far.m2 / 25_000).toBeCloseTo(1, 6);
    const near = momentsOf(Array.from({ length: 100_000 }, (_, i) => i % 2));
    expect(near.m2 / 25_000).toBeCloseTo(1, 12);
  });

  test('refuse what is no score', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 1e51]) {
      expect(() => addScore(noScores, wrong)).toThrow('score: must be a finite number');
      expect(() => removeScore(momentsOf([1, 2]), wrong)).toThrow('score: must be a finite number');
    }
    expect(() => removeScore(noScores, 1)).toThrow('score: must be one of those that were added');
  });
});

describe('Taking a score out', () => {
  test('undoes adding it, in whatever order', () => {
    fc.assert(
      fc.property(scores, scores, (kept, late) => {
        const left = late.toReversed().reduce(removeScore, momentsOf([...kept, ...late]));
        const expected = momentsOf(kept);
        expect(left.n).toBe(expected.n);
        expect(left.mean).toBeCloseTo(expected.mean, 9);
        expect(left.m2 / 1e6).toBeCloseTo(expected.m2 / 1e6, 12);
        expect(left.m2).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('of half of 20 000 costs costs three digits at most', () => {
    const random = createRandom(9);
    const all = Array.from({ length: 20_000 }, () => -100 * Math.log1p(-randomShare(random)));
    const left = all.slice(0, 10_000).reduce(removeScore, momentsOf(all));
    const expected = momentsOf(all.slice(10_000));
    expect(left.mean / expected.mean).toBeCloseTo(1, 13);
    expect(left.m2 / expected.m2).toBeCloseTo(1, 12);
  });

  // With half again as many digits as the removal leaves of the sum of squares.
  test.each([
    [1e3, 10],
    [1e5, 6],
  ])('of an outlier of %d among ten leaves %d digits', (outlier, digits) => {
    const kept = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((one) => one / 3);
    const left = removeScore(momentsOf([...kept, outlier * 3]), outlier * 3);
    expect(Math.abs(left.m2 / momentsOf(kept).m2 - 1)).toBeLessThan(10 ** -digits);
  });

  test('of the last but one leaves no spread, and of the last nothing', () => {
    expect(removeScore(momentsOf([0.1, 0.7]), 0.7)).toEqual({ n: 1, mean: expect.closeTo(0.1, 15), m2: 0 });
    expect(removeScore(momentsOf([0.1]), 0.1)).toEqual(noScores);
  });
});
