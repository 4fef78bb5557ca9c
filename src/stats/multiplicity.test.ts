import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Adjustment, adjustPValues } from './multiplicity.ts';

const methods: readonly Adjustment[] = ['bonferroni', 'holm', 'hochberg', 'benjamini_hochberg'];
const adjusted = (pValues: readonly number[], method: Adjustment): number[] =>
  adjustPValues(pValues, { method, alpha: 0.05 }).map((one) => one.adjusted);

test('The fifteen p-values of Benjamini & Hochberg 1995 lead to the rejections that they print', () => {
  const pValues = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
    0.759, 1,
  ];
  const rejections = methods.map(
    (method) => adjustPValues(pValues, { method, alpha: 0.05 }).filter((one) => one.rejected).length,
  );
  expect(rejections).toEqual([3, 3, 3, 4]);
});

// As R's p.adjust gives them.
test.each<[Adjustment, number[]]>([
  ['bonferroni', [0.05, 0.1, 0.15, 0.2, 0.25]],
  ['holm', [0.05, 0.08, 0.09, 0.09, 0.09]],
  ['hochberg', [0.05, 0.05, 0.05, 0.05, 0.05]],
  ['benjamini_hochberg', [0.05, 0.05, 0.05, 0.05, 0.05]],
])('%s adjusts .01 to .05 as R does', (method, expected) => {
  adjusted([0.01, 0.02, 0.03, 0.04, 0.05], method).forEach((p, i) => {
    expect(p).toBeCloseTo(expected[i] ?? NaN, 14);
  });
});

test('Results come in the order of the p-values, with the p-values', () => {
  const [large, small] = adjustPValues([0.4, 0.01], { method: 'holm', alpha: 0.05 });
  expect(large).toEqual({ p: 0.4, adjusted: 0.4, rejected: false });
  expect(small).toEqual({ p: 0.01, adjusted: 0.02, rejected: true });
});

test.each(methods)('%s leaves a single p-value alone, and none as well', (method) => {
  expect(adjusted([0.03], method)).toEqual([0.03]);
  expect(adjusted([], method)).toEqual([]);
});

describe('Adjusted p-values', () => {
  const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });

  test.each(methods)('by %s are shares, no smaller than before, and in the same order', (method) => {
    fc.assert(
      fc.property(pValues, (given) => {
        const results = adjustPValues(given, { method, alpha: 0.05 });
        const sorted = results.toSorted((left, right) => left.p - right.p);
        sorted.forEach((one, i) => {
          expect(one.adjusted).toBeGreaterThanOrEqual(one.p);
          expect(one.adjusted).toBeLessThanOrEqual(1);
          expect(one.adjusted).toBeGreaterThanOrEqual(sorted[i - 1]?.adjusted ?? 0);
        });
      }),
    );
  });

  test('are ever smaller from Bonferroni over Holm and Hochberg to Benjamini–Hochberg', () => {
    fc.assert(
      fc.property(pValues, (given) => {
        const [first = [], ...others] = methods.map((method) => adjusted(given, method));
        others.reduce((larger, smaller) => {
          smaller.forEach((p, i) => {
            expect(p).toBeLessThanOrEqual((larger[i] ?? 0) + 1e-12);
          });
          return smaller;
        }, first);
      }),
    );
  });

  test('by Holm reject what the step-down rule rejects', () => {
    fc.assert(
      fc.property(pValues, (given) => {
        const sorted = given.toSorted((left, right) => left - right);
        const failure = sorted.findIndex((p, i) => p > 0.05 / (sorted.length - i));
        fc.pre(sorted.every((p, i) => Math.abs(p - 0.05 / (sorted.length - i)) > 1e-12));
        const rejected = adjustPValues(given, { method: 'holm', alpha: 0.05 }).filter((one) => one.rejected);
        expect(rejected).toHaveLength(failure === -1 ? sorted.length : failure);
      }),
    );
  });

  test('want p-values and an error rate', () => {
    expect(() => adjusted([0.1, 1.2], 'holm')).toThrow('p_values.1: must be a finite number');
    expect(() => adjustPValues([0.1], { method: 'holm', alpha: 0 })).toThrow('alpha: ');
  });
});
