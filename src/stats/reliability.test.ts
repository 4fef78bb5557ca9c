import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, randomShare } from './random.ts';
import { flakeRate, isFlaky, passAllK, passAtK, type TrialCount, varianceParts } from './reliability.ts';

const of = (passes: number, trials: number): TrialCount => ({ trials, passes });
const choose = (n: number, k: number): number =>
  Array.from({ length: k }, (_, j) => (n - j) / (j + 1)).reduce((product, factor) => product * factor, 1);

describe('pass@k and pass^k', () => {
  test('are 11/12 for 5 of 10 trials with 3 passes, and 3/14 for 4 of 8 with 6', () => {
    expect(passAtK(of(3, 10), 5)).toBeCloseTo(0.91667, 5);
    expect(passAllK(of(6, 8), 4)).toBeCloseTo(0.21429, 5);
  });

  test('are the pass rate for a single trial', () => {
    expect(passAtK(of(3, 4), 1)).toBe(0.75);
    expect(passAllK(of(3, 4), 1)).toBe(0.75);
  });

  test('count the ways to choose trials, as Chen et al. 2021 and τ-bench define them', () => {
    const trials = fc.tuple(fc.nat(25), fc.nat(25), fc.integer({ min: 1, max: 50 }));
    fc.assert(
      fc.property(trials, ([passes, failures, k]) => {
        const n = passes + failures;
        const item = of(passes, n);
        if (k > n) {
          expect([passAtK(item, k), passAllK(item, k)]).toEqual([null, null]);
          return;
        }
        expect(passAllK(item, k)).toBeCloseTo(k > passes ? 0 : choose(passes, k) / choose(n, k), 9);
        expect(passAtK(item, k)).toBeCloseTo(1 - (k > failures ? 0 : choose(failures, k) / choose(n, k)), 9);
        expect(passAtK(item, k) ?? 0).toBeGreaterThanOrEqual((passAllK(item, k) ?? 1) - 1e-12);
      }),
    );
  });

  test('want counts', () => {
    expect(() => passAtK(of(3, 2), 1)).toThrow('passes: ');
    expect(() => passAllK(of(0, 1.5), 1)).toThrow('trials: ');
    expect(() => passAllK(of(1, 2), 0)).toThrow('k: must be a whole number of at least 1');
    expect(() => passAllK(of(1, 2e6), 1)).toThrow(
      'trials: must be a whole number of at least 0 and of at most 1000000',
    );
  });
});

describe('A flaky item', () => {
  test('passes in some of its trials only', () => {
    expect([of(0, 3), of(1, 3), of(3, 3), of(0, 0)].map(isFlaky)).toEqual([false, true, false, false]);
  });

  test('disagrees with itself as often as two of its trials do', () => {
    expect(flakeRate(of(1, 2))).toBe(1);
    // 2·p̂(1 − p̂)·K/(K − 1)
    expect(flakeRate(of(2, 5))).toBeCloseTo((2 * 0.4 * 0.6 * 5) / 4, 14);
    expect(flakeRate(of(5, 5))).toBe(0);
    expect(flakeRate(of(1, 1))).toBeNull();
    expect(() => flakeRate(of(2, 1))).toThrow('passes: ');
  });
});

describe('The variance of item means', () => {
  test('is taken apart without bias', () => {
    // True means are spread evenly over 0 to 1: variance 1/12; trials are coins: mean variance 1/2 − 1/3 = 1/6.
    const random = createRandom(5);
    const scores = Array.from({ length: 4000 }, () => {
      const rate = randomShare(random);
      return Array.from({ length: 3 }, () => (randomShare(random) < rate ? 1 : 0));
    });
    const parts = varianceParts(scores);
    expect(parts?.between_items).toBeCloseTo(1 / 12, 2);
    expect(parts?.within_items).toBeCloseTo(1 / 6, 2);
    expect(parts?.noise_share).toBeCloseTo(1 / 18 / (1 / 12 + 1 / 18), 1);
  });

  test('adds up, by hand', () => {
    const parts = varianceParts([
      [1, 0],
      [1, 1],
      [0, 0, 0],
    ]);
    // Item means ½, 1 and 0 have the variance ¼; the noise is ½/2 in the first of three, so 1/12.
    expect(parts?.between_items).toBeCloseTo(1 / 4 - 1 / 12, 14);
    expect(parts?.within_items).toBeCloseTo(1 / 6, 14);
    expect(parts?.noise_share).toBeCloseTo(1 / 3, 14);
    expect(parts?.items).toBe(3);
  });

  test('is never below 0, and all noise where noise alone explains it', () => {
    const parts = varianceParts([
      [1, 0],
      [0, 1],
    ]);
    expect(parts).toMatchObject({ between_items: 0, within_items: 0.5, noise_share: 1 });
  });

  test('has no noise share where nothing varies', () => {
    expect(
      varianceParts([
        [1, 1],
        [1, 1],
      ]),
    ).toEqual({ between_items: 0, within_items: 0, noise_share: null, items: 2 });
  });

  test('rests on items with two trials, of which there must be two', () => {
    expect(varianceParts([[1], [0], [1, 0]])).toBeNull();
    expect(varianceParts([[1], [0], [], [1, 1], [0, 0]])?.items).toBe(2);
    expect(() => varianceParts([[0, NaN]])).toThrow('scores.0.1: must be a finite number');
  });
});
