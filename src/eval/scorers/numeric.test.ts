import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, valueGiven } from '../../../test/scored.ts';

describe('numeric', () => {
  test.each([
    ['42', 42],
    [' 42.0 ', '42'],
    ['-1.5e3', -1500],
    ['+.5', 0.5],
    ['7.', 7],
  ])('reads %j as the number %j', async (reply, target) => {
    expect(await scoreOf('numeric', { reply, target })).toEqual({ value: 1, reason: null });
  });

  test.each(['', 'about 42', '42 %', '1,234', '0x2a', '4 2', 'Infinity', 'NaN', '1e999', '--1', '.'])(
    'takes %j for no number',
    async (reply) => {
      expect(await scoreOf('numeric', { reply, target: 42 })).toEqual({
        value: 0,
        reason: `${JSON.stringify(reply)} is not a number`,
      });
    },
  );

  test('takes a number of JSON, and nothing else of it', async () => {
    expect(await valueGiven('numeric', { value: 42, target: 42 })).toBe(1);
    expect(await valueGiven('numeric', { value: true, target: 1 })).toBe(0);
    expect(await valueGiven('numeric', { value: [42], target: 42 })).toBe(0);
  });

  test.each([
    [{ absolute: 0.1 }, 1.1, 1, 1],
    [{ absolute: 0.1 }, 1.101, 1, 0],
    [{ relative: 0.05 }, 95, 100, 1],
    [{ relative: 0.05 }, 94.9, 100, 0],
    [{ relative: 0.05 }, -105, -100, 1],
    [{ relative: 0.5 }, 0.001, 0, 0],
    [{ relative: 0.01, absolute: 5 }, 104, 100, 1],
    [{ relative: 0.1, absolute: 5 }, 108, 100, 1],
    [{}, 0.1 + 0.2, 0.3, 0],
  ])('with %j, %d for %d scores %d', async (tolerance, value, target, score) => {
    expect(await valueGiven({ type: 'numeric', ...tolerance }, { value, target })).toBe(score);
  });

  test('says how far off a number is', async () => {
    const { reason } = await scoreOf({ type: 'numeric', absolute: 2 }, { reply: '46', target: 42 });
    expect(reason).toBe('46 is 4 from 42; 2 is allowed');
  });

  test('gives 1 to whatever number is the target, however it is written', async () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(number, async (target) => {
        expect(await valueGiven('numeric', { reply: String(target), target })).toBe(1);
      }),
    );
  });

  test('scores nothing without a target, or with one that is no number', async () => {
    expect(await valueGiven('numeric', { reply: '1' })).toBeNull();
    expect(await scoreOf('numeric', { reply: '1', target: 'one' })).toEqual({
      value: null,
      reason: 'the target "one" is not a number',
    });
  });

  test('gives 0 to a failed reading', async () => {
    expect(await scoreOf('numeric', { failed: 'no match', target: 1 })).toEqual({
      value: 0,
      reason: 'no match',
    });
  });

  test('refuses a tolerance below zero', () => {
    expect(complaints({ type: 'numeric', absolute: -1 })).toHaveLength(1);
    expect(complaints({ type: 'numeric', relative: -0.1 })).toHaveLength(1);
  });
});
