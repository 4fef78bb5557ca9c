import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Interval } from './interval.ts';
import type { PairedTable } from './mcnemar.ts';
import { bonettPrice, newcombePaired, tango, wald } from './paired-difference.ts';

/** Complete response before and after consolidation therapy (Cavo et al. 2012). */
const cavo: PairedTable = { both_right: 59, harmful: 6, beneficial: 16, both_wrong: 80 };

/** A table of so many flips among so many items; whether the others are right does not matter here. */
const tableOf = (harmful: number, beneficial: number, items: number): PairedTable => {
  const rest = items - harmful - beneficial;
  return { both_right: Math.ceil(rest / 2), harmful, beneficial, both_wrong: Math.floor(rest / 2) };
};
const nothing = tableOf(0, 0, 0);
const at = (level: number) => ({ level, margin: 0 });

function expectInterval(interval: Interval | null, low: number, high: number, digits = 4): void {
  expect(interval?.low).toBeCloseTo(low, digits);
  expect(interval?.high).toBeCloseTo(high, digits);
}

describe('The intervals for Cavo 2012 are those of the R package contingencytables:', () => {
  test.each<[string, Interval | null, number, number]>([
    ['Wald', wald(cavo, 0.95), -0.1184, -0.0058],
    ['Bonett–Price', bonettPrice(cavo, 0.95), -0.1195, -0.0032],
    ['Newcombe', newcombePaired(cavo, 0.95), -0.1186, -0.0046],
    ['Tango', tango(cavo, at(0.95)), -0.124, -0.0054],
  ])('%s', (_name, interval, low, high) => {
    expectInterval(interval, low, high);
  });
});

describe("Tango's interval", () => {
  test('at 90 % is narrower', () => {
    expectInterval(tango(cavo, at(0.9)), -0.1131, -0.0151);
  });

  test('reaches to 1 when all of three items are harmed', () => {
    expectInterval(tango(tableOf(3, 0, 3), at(0.95)), -0.123, 1);
    expect(tango(tableOf(3, 0, 3), at(0.95))?.high).toBe(1);
    expect(tango(tableOf(0, 3, 3), at(0.95))?.low).toBe(-1);
  });

  // Worked out with mpmath from the likelihood itself, whose maximum was searched for rather than solved.
  test.each([
    [0, 0, 1, 0.9, -0.7301340512159, 0.7301340512159],
    [0, 0, 20, 0.95, -0.1611251580528, 0.1611251580528],
    [1, 0, 1, 0.95, -0.5869013712455, 1],
    [3, 0, 3, 0.9, 0.05160885168497, 1],
    [5, 5, 10, 0.95, -0.5268138189749, 0.5268138189749],
    [2, 0, 20, 0.9, -0.03107362109706, 0.2616630463269],
    [0, 4, 50, 0.95, -0.1883824691834, -0.002944592935973],
    [10, 10, 20, 0.9, -0.3451924642297, 0.3451924642297],
    [7, 1, 21, 0.9, 0.07463076847572, 0.481622491844],
    [12, 3, 300, 0.95, 0.005389814333091, 0.05996838259939],
    [1, 1, 2, 0.95, -0.8109375885315, 0.8109375885315],
  ])(
    'for %d and %d of %d at %d is that of the likelihood',
    (harmful, beneficial, items, level, low, high) => {
      expectInterval(tango(tableOf(harmful, beneficial, items), at(level)), low, high, 11);
    },
  );

  test.each([
    [6, 2, 100, 0.05, 0.6357371890299],
    [12, 3, 300, 0.02, 0.2081300528738],
    [0, 0, 50, 0.05, 0.9476212550751],
    [5, 0, 5, 0.5, 0.09835280122947],
  ])(
    'has for %d and %d of %d at the margin %d the p of the likelihood',
    (harmful, beneficial, items, margin, p) => {
      const test = tango(tableOf(harmful, beneficial, items), { level: 0.9, margin });
      expect(test?.p_worse).toBeCloseTo(p, 11);
      expect(test?.p_within).toBeCloseTo(1 - p, 11);
    },
  );

  test('is undecided about no margin when no item differs', () => {
    expect(tango(tableOf(0, 0, 50), at(0.9))).toMatchObject({ p_worse: 0.5, p_within: 0.5 });
  });

  test.each([-1, 1, NaN])('has no test at the margin %d', (margin) => {
    expect(() => tango(cavo, { level: 0.9, margin })).toThrow(
      'margin: must be a finite number above -1 and below 1',
    );
  });
});

describe("Newcombe's interval", () => {
  test('for one item right and one wrong under both is that of the R package contingencytables', () => {
    const twoAlike = { both_right: 1, harmful: 0, beneficial: 0, both_wrong: 1 };
    expectInterval(newcombePaired(twoAlike, 0.95), -0.5734, 0.5734);
  });

  test('takes a negative correlation as it is', () => {
    // Both rates are 10 in 20, with the upper Wilson limit 0.7006; what is right under one is wrong under the other.
    const contrary = newcombePaired({ both_right: 0, harmful: 10, beneficial: 10, both_wrong: 0 }, 0.95);
    expect(contrary?.high).toBeCloseTo(2 * (0.7006 - 0.5), 3);
  });
});

test('A table without items has no interval', () => {
  expect([
    tango(nothing, at(0.9)),
    bonettPrice(nothing, 0.9),
    newcombePaired(nothing, 0.9),
    wald(nothing, 0.9),
  ]).toEqual([null, null, null, null]);
});

test('Only Wald has no width when no item differs', () => {
  const table = tableOf(0, 0, 30);
  expect(wald(table, 0.9)).toEqual({ low: 0, high: 0 });
  for (const interval of [tango(table, at(0.9)), bonettPrice(table, 0.9), newcombePaired(table, 0.9)]) {
    expect(interval?.low).toBeLessThan(-0.03);
    expect(interval?.high).toBeGreaterThan(0.03);
  }
});

test('Simple intervals are cut off at −1 and 1', () => {
  expect(bonettPrice(tableOf(1, 0, 1), 0.999)?.high).toBe(1);
  expect(bonettPrice(tableOf(0, 1, 1), 0.999)?.low).toBe(-1);
});

describe('Every interval', () => {
  const table = fc.record({
    both_right: fc.nat(60),
    harmful: fc.nat(60),
    beneficial: fc.nat(60),
    both_wrong: fc.nat(60),
  });
  const level = fc.double({ min: 0.5, max: 0.999, noNaN: true });
  const methods: readonly (readonly [string, (table: PairedTable, level: number) => Interval | null])[] = [
    ['tango', (one, asked) => tango(one, at(asked))],
    ['bonettPrice', bonettPrice],
    ['newcombePaired', newcombePaired],
    ['wald', wald],
  ];

  test.each(methods)('by %s turns around with the versions', (_name, method) => {
    fc.assert(
      fc.property(table, level, (one, asked) => {
        const interval = method(one, asked);
        const turned = method({ ...one, harmful: one.beneficial, beneficial: one.harmful }, asked);
        expect(turned === null).toBe(interval === null);
        if (interval === null) return;
        expectInterval(turned, -interval.high, -interval.low, 10);
      }),
    );
  });

  test.each(methods)('by %s holds the observed damage, and grows with its level', (_name, method) => {
    fc.assert(
      fc.property(table, level, level, (one, first, second) => {
        const narrow = method(one, Math.min(first, second));
        const wide = method(one, Math.max(first, second));
        if (narrow === null || wide === null) return;
        const items = one.both_right + one.harmful + one.beneficial + one.both_wrong;
        const damage = (one.harmful - one.beneficial) / items;
        // Bonett and Price draw the damage towards 0.
        const shrink = _name === 'bonettPrice' ? items / (items + 2) : 1;
        expect(narrow.low).toBeLessThanOrEqual(damage * shrink + 1e-12);
        expect(narrow.high).toBeGreaterThanOrEqual(damage * shrink - 1e-12);
        expect(wide.low).toBeLessThanOrEqual(narrow.low + 1e-12);
        expect(wide.high).toBeGreaterThanOrEqual(narrow.high - 1e-12);
        expect(wide.low >= -1 && wide.high <= 1).toBe(true);
      }),
    );
  });

  test('by Tango agrees with its tests: p < α exactly when the margin lies outside', () => {
    const margin = fc.double({ min: -0.99, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(table, level, margin, (one, asked, tolerated) => {
        const test = tango(one, { level: asked, margin: tolerated });
        if (test === null) return;
        const alpha = (1 - asked) / 2;
        expect(test.p_worse + test.p_within).toBeCloseTo(1, 12);
        fc.pre(Math.abs(test.p_worse - alpha) > 1e-9 && Math.abs(test.p_within - alpha) > 1e-9);
        expect(test.p_worse < alpha).toBe(test.low > tolerated);
        expect(test.p_within < alpha).toBe(test.high < tolerated);
      }),
      { numRuns: 500 },
    );
  });

  test('by Tango rises with every harmful flip', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (harmful, beneficial) => {
        const before = tango(tableOf(harmful, beneficial, 50), at(0.9));
        const after = tango(tableOf(harmful + 1, beneficial, 50), at(0.9));
        expect(after?.low).toBeGreaterThanOrEqual(before?.low ?? 1);
        expect(after?.high).toBeGreaterThanOrEqual(before?.high ?? 1);
      }),
    );
  });

  test('wants a level and counts', () => {
    for (const [, method] of methods) {
      expect(() => method(cavo, 1)).toThrow(
        'level: must be a finite number of at least 0.5 and of at most 0.999',
      );
      expect(() => method({ ...cavo, harmful: 1.5 }, 0.9)).toThrow('harmful: must be a whole number');
    }
  });
});
