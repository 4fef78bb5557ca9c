import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scoreOf, scorerOf, valueGiven } from '../../../test/scored.ts';

const by = (measure: string) => ({ type: 'set_f1', measure });
const measures = ['f1', 'precision', 'recall', 'exact'];

describe('set_f1', () => {
  test('gives the measure that is asked for', async () => {
    const given = { value: ['a', 'b', 'c', 'd'], target: ['a', 'b', 'e'] };
    expect(await valueGiven(by('precision'), given)).toBe(2 / 4);
    expect(await valueGiven(by('recall'), given)).toBe(2 / 3);
    expect(await valueGiven(by('f1'), given)).toBe(4 / 7);
    expect(await valueGiven(by('exact'), given)).toBe(0);
  });

  test('says what is missing and what is too much', async () => {
    expect(await scoreOf('set_f1', { value: ['a', 'x'], target: ['a', 'b'] })).toEqual({
      value: 0.5,
      reason: 'missing: "b"; too much: "x"',
    });
  });

  test('splits text, and overlooks order, repetition, empty members and white space', async () => {
    expect(await scoreOf('set_f1', { reply: ' b, a,, a ,', target: 'a,b' })).toEqual({
      value: 1,
      reason: null,
    });
    expect(await valueGiven({ ...by('exact'), separator: '\n' }, { reply: 'b\na', target: ['a', 'b'] })).toBe(
      1,
    );
  });

  test('overlooks case only where it is told to', async () => {
    expect(await valueGiven(by('exact'), { reply: 'A', target: 'a' })).toBe(0);
    expect(await valueGiven({ ...by('exact'), ignore_case: true }, { reply: 'A', target: 'a' })).toBe(1);
  });

  test('takes numbers and their texts for the same members', async () => {
    expect(await valueGiven(by('exact'), { value: [1, 2], target: '2,1' })).toBe(1);
  });

  test.each(measures)('gives 1 to two empty sets and 0 to one, by %s', async (measure) => {
    expect(await valueGiven(by(measure), { reply: '', target: [] })).toBe(1);
    expect(await valueGiven(by(measure), { reply: 'a', target: [] })).toBe(0);
    expect(await valueGiven(by(measure), { reply: '', target: ['a'] })).toBe(0);
  });

  test('is binary only where the sets have to be the same', async () => {
    const kinds = await Promise.all(measures.map(async (measure) => (await scorerOf(by(measure))).binary));
    expect(kinds).toEqual([false, false, false, true]);
  });

  test('gives 0 to a failed reading, and scores nothing without a target', async () => {
    expect(await scoreOf('set_f1', { failed: 'no match', target: 'a' })).toEqual({
      value: 0,
      reason: 'no match',
    });
    expect(await valueGiven('set_f1', { reply: 'a' })).toBeNull();
  });

  test('keeps F1 between precision and recall, the same from both sides, and 1 only for the same set', async () => {
    const set = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(set, set, async (value, target) => {
        const [f1, precision, recall, exact] = await Promise.all(
          measures.map(async (measure) => (await valueGiven(by(measure), { value, target })) ?? Number.NaN),
        );
        expect(f1).toBeGreaterThanOrEqual(Math.min(precision ?? 2, recall ?? 2) - 1e-12);
        expect(f1).toBeLessThanOrEqual(Math.max(precision ?? -1, recall ?? -1) + 1e-12);
        expect(await valueGiven(by('f1'), { value: target, target: value })).toBe(f1);
        expect(f1 === 1).toBe(exact === 1);
      }),
    );
  });
});
