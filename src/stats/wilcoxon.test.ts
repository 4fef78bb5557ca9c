import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signFlip } from './permutation.ts';
import { signedRank } from './wilcoxon.ts';

describe('The signed-rank test', () => {
  test("of Darwin's maize gives the p = .04126 that R gives", () => {
    const maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
    expect(signedRank(maize)).toMatchObject({ statistic: 96, exact: true, differing: 15 });
    expect(signedRank(maize)?.p_two_sided).toBeCloseTo(0.04126, 5);
  });

  test("of the depression scores gives the V = 40, p = .01953 that R's documentation of wilcox.test has", () => {
    const first = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    const result = signedRank(first.map((one, i) => one - (second[i] ?? 0)));
    expect(result?.statistic).toBe(40);
    expect(result?.p_worse).toBeCloseTo(0.01953, 5);
  });

  test('of more than 100 values, with ties and zeros, gives what scipy 1.17 gives with continuity correction', () => {
    const result = signedRank(Array.from({ length: 150 }, (_, i) => ((i * 37) % 23) - 9));
    expect(result).toMatchObject({ statistic: 6863.5, exact: false, differing: 144 });
    expect(result?.p_two_sided).toBeCloseTo(0.00103977698871, 13);
    expect(result?.p_worse).toBeCloseTo(0.000519888494355, 14);
    expect(result?.p_better).toBeCloseTo(0.999483777291494, 12);
  });

  test('is the sign-flip test of the ranks, also where these are shared', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 20 }), (values) => {
        const result = signedRank(values);
        const sizes = values.filter((value) => value !== 0).map(Math.abs);
        const rankOf = (size: number) =>
          sizes.filter((one) => one < size).length + (sizes.filter((one) => one === size).length + 1) / 2;
        const ranks = values.map((value) => (value === 0 ? 0 : Math.sign(value) * rankOf(Math.abs(value))));
        const flips = signFlip({ values: ranks.filter((rank) => rank !== 0) }, { margin: 0, seed: 1 });
        expect(result === null).toBe(flips === null);
        if (result === null || flips === null) return;
        expect(result.p_worse).toBeCloseTo(flips.p_worse, 12);
        expect(result.p_better).toBeCloseTo(flips.p_within, 12);
        expect(result.p_two_sided).toBeCloseTo(flips.p_two_sided, 12);
      }),
    );
  });

  test('turns around with the sign, whether exact or not', () => {
    for (const length of [30, 130]) {
      const values = Array.from({ length }, (_, i) => Math.sin(i * i) + 0.2);
      const one = signedRank(values);
      const other = signedRank(values.map((value) => -value));
      expect(other?.p_worse).toBeCloseTo(one?.p_better ?? 2, 12);
      expect(other?.p_two_sided).toBeCloseTo(one?.p_two_sided ?? 2, 12);
    }
  });

  test('comes close to the normal approximation at 100 values', () => {
    const values = Array.from({ length: 101 }, (_, i) => Math.sin(i * i) + 0.15);
    const exact = signedRank(values.slice(1));
    const normal = signedRank([...values.slice(1), 1e-9]);
    expect(exact?.exact).toBe(true);
    expect(normal?.exact).toBe(false);
    expect(normal?.p_two_sided).toBeCloseTo(exact?.p_two_sided ?? 2, 2);
  });

  test('takes what only rounding sets apart as equal', () => {
    expect(signedRank([0.9 - 0.85, 0.3, 0.95 - 0.9, 0.6 - 0.65])).toMatchObject(
      signedRank([1, 6, 1, -1]) ?? {},
    );
  });

  test('says nothing when all values are 0, and wants numbers', () => {
    expect(signedRank([0, 0])).toBeNull();
    expect(signedRank([])).toBeNull();
    expect(() => signedRank([1, Infinity])).toThrow('values.1: must be a finite number');
  });
});
