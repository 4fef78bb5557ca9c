import { describe, expect, test } from 'vitest';
import { columnsOf } from './columns.ts';
import { slicesOf } from './observed.ts';
import { pairRuns } from './pairing.ts';
import { resourcesOf } from './resources.ts';
import { rowSide } from './row-side.ts';
import { type CaseSpec, cases, metric, runsOf } from './runs.testsuite.ts';

function side(specs: readonly CaseSpec[], which: 'baseline' | 'candidate' = 'baseline') {
  return rowSide(columnsOf(slicesOf(pairRuns(runsOf(specs)).pairs, metric)[0].observed), which, 0.95);
}

describe('rowSide', () => {
  test('has Wilson’s interval for counts', () => {
    const passes = [
      ...cases(13, { baseline: [1], candidate: [0] }),
      ...cases(3, { baseline: [0], candidate: [0] }),
    ];
    const { mean, passed, interval, reliability, unweighted_mean } = side(passes);
    expect({ mean, passed, reliability, unweighted_mean }).toEqual({
      mean: 13 / 16,
      passed: 13,
      reliability: null,
      unweighted_mean: null,
    });
    // Wilson's limits of 13 out of 16.
    expect(interval).toMatchObject({ method: 'wilson', confidence: 0.95 });
    expect([interval?.low, interval?.high].map((limit) => limit?.toFixed(4))).toEqual(['0.5699', '0.9341']);
  });

  test('has Student’s interval for the rest, within the scale', () => {
    const { interval } = side([
      ...cases(3, { baseline: [1, 1], candidate: [1, 1] }),
      { baseline: [0.9, 0.9], candidate: [1] },
    ]);
    expect(interval).toMatchObject({ method: 'student_t', high: 1 });
    expect(interval?.low).toBeGreaterThan(0.8);
  });

  test('has the interval of its clusters', () => {
    const clustered = cases(6, { baseline: [1], candidate: [1] }).map((spec, i) => ({
      ...spec,
      cluster: `c${i % 3}`,
      baseline: [i % 3 === 0 ? 0 : 1],
    }));
    expect(side(clustered).interval?.method).toBe('clustered_t');
  });

  test('has no interval for one unit, and nothing at all without cases', () => {
    expect(side([{ baseline: [0.5], candidate: [1] }])).toMatchObject({ mean: 0.5, interval: null });
    expect(side([])).toEqual({
      mean: null,
      unweighted_mean: null,
      interval: null,
      passed: 0,
      reliability: null,
    });
  });

  test('reports the mean with and without weights', () => {
    const weighted = side([
      { baseline: [1], candidate: [1], weight: 3 },
      { baseline: [0], candidate: [1] },
    ]);
    expect(weighted).toMatchObject({ mean: 0.75, unweighted_mean: 0.5 });
  });

  test('reports how repeatable answers are, over the cases that have all epochs', () => {
    const { reliability } = side([
      { baseline: [1, 1, 1], candidate: [1] },
      { baseline: [1, 0, 0], candidate: [1] },
      { baseline: [1, 0], candidate: [1] },
    ]);
    expect(reliability).toMatchObject({ epochs: 3, cases: 2, pass_at_k: 1, pass_hat_k: 0.5 });
    // Of three pairs of epochs of the second case, two differ.
    expect(reliability?.flake_rate).toBeCloseTo(1 / 3, 12);
  });
});

describe('resourcesOf', () => {
  const pairs = (changes: readonly Partial<CaseSpec>[]) =>
    pairRuns(runsOf(changes.map((change) => ({ baseline: [1], candidate: [1], ...change })))).pairs;

  test('compares what is known on both sides', () => {
    const [latency, tokens, cost] = resourcesOf(
      pairs([{ latency_ms: 100 }, { latency_ms: 300 }, { latency_ms: null }]),
      0.9,
    );
    expect(latency).toMatchObject({
      resource: 'latency_ms',
      cases: 2,
      baseline: 200,
      candidate: 200,
      difference: 0,
    });
    expect(latency?.interval).toMatchObject({ low: 0, high: 0, method: 'student_t' });
    expect(tokens).toMatchObject({ cases: 3, difference: 0 });
    expect(cost).toEqual({
      resource: 'cost_usd',
      cases: 0,
      baseline: null,
      candidate: null,
      difference: null,
      interval: null,
    });
  });

  test('counts more for the candidate as a difference above 0, and goes by clusters', () => {
    const [one, two, three] = pairs([{ cluster: 'a' }, { cluster: 'a' }, { cluster: null }]);
    if (one === undefined || two === undefined || three === undefined)
      throw new Error('There are three pairs');
    const slower = [one, two, three].map(({ baseline, candidate }, i) => ({
      baseline,
      candidate: { ...candidate, latency_ms: 200 + i },
    }));
    const [latency] = resourcesOf(slower, 0.9);
    expect(latency).toMatchObject({ baseline: 100, candidate: 201, difference: 101 });
    expect(latency?.interval?.method).toBe('clustered_t');
  });
});
