import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, scorerOf, valueGiven } from '../../../test/scored.ts';
import { editDistance } from './edit-distance.ts';

/** The distance by its definition: the whole matrix, cell by cell. */
function slowDistance(one: readonly string[], other: readonly string[]): number {
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  one.forEach((left, i) => {
    const next = [i + 1];
    other.forEach((right, j) => {
      const replaced = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    });
    row = next;
  });
  return row[other.length] ?? 0;
}

describe('The edit distance', () => {
  // Few letters make long runs of equal and of different places, across the edges of the blocks of 32.
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 150 });

  test('is what its definition says, for texts of any number of blocks', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(editDistance([one, other])).toBe(slowDistance(one, other));
      }),
      { numRuns: 500 },
    );
  });

  test.each([31, 32, 33, 64, 65])('is right for texts of about %d code points', (length) => {
    const one = [...'x'.repeat(length)];
    expect(editDistance([one, [...'y'.repeat(length)]])).toBe(length);
    expect(editDistance([one, one.slice(1)])).toBe(1);
    expect(
      editDistance([
        ['y', ...one],
        [...one, 'z'],
      ]),
    ).toBe(2);
    expect(editDistance([one, []])).toBe(length);
  });
});

describe('edit_similarity', () => {
  test('is 1 less the part of the longer text that differs', async () => {
    expect(await scoreOf('edit_similarity', { reply: 'kitten', target: 'sitting' })).toEqual({
      value: 1 - 3 / 7,
      reason: 'the similarity is 0.571',
    });
    expect(await scoreOf('edit_similarity', { reply: ' same\n', target: 'same' })).toEqual({
      value: 1,
      reason: null,
    });
    expect(await valueGiven('edit_similarity', { reply: '', target: 'abc' })).toBe(0);
    expect(await valueGiven('edit_similarity', { reply: ' ', target: '' })).toBe(1);
  });

  test('counts what people take for one character as far as Unicode does', async () => {
    expect(await valueGiven('edit_similarity', { reply: '👍a', target: '👎a' })).toBe(0.5);
  });

  test('takes the nearest of several targets', async () => {
    expect(await valueGiven('edit_similarity', { reply: 'abcd', target: ['xxxx', 'abcx'] })).toBe(0.75);
    expect(await valueGiven('edit_similarity', { reply: 'abcd', target: [] })).toBeNull();
  });

  test('passes or fails where a least similarity is set', async () => {
    const settings = { type: 'edit_similarity', pass_at: 0.75 };
    expect(await scoreOf(settings, { reply: 'abcd', target: 'abcx' })).toEqual({ value: 1, reason: null });
    expect(await scoreOf(settings, { reply: 'abcd', target: 'abxx' })).toEqual({
      value: 0,
      reason: 'the similarity is 0.500, less than 0.75',
    });
    expect((await scorerOf(settings)).binary).toBe(true);
    expect((await scorerOf('edit_similarity')).binary).toBe(false);
    expect(complaints({ ...settings, pass_at: 0 })).toHaveLength(1);
  });

  test('overlooks case only where it is told to', async () => {
    expect(await valueGiven('edit_similarity', { reply: 'AB', target: 'ab' })).toBe(0);
    expect(
      await valueGiven({ type: 'edit_similarity', ignore_case: true }, { reply: 'AB', target: 'ab' }),
    ).toBe(1);
  });

  test('scores nothing of texts that are too long to compare', async () => {
    const long = 'a'.repeat(20_000);
    expect(await valueGiven('edit_similarity', { reply: long, target: long })).toBe(1);
    expect(await scoreOf('edit_similarity', { reply: `${long}a`, target: 'a' })).toEqual({
      value: null,
      reason: 'a text has 20001 characters; 20000 are compared',
    });
  });

  test('gives 0 to a failed reading, and scores nothing without a target', async () => {
    expect(await valueGiven('edit_similarity', { failed: 'no match', target: 'a' })).toBe(0);
    expect(await valueGiven('edit_similarity', { reply: 'a' })).toBeNull();
  });

  test('is the same from both sides, from 0 to 1, and 1 only for the same text', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 }).map((one) => one.trim());
    await fc.assert(
      fc.asyncProperty(text, text, async (reply, target) => {
        const value = (await valueGiven('edit_similarity', { reply, target })) ?? Number.NaN;
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(value === 1).toBe(reply === target);
        expect(await valueGiven('edit_similarity', { reply: target, target: reply })).toBe(value);
      }),
    );
  });
});
