import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { twoSidedP } from './interval.ts';
import {
  type Estimated,
  estimateMean,
  pairedCorrelation,
  standardErrorOf,
  studentInterval,
  studentTest,
} from './mean.ts';
import type { Sample } from './sample.ts';

/** Differences in height between crossed and self-fertilised maize, in eighths of an inch (Darwin 1876; Fisher 1935). */
const maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];

function estimated(sample: Sample, options?: { readonly correction?: boolean }): Estimated {
  const estimate = estimateMean(sample, options);
  if (estimate.status !== 'estimated') throw new Error(estimate.reason);
  return estimate;
}

describe('The mean', () => {
  test("of Darwin's maize is tested by Student's t as Fisher 1935 does", () => {
    const estimate = estimated({ values: maize });
    expect(estimate.mean).toBeCloseTo(20.933, 3);
    expect(estimate.mean / estimate.se).toBeCloseTo(2.148, 3);
    expect(twoSidedP(studentTest(estimate, { level: 0.95, margin: 0 }))).toBeCloseTo(0.0497, 4);
  });

  test("of Student's sleep data has the t, p and interval that R's documentation of t.test has", () => {
    const values = [-1.2, -2.4, -1.3, -1.3, 0, -1, -1.8, -0.8, -4.6, -1.4];
    const estimate = estimated({ values });
    const { low, high } = studentInterval(estimate, 0.95);
    expect(estimate).toMatchObject({ df: 9, items: 10, units: 10 });
    expect(estimate.mean / estimate.se).toBeCloseTo(-4.0621, 4);
    expect(twoSidedP(studentTest(estimate, { level: 0.95, margin: 0 }))).toBeCloseTo(0.002833, 6);
    expect(low).toBeCloseTo(-2.4598858, 7);
    expect(high).toBeCloseTo(-0.7001142, 7);
  });

  test('of 0 to 19 in clusters of every fourth has the error that the tests of inspect_ai expect', () => {
    const values = Array.from({ length: 20 }, (_, i) => i);
    const clusters = values.map((i) => `cluster ${i % 4}`);
    expect(estimated({ values, clusters })).toMatchObject({ df: 3, items: 20, units: 4 });
    expect(estimated({ values, clusters }).se).toBeCloseTo(0.645, 3);
    expect(estimated({ values, clusters }, { correction: false }).se).toBeCloseTo(0.559, 4);
    expect(estimated({ values }).se).toBeCloseTo(1.3229, 4);
  });

  test('has the clustered error that Miller 2024 writes as a double sum', () => {
    const scores = fc.array(
      fc.record({ value: fc.double({ min: -1, max: 1, noNaN: true }), cluster: fc.nat(4) }),
      {
        minLength: 5,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(scores, (items) => {
        fc.pre(new Set(items.map((item) => item.cluster)).size > 1);
        const n = items.length;
        const mean = items.reduce((sum, item) => sum + item.value, 0) / n;
        let squares = 0;
        items.forEach((one, i) => {
          items.forEach((other, j) => {
            if (i === j || one.cluster === other.cluster)
              squares += (one.value - mean) * (other.value - mean);
          });
        });
        const values = items.map((item) => item.value);
        const clusters = items.map((item) => String(item.cluster));
        const { se } = estimated({ values, clusters }, { correction: false });
        expect(se).toBeCloseTo(Math.sqrt(Math.max(0, squares)) / n, 7);
      }),
    );
  });

  test('of a rate has the error √(s̄(1 − s̄)/n), but for the correction', () => {
    const values = [1, 1, 1, 0, 0, 1, 1, 0, 1, 1];
    expect(estimated({ values }, { correction: false }).se).toBeCloseTo(Math.sqrt((0.7 * 0.3) / 10), 14);
  });

  test('with equal weights is the plain one to the last digit but a few', () => {
    const numbers = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.01, max: 100, noNaN: true }), (values, weight) => {
        const plain = estimated({ values });
        const weighted = estimated({ values, weights: values.map(() => weight) });
        expect(weighted.mean).toBeCloseTo(plain.mean, 11);
        expect(weighted.se).toBeCloseTo(plain.se, 11);
        expect(estimated({ values, weights: values.map(() => 1) })).toEqual(plain);
      }),
    );
  });

  test('with weights has the linearised error of a ratio', () => {
    // By hand: the mean is (0 + 1 + 2·3) / 4, and the weighted residuals are −1.75, −0.75 and 2·1.25.
    const { mean, se } = estimated({ values: [0, 1, 3], weights: [1, 1, 2] });
    expect(mean).toBe(1.75);
    expect(se).toBeCloseTo((Math.sqrt(1.75 ** 2 + 0.75 ** 2 + 2.5 ** 2) / 4) * Math.sqrt(3 / 2), 14);
  });

  test('turns around with the sign, and clusters of one are none', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2 }), (values) => {
        const one = estimated({ values });
        const turned = estimated({ values: values.map((value) => -value) });
        expect(turned.mean).toBeCloseTo(-one.mean, 12);
        expect(turned.se).toBeCloseTo(one.se, 12);
        expect(estimated({ values, clusters: values.map((_, i) => `${i}`) })).toEqual(one);
      }),
    );
  });

  test.each<[string, Sample, object]>([
    [
      'no items',
      { values: [] },
      { mean: null, items: 0, units: 0, reason: 'a standard error needs at least 2 items; there are none' },
    ],
    [
      'one item',
      { values: [0.7] },
      { mean: 0.7, items: 1, units: 1, reason: 'a standard error needs at least 2 items; there is 1' },
    ],
    [
      'one cluster',
      { values: [0, 1], clusters: ['a', 'a'] },
      { mean: 0.5, items: 2, units: 1, reason: 'a standard error needs at least 2 clusters; there is 1' },
    ],
  ])('of %s has no error, and says why', (_what, sample, expected) => {
    expect(estimateMean(sample)).toEqual({ status: 'not_enough_data', ...expected });
    expect(standardErrorOf(estimateMean(sample))).toBeNull();
  });
});

describe("Student's test", () => {
  test('agrees with its interval: p < α exactly when the margin lies outside', () => {
    const number = fc.double({ min: -1, max: 1, noNaN: true });
    const level = fc.double({ min: 0.5, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(
        number,
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        level,
        number,
        (mean, se, df, asked, margin) => {
          const test = studentTest({ mean, se, df }, { level: asked, margin });
          const alpha = (1 - asked) / 2;
          expect(test.p_worse + test.p_within).toBeCloseTo(1, 12);
          fc.pre(Math.abs(test.p_worse - alpha) > 1e-9 && Math.abs(test.p_within - alpha) > 1e-9);
          expect(test.p_worse < alpha).toBe(test.low > margin);
          expect(test.p_within < alpha).toBe(test.high < margin);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('has no doubt where there is no error, except at the margin itself', () => {
    const sure = { mean: 0.1, se: 0, df: 9 };
    expect(studentTest(sure, { level: 0.9, margin: 0 })).toEqual({
      low: 0.1,
      high: 0.1,
      p_worse: 0,
      p_within: 1,
    });
    expect(studentTest(sure, { level: 0.9, margin: 0.2 })).toMatchObject({ p_worse: 1, p_within: 0 });
    expect(studentTest(sure, { level: 0.9, margin: 0.1 })).toMatchObject({ p_worse: 1, p_within: 1 });
  });

  test('wants a margin and a level', () => {
    const estimate = { mean: 0, se: 1, df: 2 };
    expect(() => studentTest(estimate, { level: 0.9, margin: NaN })).toThrow(
      'margin: must be a finite number',
    );
    expect(() => studentTest(estimate, { level: 0.3, margin: 0 })).toThrow('level: ');
  });
});

describe('What pairing is worth', () => {
  test('is the correlation of the scores', () => {
    const baseline = [0.9, 0.8, 1, 0.7, 0.95, 0.6];
    const candidate = [0.85, 0.8, 0.9, 0.4, 0.9, 0.65];
    const average = (numbers: readonly number[]) =>
      numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    const product = (left: readonly number[], right: readonly number[]) =>
      average(left.map((one, i) => (one - average(left)) * ((right[i] ?? 0) - average(right))));
    const pearson =
      product(baseline, candidate) / Math.sqrt(product(baseline, baseline) * product(candidate, candidate));
    const errors = {
      baseline: estimated({ values: baseline }).se,
      candidate: estimated({ values: candidate }).se,
      difference: estimated({ values: baseline.map((one, i) => one - (candidate[i] ?? 0)) }).se,
    };
    expect(pairedCorrelation(errors)).toBeCloseTo(pearson, 12);
  });

  test('is unknown when a version does not vary, and is never beyond 1', () => {
    expect(pairedCorrelation({ baseline: 0, candidate: 1, difference: 1 })).toBeNull();
    expect(pairedCorrelation({ baseline: 1, candidate: 1, difference: 0 })).toBe(1);
    expect(pairedCorrelation({ baseline: 1, candidate: 1, difference: 2.0000001 })).toBe(-1);
  });
});
