import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signFlip } from './permutation.ts';

const maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
const plain = { margin: 0, seed: 1 };

/** Flips everything in every way, one after the other. */
function byHand(values: readonly number[]): { p_worse: number; p_within: number } {
  const observed = values.reduce((sum, value) => sum + value, 0);
  let worse = 0;
  let within = 0;
  for (let flip = 0; flip < 2 ** values.length; flip += 1) {
    let total = 0;
    for (let i = 0; i < values.length; i += 1)
      total += (flip >> i) & 1 ? -(values[i] ?? 0) : (values[i] ?? 0);
    if (total >= observed - 1e-9) worse += 1;
    if (total <= observed + 1e-9) within += 1;
  }
  return { p_worse: worse / 2 ** values.length, p_within: within / 2 ** values.length };
}

describe('The sign-flip test', () => {
  test("of Darwin's maize finds the 1726 of 32 768 flips that Fisher 1935 counted", () => {
    const { p_worse, p_two_sided, exact, flips, units } = signFlip({ values: maize }, plain) ?? {};
    expect({ exact, flips, units }).toEqual({ exact: true, flips: 32_768, units: 15 });
    expect(p_two_sided).toBe(1726 / 32_768);
    expect(p_worse).toBe(863 / 32_768);
  });

  test('counts as many flips as a plain enumeration does', () => {
    const thirds = fc.integer({ min: -3, max: 3 }).map((third) => third / 3);
    fc.assert(
      fc.property(fc.array(thirds, { minLength: 1, maxLength: 10 }), (values) => {
        expect(signFlip({ values }, plain)).toMatchObject(byHand(values));
      }),
    );
  });

  test('turns around with the sign', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 20 }), (values) => {
        const one = signFlip({ values }, plain);
        const other = signFlip({ values: values.map((value) => -value) }, plain);
        expect([other?.p_worse, other?.p_within]).toEqual([one?.p_within, one?.p_worse]);
        expect(other?.p_two_sided).toBe(one?.p_two_sided);
        expect(one?.p_two_sided).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('flips clusters as a whole, with their weights', () => {
    const clustered = signFlip(
      { values: [1, 2, 5, -1], clusters: ['a', 'a', 'b', 'c'], weights: [1, 2, 1, 3] },
      plain,
    );
    expect(clustered).toMatchObject({ ...byHand([5, 5, -3]), units: 3, flips: 8 });
  });

  test('asks about a margin by taking it off every item', () => {
    const values = [0.3, 0.1, 0.25, 0, 0.4, 0.35];
    const asked = signFlip({ values }, { margin: 0.1, seed: 1 });
    expect(asked).toMatchObject(byHand(values.map((value) => value - 0.1)));
    // Damages that are the margin, but for their last digit, tell nothing.
    const same = [0.9 - 0.85, 0.3 - 0.25, 0.1 - 0.05, 0.55 - 0.5];
    expect(signFlip({ values: same }, { margin: 0.05, seed: 1 })).toMatchObject({ p_worse: 1, p_within: 1 });
  });

  test('with more than 20 units comes close to the exact p, and never to 0', () => {
    const values = [...maize, 12, -30, 22, 5, -11, 17];
    const { p_worse, p_within, exact, flips } = signFlip({ values }, plain) ?? {};
    const truth = byHand(values);
    expect({ exact, flips }).toEqual({ exact: false, flips: 10_000 });
    // Four standard errors of 10 000 draws.
    expect(Math.abs((p_worse ?? 1) - truth.p_worse)).toBeLessThan(4 * Math.sqrt(truth.p_worse / 10_000));
    expect(Math.abs((p_within ?? 1) - truth.p_within)).toBeLessThan(
      4 * Math.sqrt((1 - truth.p_within) / 10_000),
    );
    const sure = signFlip({ values: new Array<number>(70).fill(1) }, plain);
    expect(sure).toMatchObject({ p_worse: 1 / 10_001, p_within: 1 });
  });

  test('with more than 20 units is the same for the same seed only', () => {
    const values = [...maize, ...maize.map((value) => value / 2 - 9)];
    const once = signFlip({ values }, { margin: 0, seed: 3 });
    expect(signFlip({ values }, { margin: 0, seed: 3 })).toEqual(once);
    expect(signFlip({ values }, { margin: 0, seed: 4 })).not.toEqual(once);
  });

  test('draws fewer flips of very many units', () => {
    const values = Array.from({ length: 50_000 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    expect(signFlip({ values }, plain)).toMatchObject({ flips: 2000, exact: false });
  });

  test('finds nothing where nothing differs', () => {
    for (const length of [1, 20, 21]) {
      const none = signFlip({ values: new Array<number>(length).fill(0) }, plain);
      expect(none).toMatchObject({ p_worse: 1, p_within: 1, p_two_sided: 1 });
    }
  });

  test('says nothing without items, and wants a margin and a seed', () => {
    expect(signFlip({ values: [] }, plain)).toBeNull();
    expect(() => signFlip({ values: [1] }, { margin: NaN, seed: 1 })).toThrow('margin: ');
    expect(() => signFlip({ values: [1] }, { margin: 0, seed: -1 })).toThrow('seed: ');
  });
});
