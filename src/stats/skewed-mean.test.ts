import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateMean, studentTest } from './mean.ts';
import type { Sample } from './sample.ts';
import { skewedTest, spreadOf } from './skewed-mean.ts';

function ask(sample: Sample, question: { level: number; margin: number }) {
  const estimate = estimateMean(sample);
  if (estimate.status !== 'estimated') throw new Error('The sample is too small');
  return { estimate, test: skewedTest({ ...estimate, ...spreadOf(sample) }, question) };
}

describe('spreadOf', () => {
  test('finds no lean in a symmetric sample', () => {
    expect(spreadOf({ values: [-1, 0, 1] })).toEqual({ lean: 0, effective: 2 });
  });

  test('is the third moment over six times variance and size', () => {
    // Mean 0.25; deviations 0.75 and three of -0.25; third moment (0.421875 - 0.046875) / 4; variance 0.75 / 3.
    expect(spreadOf({ values: [1, 0, 0, 0] }).lean).toBeCloseTo(0.09375 / (6 * 0.25 * 4), 12);
  });

  test('counts units by what they contribute', () => {
    expect(spreadOf({ values: [1, 1, 0] }).effective).toBe(2);
    expect(spreadOf({ values: [1, 0.1, 0.1, 0.1] }).effective).toBeLessThan(1.1);
    expect(spreadOf({ values: [0, 0] })).toEqual({ lean: 0, effective: 0 });
  });

  test('goes by clusters and weights where there are any', () => {
    const single = spreadOf({ values: [1, 0, 0] });
    expect(spreadOf({ values: [1, 1, 0, 0, 0, 0], clusters: ['a', 'a', 'b', 'b', 'c', 'c'] })).toEqual(
      single,
    );
    const weighted = spreadOf({ values: [1, 0, 0], weights: [5, 5, 5] });
    expect(weighted.lean).toBeCloseTo(single.lean, 12);
  });
});

describe('skewedTest', () => {
  const level = 0.9;

  test('is Student’s where nothing leans', () => {
    const { estimate, test: skewed } = ask({ values: [-1, 0, 0, 1] }, { level, margin: 0.1 });
    const plain = studentTest(estimate, { level, margin: 0.1 });
    for (const key of ['low', 'high', 'p_worse', 'p_within'] as const)
      expect(skewed[key]).toBeCloseTo(plain[key], 9);
  });

  test('moves only the limit on the side of the few', () => {
    const { estimate, test: skewed } = ask({ values: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] }, { level, margin: 0 });
    const plain = studentTest(estimate, { level, margin: 0 });
    expect(skewed.low).toBeCloseTo(plain.low, 12);
    expect(skewed.high).toBeGreaterThan(plain.high);
  });

  test('has no doubt where all units agree', () => {
    const sample = { values: [0.5, 0.5, 0.5] };
    expect(ask(sample, { level, margin: 0.2 }).test).toMatchObject({
      low: 0.5,
      high: 0.5,
      p_worse: 0,
      p_within: 1,
    });
    expect(ask(sample, { level, margin: 0.5 }).test).toMatchObject({ p_worse: 1, p_within: 1 });
  });

  const scores = fc.array(
    fc.integer({ min: -3, max: 3 }).map((third) => third / 3),
    { minLength: 2, maxLength: 40 },
  );

  test('has interval and tests that never contradict each other', () => {
    fc.assert(
      fc.property(scores, fc.double({ min: -0.9, max: 0.9, noNaN: true }), (values, margin) => {
        const { test: skewed } = ask({ values }, { level, margin });
        const alpha = (1 - level) / 2;
        if (Math.abs(skewed.low - margin) > 1e-9) expect(skewed.p_worse < alpha).toBe(skewed.low > margin);
        if (Math.abs(skewed.high - margin) > 1e-9) expect(skewed.p_within < alpha).toBe(skewed.high < margin);
      }),
    );
  });

  test('mirrors when the sides change places', () => {
    fc.assert(
      fc.property(scores, (values) => {
        const { test: one } = ask({ values }, { level, margin: 0.1 });
        const { test: other } = ask({ values: values.map((value) => -value) }, { level, margin: -0.1 });
        expect(other.low).toBeCloseTo(-one.high, 9);
        expect(other.high).toBeCloseTo(-one.low, 9);
        expect(other.p_worse).toBeCloseTo(one.p_within, 9);
      }),
    );
  });
});
