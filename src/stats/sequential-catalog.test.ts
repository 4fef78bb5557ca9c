import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalog } from './catalog.ts';
import { sequentialCatalog } from './sequential-catalog.ts';

function compute(name: string, input: unknown): Readonly<Record<string, unknown>> {
  const entry = sequentialCatalog.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`no ${name}`);
  return entry.compute(input);
}

test('The page of statistics says of every calculation where its formulas are from', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/statistics.md'), 'utf8');
  const used = [...page.matchAll(/Used in([^.]*)/g)].map(([, names]) => names ?? '').join(' ');
  for (const { name } of catalog) expect(used).toContain(`\`${name}\``);
});

describe('The catalogue', () => {
  test('watches the failures of a canary over several looks', () => {
    const looks = [
      { canary_failures: 8, control_failures: 20, weight: 0.1 },
      { canary_failures: 4, control_failures: 10, weight: 0.1 },
    ];
    expect(compute('failure-process', { looks })).toMatchObject({
      harm: { log_m: expect.closeTo(4.481899, 6), p: expect.closeTo(0.011312, 6), alarm: true },
      either: { log_m: expect.closeTo(3.534882, 6), alarm: true },
      steps: [{ canary_failures: 12, control_failures: 30, weight: 0.1 }],
    });
    expect(compute('failure-process', { looks: looks.slice(0, 1) })).toMatchObject({
      harm: { p: expect.closeTo(0.05914, 5), alarm: false },
    });
    const firm = compute('failure-process', { looks, concentration: 1000, alpha: 0.001 });
    expect(firm).toMatchObject({ harm: { alarm: false } });
    expect(() => compute('failure-process', { looks: [] })).toThrow('looks: ');
  });

  test('holds assignments against their weights', () => {
    const fine = [{ counts: [4, 4, 2], weights: [0.4, 0.4, 0.2] }];
    expect(compute('sample-ratio', { looks: fine })).toMatchObject({ p: 1, mismatch: false });
    expect(compute('sample-ratio', { looks: [{ counts: [9200, 800], weights: [95, 5] }] })).toMatchObject({
      mismatch: true,
    });
    expect(() => compute('sample-ratio', { looks: [{ counts: [1], weights: [1, 1] }] })).toThrow('counts: ');
  });

  test('compares means step by step, and any difference that has a standard error', () => {
    const steps = [
      {
        baseline: { n: 900, mean: 0.9, variance: 0.09 },
        candidate: { n: 100, mean: 0.6, variance: 0.25 },
      },
      { baseline: { n: 10, mean: 0, variance: 1 }, candidate: { n: 0, mean: 0, variance: 0 } },
    ];
    const compared = compute('confidence-sequence', { steps });
    expect(compared).toMatchObject({ enough: true, n: 1000, difference: expect.closeTo(-0.3, 12) });
    const { se, two_sided } = compared as { se: number; two_sided: object };
    expect(se).toBeCloseTo(Math.sqrt(0.09 / 900 + 0.25 / 100), 12);
    expect(compute('difference-sequence', { difference: -0.3, se, n: 1000 })).toMatchObject({
      two_sided: { p: expect.closeTo((two_sided as { p: number }).p, 12) },
    });
    expect(compute('confidence-sequence', { steps, min_scores: 101 })).toMatchObject({ enough: false });
  });

  test('gives a rate that is watched', () => {
    expect(compute('rate-sequence', { successes: 700, trials: 1000, decide_at: 100 })).toEqual({
      rate: 0.7,
      interval: { low: expect.closeTo(0.651629, 5), high: expect.closeTo(0.745949, 5) },
    });
    expect(compute('rate-sequence', { successes: 0, trials: 0 })).toEqual({ rate: null, interval: null });
  });

  test('carries out the mixture test, and plans looks', () => {
    const streams = { n: 100, difference: 0.3, variance: 1, effect_variance: 0.1 };
    expect(compute('mixture-sprt', streams)).toEqual({
      log_ratio: expect.closeTo(Math.log(2.66211), 5),
      p: expect.closeTo(0.37564, 5),
    });
    expect(compute('group-sequential', { looks: 2 })).toMatchObject({
      pocock_constant: expect.closeTo(2.178, 3),
      obrien_fleming_constant: expect.closeTo(1.977, 3),
      table: [
        { look: 1, fixed: expect.closeTo(1.96, 3), false_alarms_of_fixed: expect.closeTo(0.05, 12) },
        { look: 2, false_alarms_of_fixed: expect.closeTo(0.083, 3) },
      ],
    });
  });

  test('takes from scores what was known before', () => {
    const table = {
      scores: [1, 2, 3, 2, 5, 6],
      covariates: [1, 2, 3, 3, 4, 5],
      roles: ['baseline', 'baseline', 'baseline', 'candidate', 'candidate', 'candidate'],
    };
    expect(compute('cuped', table)).toMatchObject({
      adjusted: {
        theta: 1.5,
        baseline: { n: 3, mean: 3.5, variance: expect.closeTo(0.25, 12) },
        candidate: { n: 3 },
      },
    });
    const alone = { scores: [1, 2], covariates: [2, 1], roles: ['baseline', 'baseline'] };
    expect(compute('cuped', alone)).toMatchObject({
      adjusted: { theta: -1, candidate: { n: 0, mean: null, variance: null } },
    });
    expect(compute('cuped', { scores: [], covariates: [], roles: [] })).toEqual({ adjusted: null });
    expect(() => compute('cuped', { ...table, roles: ['baseline'] })).toThrow('roles: must have 6 entries');
    expect(() => compute('cuped', { ...table, covariates: [1] })).toThrow('covariates: must have 6 entries');
    expect(() => compute('cuped', { ...table, roles: [...table.roles.slice(1), 'other'] })).toThrow(
      'roles.5: ',
    );
  });

  test('shows two rates as beliefs', () => {
    const { baseline, candidate } = {
      baseline: { successes: 49, trials: 100 },
      candidate: { successes: 51, trials: 100 },
    };
    expect(compute('posterior-rates', { baseline, candidate })).toMatchObject({
      chance_higher: expect.closeTo(0.61077, 5),
    });
  });
});
