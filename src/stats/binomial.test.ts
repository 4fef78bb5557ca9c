import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binomialAtLeast, binomialAtMost, binomialMidP, binomialPmf, binomialTest } from './binomial.ts';

/** k, trials, rate, and the chances of exactly, at most and at least k, computed with mpmath at 60 digits. */
const chances: readonly (readonly [number, number, number, number, number, number])[] = [
  [0, 0, 0.3, 1.0, 1.0, 1.0],
  [0, 1, 0.5, 0.5, 0.5, 1.0],
  [1, 1, 0.5, 0.5, 1.0, 0.5],
  [0, 10, 0.1, 0.3486784401, 0.3486784401, 1.0],
  [3, 10, 0.1, 0.057395628000000004, 0.9872048016, 0.0701908264],
  [10, 10, 0.1, 1.0000000000000006e-10, 1.0, 1.0000000000000006e-10],
  [13, 16, 0.5, 0.008544921875, 0.9979095458984375, 0.0106353759765625],
  [2, 15, 0.5, 0.003204345703125, 0.003692626953125, 0.99951171875],
  [5, 20, 0.02, 3.66424811757259e-5, 0.9999980515779324, 3.859090324326968e-5],
  [50, 100, 0.5, 0.07958923738717877, 0.5397946186935894, 0.5397946186935894],
  [78, 100, 0.5, 5.78398092018225e-9, 0.9999999978313167, 7.95266423689307e-9],
  [93, 100, 0.5, 1.2627738903068384e-20, 1.0, 1.363071866403019e-20],
  [99, 100, 0.5, 7.888609052210118e-29, 1.0, 7.967495142732219e-29],
  [100, 100, 0.5, 7.888609052210118e-31, 1.0, 7.888609052210118e-31],
  [0, 1000, 0.5, 9.332636185032189e-302, 9.332636185032189e-302, 1.0],
  [400, 1000, 0.5, 4.633908074049734e-11, 1.3642320780330092e-10, 0.9999999999099158],
  [635, 1000, 0.5, 2.4549918978228634e-18, 1.0, 5.718191673128714e-18],
  [20, 1000, 0.001, 1.273492088955804e-19, 1.0, 1.3357486992362556e-19],
  [17, 17, 0.1, 1.000000000000001e-17, 1.0, 1.000000000000001e-17],
  [3, 1000, 0.999, 0.0, 0.0, 1.0],
  [682, 925, 0.75, 0.020098389406305924, 0.19600926705388336, 0.8240891223524226],
  [1, 2000, 1e-6, 0.001996005991344652, 0.999998003660675, 0.0019980023306695968],
  [30, 2000, 0.002, 6.766733503000315e-17, 1.0, 7.749107020359544e-17],
  [997, 2000, 0.5, 0.017679259654579813, 0.45549147137143137, 0.5621877882831484],
];

const apart = (got: number, expected: number): number =>
  expected === 0 ? Math.abs(got) : Math.abs(got / expected - 1);

describe('The binomial distribution', () => {
  test.each(chances)(
    'of %d out of %d at %d is what mpmath gives, far out as well',
    (k, trials, rate, ...expected) => {
      const [exactly, atMost, atLeast] = expected;
      const binomial = { trials, rate };
      expect(apart(binomialPmf(k, binomial), exactly)).toBeLessThan(1e-13);
      expect(apart(binomialAtMost(k, binomial), atMost)).toBeLessThan(1e-13);
      expect(apart(binomialAtLeast(k, binomial), atLeast)).toBeLessThan(1e-13);
    },
  );

  test('has all its weight at an end when the rate is there', () => {
    expect([0, 1, 2].map((k) => binomialPmf(k, { trials: 2, rate: 0 }))).toEqual([1, 0, 0]);
    expect([0, 1, 2].map((k) => binomialPmf(k, { trials: 2, rate: 1 }))).toEqual([0, 0, 1]);
    expect(binomialAtLeast(1, { trials: 2, rate: 0 })).toBe(0);
    expect(binomialAtMost(1, { trials: 2, rate: 1 })).toBe(0);
  });

  const binomial = fc.record({
    trials: fc.integer({ min: 1, max: 300 }),
    rate: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
  });

  test('adds up', () => {
    fc.assert(
      fc.property(binomial, fc.nat(300), (one, at) => {
        const k = at % (one.trials + 1);
        const counts = Array.from({ length: k + 1 }, (_, i) => binomialPmf(i, one));
        expect(binomialAtMost(k, one)).toBeCloseTo(
          counts.reduce((sum, chance) => sum + chance, 0),
          12,
        );
        expect(binomialAtMost(k, one) + binomialAtLeast(k, one) - binomialPmf(k, one)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('refuses what is no count and no share', () => {
    expect(() => binomialPmf(3, { trials: 2, rate: 0.5 })).toThrow('successes: must be a whole number');
    expect(() => binomialPmf(1, { trials: 1.5, rate: 0.5 })).toThrow('trials: must be a whole number');
    expect(() => binomialAtMost(1, { trials: 2, rate: 2 })).toThrow('rate: must be a finite number');
    expect(() => binomialAtLeast(-1, { trials: 2, rate: 0.5 })).toThrow('successes: ');
  });
});

describe('The exact binomial test', () => {
  test('gives the p-value of 13 in 16 that the R package contingencytables has for Ligarden 2010', () => {
    expect(binomialTest(13, { trials: 16, rate: 0.5 })).toBeCloseTo(0.02127, 5);
    expect(binomialMidP(13, { trials: 16, rate: 0.5 })).toBeCloseTo(0.01273, 5);
  });

  test("gives the p-value of Mendel's 682 in 925 that R's documentation has (Conover 1971)", () => {
    expect(binomialTest(682, { trials: 925, rate: 0.75 })).toBeCloseTo(0.3825, 4);
  });

  test.each([
    [13, 16, 0.3, 3.360115438649998e-5],
    [0, 10, 0.2, 0.22824806400000008],
    [10, 10, 0.2, 1.0240000000000006e-7],
    [2, 20, 0.3, 0.05262794872972706],
    [7, 20, 0.3, 0.6294979666766769],
    [1, 10, 0.01, 0.09561792499119552],
    [5, 10, 0.5, 1],
    [3, 7, 0.5, 1],
    [4, 7, 0.5, 1],
    [0, 0, 0.5, 1],
    [0, 1, 0, 1],
    [1, 1, 0, 0],
    [1, 1, 1, 1],
    [0, 3, 1, 0],
  ])('of %d in %d at %d is what scipy 1.17 gives', (k, trials, rate, p) => {
    expect(apart(binomialTest(k, { trials, rate }), p)).toBeLessThan(1e-12);
  });

  test('sums up the counts that are no likelier', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(60),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (trials, at, rate) => {
          const k = at % (trials + 1);
          const limit = binomialPmf(k, { trials, rate }) * (1 + 1e-7);
          let p = 0;
          for (let count = 0; count <= trials; count += 1) {
            const chance = binomialPmf(count, { trials, rate });
            if (chance <= limit) p += chance;
          }
          expect(binomialTest(k, { trials, rate })).toBeCloseTo(Math.min(1, p), 11);
        },
      ),
    );
  });

  test('has a mid-p of at most 1, and below the doubled tail', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(60), (trials, at) => {
        const k = at % (trials + 1);
        const coin = { trials, rate: 0.5 };
        const midP = binomialMidP(k, coin);
        expect(midP).toBeGreaterThan(0);
        expect(midP).toBeLessThanOrEqual(1);
        expect(midP).toBeLessThanOrEqual(binomialTest(k, coin) + 1e-12);
      }),
    );
  });
});
