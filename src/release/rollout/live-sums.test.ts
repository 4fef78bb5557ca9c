import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Moments, momentsOf } from '../../stats/moments.ts';
import { createRandom, randomShare } from '../../stats/random.ts';
import {
  changeProducts,
  changeUnit,
  covarianceOfMeans,
  effectiveUnits,
  type LiveSums,
  momentsOfUnits,
  noProducts,
  noSums,
  nothing,
  type UnitSums,
} from './live-sums.ts';

type Unit = readonly number[];

const value = fc.double({ min: -1000, max: 1000, noNaN: true });
const units = fc.array(fc.array(value, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 30 });

function sumsOfUnit(values: Unit): UnitSums {
  return { sum: values.reduce((sum, one) => sum + one, 0), count: values.length };
}

function sumsOf(all: readonly Unit[]): LiveSums {
  return all.reduce((sums, one) => changeUnit(sums, nothing, sumsOfUnit(one)), noSums);
}

function known(sums: LiveSums): Moments {
  const moments = momentsOfUnits(sums);
  if (moments === null) throw new Error('there are values');
  return moments;
}

function expectClose(actual: LiveSums, expected: LiveSums): void {
  for (const key of Object.keys(noSums) as (keyof LiveSums)[]) {
    expect(actual[key] / 1e6).toBeCloseTo(expected[key] / 1e6, 9);
  }
}

/** The variance of Σs / Σc to the first order: each unit's residual, by the plain definitions of the delta method. */
function deltaMethod(all: readonly Unit[]): { mean: number; squaredError: number } {
  const n = all.length;
  const each = all.map(sumsOfUnit);
  const meanOf = (of: (unit: UnitSums) => number): number => each.reduce((sum, one) => sum + of(one), 0) / n;
  const [s, c] = [meanOf(({ sum }) => sum), meanOf(({ count }) => count)];
  const covariance = (a: (unit: UnitSums) => number, b: (unit: UnitSums) => number): number =>
    (meanOf((one) => (a(one) - meanOf(a)) * (b(one) - meanOf(b))) * n) / (n - 1);
  const sumOf = ({ sum }: UnitSums): number => sum;
  const countOf = ({ count }: UnitSums): number => count;
  const variance =
    covariance(sumOf, sumOf) / c ** 2 -
    (2 * s * covariance(sumOf, countOf)) / c ** 3 +
    (s ** 2 * covariance(countOf, countOf)) / c ** 4;
  return { mean: s / c, squaredError: variance / n };
}

describe('Sums over units', () => {
  test('of three units are what can be worked out by hand', () => {
    const sums = sumsOf([[1, 0], [1], [0, 0, 1]]);
    expect(sums).toEqual({ units: 3, sum: 3, count: 6, sum_squared: 3, count_squared: 14, sum_count: 6 });
    // The mean is a half; residuals are 0, a half and minus a half, of units with two values on average.
    expect(momentsOfUnits(sums)).toEqual({ n: 3, mean: 0.5, m2: 0.125 });
  });

  test('are the same whatever the order, and however a unit came by its values', () => {
    fc.assert(
      fc.property(units, (all) => {
        const whole = sumsOf(all);
        expectClose(sumsOf(all.toReversed()), whole);
        let bit = noSums;
        for (let turn = 0; turn < 6; turn += 1) {
          for (const unit of all) {
            bit = changeUnit(bit, sumsOfUnit(unit.slice(0, turn)), sumsOfUnit(unit.slice(0, turn + 1)));
          }
        }
        expectClose(bit, whole);
      }),
    );
  });

  test('forget a unit that has nothing any more', () => {
    fc.assert(
      fc.property(units, units, (kept, gone) => {
        const all = gone.reduce(
          (sums, one) => changeUnit(sums, sumsOfUnit(one), nothing),
          sumsOf([...kept, ...gone]),
        );
        expect(all.units).toBe(kept.length);
        expectClose(all, sumsOf(kept));
      }),
    );
    const left = changeUnit(sumsOf([[7, 7]]), { sum: 14, count: 2 }, nothing);
    expect(left).toEqual(noSums);
    expect(momentsOfUnits(left)).toBeNull();
  });
});

describe('The mean of units', () => {
  test('with one value each is the ordinary mean, with the ordinary spread', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
        const moments = known(sumsOf(values.map((one) => [one])));
        const expected = momentsOf(values);
        expect(moments.n).toBe(expected.n);
        expect(moments.mean).toBeCloseTo(expected.mean, 9);
        expect(moments.m2 / 1e6).toBeCloseTo(expected.m2 / 1e6, 9);
      }),
    );
  });

  test('has the standard error that the delta method gives for a ratio of two sums', () => {
    fc.assert(
      fc.property(
        units.filter((all) => all.length > 1),
        (all) => {
          const { n, mean, m2 } = known(sumsOf(all));
          const expected = deltaMethod(all);
          expect(mean).toBeCloseTo(expected.mean, 9);
          expect(m2 / (n - 1) / n / 1e6).toBeCloseTo(expected.squaredError / 1e6, 9);
        },
      ),
    );
  });

  test('knows no more of values that a unit repeats than of one', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 2, max: 9 }),
        (one, times) => {
          const once = known(sumsOf(one.map((each) => [each])));
          const repeated = known(sumsOf(one.map((each) => new Array<number>(times).fill(each))));
          expect(repeated.n).toBe(once.n);
          expect(repeated.mean).toBeCloseTo(once.mean, 9);
          expect(repeated.m2 / 1e6).toBeCloseTo(once.m2 / 1e6, 9);
        },
      ),
    );
  });

  test('of values that are all alike has no spread at all, whatever rounding leaves', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1e6, noNaN: true }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 200 }),
        (same, counts) => {
          const moments = known(sumsOf(counts.map((count) => new Array<number>(count).fill(same))));
          expect(moments.m2).toBe(0);
          expect(moments.mean / same).toBeCloseTo(1, 12);
        },
      ),
    );
  });

  test('keeps a spread of a ten thousandth of the mean', () => {
    const random = createRandom(3);
    const values = Array.from({ length: 20_000 }, () => 1 + randomShare(random) / 10_000);
    const moments = known(sumsOf(values.map((one) => [one])));
    expect(moments.m2 / momentsOf(values).m2).toBeCloseTo(1, 3);
  });

  test('is unknown without values', () => {
    expect(momentsOfUnits(noSums)).toBeNull();
  });
});

describe('The covariance of two means', () => {
  /** Units with values in both of two cells, in the first alone, and in the second alone. */
  const both = fc.array(fc.tuple(fc.array(value, { maxLength: 4 }), fc.array(value, { maxLength: 4 })), {
    minLength: 2,
    maxLength: 25,
  });

  test('is that of the residuals of the units that are in both, however they came by their values', () => {
    fc.assert(
      fc.property(both, (all) => {
        const [first, second] = [0, 1].map((cell) =>
          all
            .map((unit) => sumsOfUnit(unit[cell] ?? []))
            .reduce<LiveSums>((sums, one) => changeUnit(sums, nothing, one), noSums),
        ) as [LiveSums, LiveSums];
        const none: readonly [UnitSums, UnitSums] = [nothing, nothing];
        const products = all.reduce((before, [a, b]) => {
          const [one, other] = [sumsOfUnit(a), sumsOfUnit(b)];
          return changeProducts(changeProducts(before, none, [one, nothing]), [one, nothing], [one, other]);
        }, noProducts);
        fc.pre(first.count > 0 && second.count > 0);
        const residual = ({ sum, count }: UnitSums, of: UnitSums): number =>
          (sum - (of.sum / of.count) * count) / of.count;
        const expected = all.reduce(
          (sum, [a, b]) => sum + residual(sumsOfUnit(a), first) * residual(sumsOfUnit(b), second),
          0,
        );
        expect(covarianceOfMeans(products, first, second) / 1e6).toBeCloseTo(expected / 1e6, 9);
      }),
    );
  });

  test('of a cell with itself is the variance of its mean', () => {
    const all = [[1, 0], [1], [0, 0, 1]].map(sumsOfUnit);
    const sums = all.reduce<LiveSums>((before, one) => changeUnit(before, nothing, one), noSums);
    const products = all.reduce(
      (before, one) => changeProducts(before, [nothing, nothing], [one, one]),
      noProducts,
    );
    expect(covarianceOfMeans(products, sums, sums)).toBeCloseTo(0.125 / 9, 12);
    expect(covarianceOfMeans(products, sums, noSums)).toBe(0);
  });
});

describe('Units', () => {
  test('count as fewer where some have most of the values', () => {
    const repeated = (...counts: readonly number[]) =>
      sumsOf(counts.map((count) => new Array<number>(count).fill(1)));
    expect(effectiveUnits(repeated(3, 3, 3, 3))).toBe(4);
    expect(effectiveUnits(repeated(97, 1, 1, 1))).toBeCloseTo(1.06, 2);
    expect(effectiveUnits(noSums)).toBe(0);
  });
});
