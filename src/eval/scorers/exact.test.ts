import { describe, expect, test } from 'vitest';
import { type GivenScored, scoreOf, valueGiven } from '../../../test/scored.ts';

describe('exact', () => {
  test.each<[string, GivenScored]>([
    ['a text that is the target', { reply: 'billing', target: 'billing' }],
    ['a text with white space around it', { reply: ' billing\n', target: 'billing' }],
    ['one of several targets', { reply: 'b', target: ['a', 'b'] }],
    ['a number that the target has as text', { value: 3, target: '3' }],
    ['a text for a target that is a boolean', { value: 'true', target: true }],
    ['an object, whatever the order of its keys', { value: { a: 1, b: [2] }, target: { b: [2], a: 1 } }],
    ['a list that is the target as a whole', { value: ['a', 'b'], target: ['a', 'b'] }],
  ])('gives 1 to %s', async (_what, given) => {
    expect(await scoreOf('exact', given)).toEqual({ value: 1, reason: null });
  });

  test.each<[string, GivenScored]>([
    ['another text', { reply: 'delivery', target: 'billing' }],
    ['another case', { reply: 'Billing', target: 'billing' }],
    ['none of several targets', { reply: 'c', target: ['a', 'b'] }],
    ['null for a text that says so', { value: null, target: 'null' }],
    ['an object with one more member', { value: { a: 1, b: 2 }, target: { a: 1 } }],
  ])('gives 0 to %s', async (_what, given) => {
    expect(await valueGiven('exact', given)).toBe(0);
  });

  test('says what was read and what was expected', async () => {
    const { reason } = await scoreOf('exact', { reply: 'x', target: ['a', 'b'] });
    expect(reason).toBe('"x" is not "[\\"a\\",\\"b\\"]"');
  });

  test('overlooks case where it is told to, and white space only unless it is told not to', async () => {
    expect(
      await valueGiven({ type: 'exact', ignore_case: true }, { reply: 'BILLING', target: 'Billing' }),
    ).toBe(1);
    expect(await valueGiven({ type: 'exact', trim: false }, { reply: 'a ', target: 'a' })).toBe(0);
  });

  test('gives 0 to a failed reading, with its reason', async () => {
    const failed = 'the reply is not JSON';
    expect(await scoreOf('exact', { failed, target: 'a' })).toEqual({ value: 0, reason: failed });
  });

  test('scores nothing without a target, whatever was read', async () => {
    const unscored = { value: null, reason: 'the case has no target' };
    expect(await scoreOf('exact', { reply: 'a' })).toEqual(unscored);
    expect(await scoreOf('exact', { failed: 'not JSON' })).toEqual(unscored);
  });
});
