import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { augmentedTest } from './augmented.ts';
import { bonettPrice } from './paired-difference.ts';

const at = (level: number, margin = 0) => ({ level, margin });

describe('The augmented interval', () => {
  const count = fc.nat(40);
  const level = fc.double({ min: 0.5, max: 0.999, noNaN: true });
  const damage = fc.double({ min: -1, max: 1, noNaN: true });

  test("is Bonett and Price's for right-or-wrong items", () => {
    fc.assert(
      fc.property(
        count,
        count,
        fc.integer({ min: 1, max: 40 }),
        level,
        (harmful, beneficial, rest, asked) => {
          const values = [
            ...new Array<number>(harmful).fill(1),
            ...new Array<number>(beneficial).fill(-1),
            ...new Array<number>(rest).fill(0),
          ];
          const one = augmentedTest({ values }, at(asked));
          const other = bonettPrice({ both_right: rest, harmful, beneficial, both_wrong: 0 }, asked);
          expect(one?.low).toBeCloseTo(other?.low ?? 9, 12);
          expect(one?.high).toBeCloseTo(other?.high ?? 9, 12);
        },
      ),
    );
  });

  test('is not fooled by items that do not differ', () => {
    const twenty = augmentedTest({ values: new Array<number>(20).fill(0) }, at(0.9, 0.02));
    expect(twenty?.p_within).toBeGreaterThan(0.3);
    // 1.645·√(2/22)/√22
    expect(twenty?.high).toBeCloseTo(0.1057, 4);
    const many = augmentedTest({ values: new Array<number>(2000).fill(0) }, at(0.9, 0.02));
    expect(many?.p_within).toBeLessThan(0.05);
  });

  test('counts clusters, not their items', () => {
    const values = new Array<number>(100).fill(0);
    const clusters = values.map((_, i) => `${i % 5}`);
    const five = augmentedTest({ values: new Array<number>(5).fill(0) }, at(0.9));
    expect(augmentedTest({ values, clusters }, at(0.9))).toEqual(five);
  });

  test('takes only the ratios of weights', () => {
    const values = [0.5, -0.25, 0, 1];
    const plain = augmentedTest({ values }, at(0.9, 0.1));
    expect(augmentedTest({ values, weights: [4, 4, 4, 4] }, at(0.9, 0.1))).toEqual(plain);
    expect(augmentedTest({ values, weights: [4, 4, 4, 8] }, at(0.9, 0.1))).not.toEqual(plain);
  });

  test('agrees with its tests, turns around with the sign, and comes to the mean', () => {
    const values = fc.array(damage, { minLength: 1, maxLength: 30 });
    const margin = fc.double({ min: -0.9, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(values, level, margin, (damages, asked, tolerated) => {
        const test = augmentedTest({ values: damages }, at(asked, tolerated));
        const turned = augmentedTest({ values: damages.map((one) => -one) }, at(asked, -tolerated));
        if (test === null) throw new Error('there are items');
        expect(turned?.low).toBeCloseTo(-test.high, 12);
        expect(turned?.p_worse).toBeCloseTo(test.p_within, 12);
        expect(test.p_worse + test.p_within).toBeCloseTo(1, 12);
        const alpha = (1 - asked) / 2;
        fc.pre(Math.abs(test.p_worse - alpha) > 1e-9 && Math.abs(test.p_within - alpha) > 1e-9);
        expect(test.p_worse < alpha).toBe(test.low > tolerated);
        expect(test.p_within < alpha).toBe(test.high < tolerated);
      }),
      { numRuns: 300 },
    );
  });

  test('stays between −1 and 1', () => {
    expect(augmentedTest({ values: [1, 1] }, at(0.999))?.high).toBe(1);
    expect(augmentedTest({ values: [-1, -1] }, at(0.999))?.low).toBe(-1);
  });

  test('says nothing without items, and wants damages of scores', () => {
    expect(augmentedTest({ values: [] }, at(0.9))).toBeNull();
    expect(() => augmentedTest({ values: [0, 1.5] }, at(0.9))).toThrow(
      'values.1: must be a finite number of at least -1 and of at most 1',
    );
    expect(() => augmentedTest({ values: [0] }, at(0.9, 1))).toThrow('margin: ');
    expect(() => augmentedTest({ values: [0] }, at(0))).toThrow('level: ');
  });
});
