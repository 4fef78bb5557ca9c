import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { PawlError } from '../core/errors.ts';
import { catalog } from './catalog.ts';

function compute(name: string, input: unknown): Readonly<Record<string, unknown>> {
  const entry = catalog.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`no ${name}`);
  return entry.compute(input);
}

describe.each(catalog.map((entry) => [entry.name, entry] as const))('The calculation %s', (name, entry) => {
  const fields = z.toJSONSchema(entry.input, { io: 'input' }).properties ?? {};

  test('has a name for a path, a title of one line, and a source', () => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(entry.title).toMatch(/^[A-Z][^\n]{10,100}$/);
    expect(entry.source).not.toBe('');
  });

  test('describes every field of its input', () => {
    for (const [field, schema] of Object.entries(fields)) {
      expect([field, (schema as { description?: string }).description]).toEqual([
        field,
        expect.stringMatching(/\.$/),
      ]);
    }
  });

  test('gives plain JSON for its example, the same every time', () => {
    const result = entry.compute(entry.example);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(entry.compute(entry.example)).toEqual(result);
    expect(JSON.stringify(result)).not.toContain('NaN');
  });

  test('refuses a field that it does not know, and numbers that are none', () => {
    expect(() => entry.compute({ ...entry.example, other: 1 })).toThrow(
      new PawlError('invalid_request', 'Unrecognized key: "other"'),
    );
    for (const [field, value] of Object.entries(entry.example)) {
      if (typeof value !== 'number') continue;
      for (const wrong of [NaN, Infinity, '1', null]) {
        expect(() => entry.compute({ ...entry.example, [field]: wrong })).toThrow(`${field}: `);
      }
    }
  });

  test('bounds every list', () => {
    for (const schema of Object.values(fields) as { type?: string; maxItems?: number }[]) {
      if (schema.type === 'array') expect(schema.maxItems).toBeLessThanOrEqual(100_000);
    }
  });
});

test('Every calculation has a name of its own', () => {
  expect(new Set(catalog.map(({ name }) => name)).size).toBe(catalog.length);
});

describe('The catalogue', () => {
  test('compares a paired table by every method', () => {
    const result = compute('paired-table', {
      both_right: 59,
      harmful: 6,
      beneficial: 16,
      both_wrong: 80,
      level: 0.9,
    });
    expect(result).toMatchObject({
      items: 161,
      damage: -10 / 161,
      mcnemar: { p_mid: expect.closeTo(0.03469, 6) },
      tango: {
        low: expect.closeTo(-0.1131, 4),
        high: expect.closeTo(-0.0151, 4),
        p_worse: expect.any(Number),
      },
      bonett_price: expect.any(Object),
      newcombe: expect.any(Object),
      wald: expect.any(Object),
    });
    const empty = { both_right: 0, harmful: 0, beneficial: 0, both_wrong: 0 };
    expect(compute('paired-table', empty)).toMatchObject({ items: 0, damage: null, tango: null, wald: null });
    expect(() => compute('paired-table', { ...empty, margin: 1 })).toThrow('margin: ');
  });

  test('compares paired scores, with clusters by name or by number', () => {
    const scores = { baseline: [1, 0, 1], candidate: [0, 0, 1] };
    const named = compute('paired-scores', { ...scores, clusters: ['1', '1', '2'] });
    expect(compute('paired-scores', { ...scores, clusters: [1, 1, 2] })).toEqual(named);
    expect(named).toMatchObject({ damage: { units: 2 } });
    expect(compute('paired-scores', scores)).toMatchObject({ damage: { units: 3 } });
    expect(() => compute('paired-scores', { ...scores, clusters: [1] })).toThrow(
      'clusters: must have 3 entries',
    );
    expect(() => compute('paired-scores', { ...scores, weights: [1, 0, 1] })).toThrow('weights.1: ');
  });

  test('gives a rate, and a bound where nothing failed', () => {
    expect(compute('proportion', { successes: 13, trials: 16 })).toMatchObject({
      rate: 0.8125,
      p_exact: expect.closeTo(0.02127, 5),
      p_mid: expect.closeTo(0.01273, 5),
      zero_failure_bound: null,
    });
    expect(compute('proportion', { successes: 10, trials: 10 })['zero_failure_bound']).toBeCloseTo(
      1 - 0.05 ** 0.1,
      12,
    );
    expect(compute('proportion', { successes: 0, trials: 0 })).toMatchObject({
      rate: null,
      wilson: null,
      p_exact: 1,
    });
    expect(() => compute('proportion', { successes: 3, trials: 2 })).toThrow('successes: ');
  });

  test('compares two rates', () => {
    const rates = { first: { successes: 0, trials: 16 }, second: { successes: 15, trials: 72 } };
    expect(compute('two-proportions', rates)).toMatchObject({ p_fisher: expect.closeTo(0.06287, 5) });
  });

  test('gives a mean with and without its clusters', () => {
    const values = Array.from({ length: 20 }, (_, i) => i);
    expect(compute('mean', { values, clusters: values.map((i) => i % 4) })).toMatchObject({
      mean: 9.5,
      se: expect.closeTo(0.6455, 4),
      se_uncorrected: expect.closeTo(0.559, 4),
      se_without_clusters: expect.closeTo(1.3229, 4),
      interval: { low: expect.closeTo(9.5 - 3.1824 * 0.6455, 3), high: expect.any(Number) },
    });
    expect(compute('mean', { values: [1, 2] })).toMatchObject({ units: 2 });
    expect(compute('mean', { values: [5], weights: [2] })).toMatchObject({
      status: 'not_enough_data',
      mean: 5,
      interval: null,
      se_uncorrected: null,
      se_without_clusters: null,
    });
  });

  test('adjusts p-values by four methods', () => {
    expect(compute('multiplicity', { p_values: [0.01, 0.02, 0.03, 0.04, 0.05] })).toMatchObject({
      bonferroni: { rejections: 1 },
      holm: { rejections: 1 },
      hochberg: { rejections: 5 },
      benjamini_hochberg: { rejections: 5 },
    });
  });

  test('plans paired comparisons', () => {
    const rates = { harm_rate: 0.1, benefit_rate: 0.05, cases: [100] };
    expect(compute('power-paired', { ...rates, sides: 2 })).toMatchObject({ cases_needed: 469 });
    expect(compute('power-paired', rates)).toMatchObject({
      cases_needed: 369,
      table: [{ cases: 100, exact_one_sided_power: expect.closeTo(0.277, 3) }],
    });
    const even = { harm_rate: 0.1, benefit_rate: 0.1 };
    expect(compute('power-paired', even)).toMatchObject({ cases_needed: null, flips_needed: null });
    expect(compute('power-paired', { harm_rate: 0.05, benefit_rate: 0.1 })).toMatchObject({
      flips_needed: null,
    });
    expect(() => compute('power-paired', { harm_rate: 0, benefit_rate: 0 })).toThrow('harm_rate: ');
  });

  test('plans comparisons of means either way', () => {
    expect(compute('power-mean', { between_items: 1 / 9, difference: 0.03 })).toEqual({
      cases_needed: 969,
      detectable_difference: null,
    });
    expect(compute('power-mean', { between_items: 1 / 9, cases: 969 })).toMatchObject({
      cases_needed: null,
      detectable_difference: expect.closeTo(0.03, 5),
    });
  });

  test('plans for a margin', () => {
    const plan = { deviation: 0.4, margin: 0.05, level: 0.9 };
    expect(compute('power-margin', plan)).toEqual({ cases_needed: 396 });
    expect(compute('power-margin', { ...plan, expected_damage: 0.06 })).toEqual({ cases_needed: null });
  });

  test('tells how reliably items pass, and for which k that can be told', () => {
    const items = [
      { trials: 3, passes: 3 },
      { trials: 2, passes: 1 },
      { trials: 1, passes: 0 },
    ];
    expect(compute('reliability', { items, k: [1, 2] })).toEqual({
      items: 3,
      flaky_items: 1,
      flake_rate: 0.5,
      pass_at_k: [
        { k: 1, chance: expect.closeTo(0.5, 12) },
        { k: 2, chance: null },
      ],
      pass_all_k: [
        { k: 1, chance: expect.closeTo(0.5, 12) },
        { k: 2, chance: null },
      ],
      variance: expect.objectContaining({ items: 2 }),
    });
    expect(compute('reliability', { items: items.slice(2) })).toMatchObject({
      flake_rate: null,
      variance: null,
    });
    expect(() => compute('reliability', { items: [{ trials: 1, passes: 2 }] })).toThrow('passes: ');
    const many = new Array(101).fill({ trials: 1000, passes: 1 });
    expect(() => compute('reliability', { items: many })).toThrow(
      'items: must have at most 100000 trials in all',
    );
  });

  test('measures a judge, and corrects what it says', () => {
    const table = { both_pass: 92, judge_only: 15, human_only: 8, both_fail: 85 };
    expect(compute('agreement', table)).toMatchObject({
      kappa: expect.closeTo(0.77, 12),
      corrected_rate: null,
      corrected_difference: null,
    });
    const corrected = compute('agreement', {
      ...table,
      observed: { successes: 80, trials: 100 },
      difference: { difference: 0.05, se: 0.02 },
    });
    expect(corrected).toMatchObject({
      corrected_rate: { status: 'corrected', value: expect.closeTo(0.8442, 4) },
      corrected_difference: { status: 'corrected', value: expect.closeTo(0.0649, 4) },
    });
    const coin = {
      both_pass: 5,
      judge_only: 5,
      human_only: 5,
      both_fail: 5,
      observed: { successes: 1, trials: 2 },
    };
    expect(compute('agreement', coin)).toMatchObject({ corrected_rate: { status: 'refused' } });
  });
});
