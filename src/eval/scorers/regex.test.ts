import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, valueGiven } from '../../../test/scored.ts';

const regex = (pattern: string, more: object = {}) => ({ type: 'regex', pattern, ...more });

describe('regex', () => {
  test('gives 1 where the pattern matches somewhere', async () => {
    expect(await scoreOf(regex('order \\d+'), { reply: 'Your order 17 is here.' })).toEqual({
      value: 1,
      reason: null,
    });
    expect(await scoreOf(regex('^\\d+$'), { reply: 'order 17' })).toEqual({
      value: 0,
      reason: '"order 17" does not match "^\\\\d+$"',
    });
  });

  test('gives 1 where the pattern must not match and does not', async () => {
    const polite = regex('damn', { expect: 'no_match', flags: 'i' });
    expect(await valueGiven(polite, { reply: 'Of course.' })).toBe(1);
    expect(await scoreOf(polite, { reply: 'DAMN' })).toEqual({ value: 0, reason: '"DAMN" matches "damn"' });
  });

  test('looks at JSON where something other than text was read', async () => {
    expect(await valueGiven(regex('"id":\\d'), { value: { id: 7 } })).toBe(1);
  });

  test('gives 0 to a failed reading, whichever way it asks', async () => {
    expect(await valueGiven(regex('x'), { failed: 'no match' })).toBe(0);
    expect(await valueGiven(regex('x', { expect: 'no_match' }), { failed: 'no match' })).toBe(0);
  });

  test('scores nothing where the pattern would never end', async () => {
    expect(await scoreOf(regex('(a+)+$'), { reply: `${'a'.repeat(40)}!` })).toEqual({
      value: null,
      reason: 'the pattern took longer than 50 ms',
    });
  });

  test('refuses what is no pattern', () => {
    expect(complaints(regex('('))[0]).toMatch(/^pattern: must be a regular expression/);
    expect(complaints(regex('a', { flags: 'y' }))).toEqual(['flags: must be some of i, m, s, u and v']);
  });
});
