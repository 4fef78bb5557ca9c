import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Assignments, advanceSampleRatio, noAssignments, sampleRatioEvidence } from './sample-ratio.ts';

const weights = [0.4, 0.4, 0.2];
const assigned = (counts: readonly number[], shares: readonly number[] = weights): Assignments => ({
  counts,
  weights: shares,
});

describe('The evidence of assignments', () => {
  // The tests of Optimizely's ssrm give ln of both chances, under all shares alike and under the weights.
  test.each([
    [[1, 0, 0], -1.0986123, -0.9162907],
    [[2, 2, 1], -6.4457198, -5.2746008],
  ])('of %j is that of ssrm', (counts, mixed, configured) => {
    expect(sampleRatioEvidence(assigned(counts))).toBeCloseTo(mixed - configured, 6);
    expect(
      sampleRatioEvidence(
        assigned(
          counts,
          weights.map((one) => one * 250),
        ),
      ),
    ).toBeCloseTo(mixed - configured, 6);
  });

  test('is fair: over the next assignment, M has the mean that it has now', () => {
    const arms = fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 100 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(arms, (rows) => {
        const shares = rows.map(([, one]) => one);
        const counts = rows.map(([one]) => one);
        const total = shares.reduce((sum, one) => sum + one, 0);
        const before = sampleRatioEvidence(assigned(counts, shares));
        let mean = 0;
        for (const [j, share] of shares.entries()) {
          const next = counts.map((one, i) => (i === j ? one + 1 : one));
          mean += (share / total) * Math.exp(sampleRatioEvidence(assigned(next, shares)) - before);
        }
        expect(mean).toBeCloseTo(1, 9);
      }),
    );
  });

  test('does not care for the order of versions, nor for one that takes no part', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), (a, b, c) => {
        const one = sampleRatioEvidence(assigned([a, b, c], [1, 2, 3]));
        expect(sampleRatioEvidence(assigned([c, a, b], [3, 1, 2]))).toBeCloseTo(one, 9);
        expect(sampleRatioEvidence(assigned([a, 0, b, c], [1, 0, 2, 3]))).toBe(one);
      }),
    );
  });

  test('of a single version is none', () => {
    expect(sampleRatioEvidence(assigned([1000], [1]))).toBeCloseTo(0, 12);
    expect(sampleRatioEvidence(assigned([0, 1000], [0, 1]))).toBeCloseTo(0, 12);
  });

  test('is a number whatever the counts and weights', () => {
    for (const counts of [
      [0, 0],
      [1e9, 0],
      [0, 1e9],
      [1e9, 1e9],
    ]) {
      for (const share of [1e-8, 0.5, 1 - 1e-8]) {
        expect(Number.isFinite(sampleRatioEvidence(assigned(counts, [share, 1 - share])))).toBe(true);
      }
    }
  });
});

describe('The test of the sample ratio', () => {
  test('multiplies over weights, keeps its smallest p, and goes on from what was kept as JSON', () => {
    const first = advanceSampleRatio(noAssignments, assigned([880, 120], [95, 5]));
    expect(first.p).toBeLessThan(1e-9);
    const kept = JSON.parse(JSON.stringify(first)) as typeof first;
    const second = advanceSampleRatio(kept, assigned([900, 100], [90, 10]));
    const third = advanceSampleRatio(second, assigned([1030, 0], [95, 5]));
    expect(third.steps).toEqual([assigned([1910, 120], [95, 5]), assigned([900, 100], [90, 10])]);
    const log =
      sampleRatioEvidence(assigned([1910, 120], [95, 5])) +
      sampleRatioEvidence(assigned([900, 100], [90, 10]));
    expect(third.log_m).toBeCloseTo(log, 12);
    expect(third.p).toBe(first.p);
    expect(advanceSampleRatio(third, assigned([0, 777], [0, 100])).log_m).toBeCloseTo(log, 12);
  });

  test('finds nothing in assignments that are as they should be', () => {
    expect(advanceSampleRatio(noAssignments, assigned([9500, 500], [95, 5]))).toMatchObject({ p: 1 });
    expect(noAssignments).toEqual({ log_m: 0, p: 1, steps: [] });
  });

  test.each([
    [assigned([], []), 'weights: must have 1 to 100 entries'],
    [assigned(new Array(101).fill(0), new Array(101).fill(1)), 'weights: must have 1 to 100 entries'],
    [assigned([1], [1, 2]), 'counts: must have 2 entries'],
    [assigned([1, 2], [1, -1]), 'weights.1: must be a finite number'],
    [assigned([0, 0], [0, 0]), 'weights: must not all be 0'],
    [assigned([0, 0], [1, 1e-10]), 'weights.1: must be 0, or 1e-9 of all'],
    [assigned([1, 0.5], [1, 1]), 'counts.1: must be a whole number'],
    [assigned([1, 1], [1, 0]), 'counts.1: must be 0 where the weight is 0'],
  ])('refuses %j', (wrong, complaint) => {
    expect(() => advanceSampleRatio(noAssignments, wrong)).toThrow(complaint);
  });

  test('refuses a thousand weights and more', () => {
    const many = Array.from({ length: 1000 }, (_, i) => assigned([0, 0], [1, i + 1]));
    const wide = many.reduce(advanceSampleRatio, noAssignments);
    expect(() => advanceSampleRatio(wide, assigned([0, 0], [2, 1]))).toThrow('weights: must be one of 1000');
    const longer = advanceSampleRatio(noAssignments, assigned([1], [1]));
    expect(advanceSampleRatio(longer, assigned([1, 0], [1, 1])).steps).toHaveLength(2);
  });
});
