import { describe, expect, test } from 'vitest';
import { createRandom } from './random.ts';
import { type DamageItem, damageSample, layOut, resampledDamage } from './resample.ts';
import { unitsOf } from './sample.ts';

const item = (baseline: number[], candidate: number[], rest: Partial<DamageItem> = {}): DamageItem => ({
  baseline,
  candidate,
  ...rest,
});
const laidOut = (items: readonly DamageItem[]) => layOut(items, unitsOf(damageSample(items)));

describe('Damages', () => {
  test('are the mean baseline score less the mean candidate score, item by item', () => {
    const items = [item([1, 0], [0.25, 0.25, 0.25]), item([1], [1], { weight: 3 })];
    expect(damageSample(items)).toEqual({ values: [0.25, 0], weights: [1, 3], clusters: undefined });
    const clustered = [item([1], [0], { cluster: 'b' }), item([0], [1], { cluster: 'a' })];
    expect(damageSample(clustered).clusters).toEqual(['b', 'a']);
  });

  test.each([
    [[item([], [1])], 'items.0.baseline: must hold at least one score'],
    [[item([1], [])], 'items.0.candidate: must hold at least one score'],
    [
      [item([1], [1], { cluster: 'a' }), item([1], [1])],
      'items.1.cluster: must be given for all items or none',
    ],
    [
      [item([1], [1]), item([1], [1], { cluster: 'a' })],
      'items.1.cluster: must be given for all items or none',
    ],
  ])('cannot be told from %j', (items, complaint) => {
    expect(() => damageSample(items)).toThrow(complaint);
  });
});

describe('The layout for drawing', () => {
  test('lists all ways in which few trials can be drawn again', () => {
    const { outcomes, outcomeStarts, draws } = laidOut([item([1, 0], [0]), item([1, 1], [1])]);
    // Two trials can be drawn in four ways: 11, 10, 01 and 00.
    expect([...outcomes]).toEqual([1, 0.5, 0.5, 0, 0, 0, 0, 0]);
    expect([...outcomeStarts]).toEqual([0, 4, 8]);
    expect(draws).toBe(4);
  });

  test('leaves trials to be drawn where they are many, or where items of a unit are not drawn alike', () => {
    const many = laidOut([item([1, 0, 1, 0, 1, 0, 1, 0], [0]), item([1], [0])]);
    expect([...many.outcomeStarts]).toEqual([0, 0, 1]);
    expect(many.draws).toBe(2 + (1 + 8 + 1) + 1);
    const mixed = laidOut([
      item([1, 0], [0], { cluster: 'a' }),
      item([1], [0], { cluster: 'a' }),
      item([1], [0], { cluster: 'b', weight: 1 }),
      item([0], [0], { cluster: 'b', weight: 2 }),
      item([0], [1], { cluster: 'c', weight: 2 }),
      item([0], [0], { cluster: 'c', weight: 2 }),
    ]);
    expect([...mixed.outcomeStarts]).toEqual([0, 0, 0, 2]);
    expect([...mixed.outcomes]).toEqual([-1, 0]);
  });

  test('puts the items of a unit side by side', () => {
    const { itemStarts, weights, scores, scoreStarts } = laidOut([
      item([1], [2], { cluster: 'a', weight: 1 }),
      item([3], [4, 5], { cluster: 'b', weight: 2 }),
      item([6], [7], { cluster: 'a', weight: 3 }),
    ]);
    expect([...itemStarts]).toEqual([0, 2, 3]);
    expect([...weights]).toEqual([1, 3, 2]);
    expect([...scores]).toEqual([1, 2, 6, 7, 3, 4, 5]);
    expect([...scoreStarts]).toEqual([0, 1, 2, 3, 4, 5, 7]);
  });

  test('changes nothing about what is drawn: by lists or by trials, mean and variance are the same', () => {
    const scores = [1, 0, 0.5];
    const listed = [item(scores, [0.2, 0.4]), item([0, 0, 1], [1, 0]), item([1, 1, 1], [0, 0])];
    // The tiny difference in weight keeps the items of this one unit from being listed.
    const drawn = listed.map((one, i) => ({ ...one, cluster: 'all', weight: 1 + i * 1e-12 }));
    const inOne = listed.map((one) => ({ ...one, cluster: 'all', weight: 1 }));
    const moments = [drawn, inOne].map((items) => {
      const layout = laidOut(items);
      const random = createRandom(11);
      const means = Array.from({ length: 20_000 }, () => resampledDamage(layout, random));
      const mean = means.reduce((sum, one) => sum + one, 0) / means.length;
      return { mean, variance: means.reduce((sum, one) => sum + (one - mean) ** 2, 0) / means.length };
    });
    expect(moments[0]?.mean).toBeCloseTo(moments[1]?.mean ?? 9, 2);
    expect((moments[0]?.variance ?? 0) / (moments[1]?.variance ?? 1)).toBeCloseTo(1, 1);
  });
});

test('A resample of one unit, item and trial is the data', () => {
  const layout = laidOut([item([0.75], [0.5])]);
  expect(resampledDamage(layout, createRandom(1))).toBe(0.25);
});

test('Heavy items weigh in a resample as in the data', () => {
  const layout = laidOut([
    item([1], [0], { weight: 3, cluster: 'a' }),
    item([0], [0], { weight: 1, cluster: 'a' }),
  ]);
  const random = createRandom(1);
  const seen = new Set(Array.from({ length: 200 }, () => resampledDamage(layout, random)));
  expect([...seen].sort()).toEqual([0, 0.75, 1]);
});
