import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, valueGiven } from '../../../test/scored.ts';

const reply = 'Your refund is on its way to Berlin.';
const withTexts = (texts: readonly string[], more: object = {}) => ({ type: 'contains', texts, ...more });

describe('contains', () => {
  test('looks for all of the texts, or for any of them', async () => {
    expect(await valueGiven(withTexts(['refund', 'Berlin']), { reply })).toBe(1);
    expect(await valueGiven(withTexts(['refund', 'Paris']), { reply })).toBe(0);
    expect(await valueGiven(withTexts(['refund', 'Paris'], { mode: 'any' }), { reply })).toBe(1);
    expect(await valueGiven(withTexts(['Rome', 'Paris'], { mode: 'any' }), { reply })).toBe(0);
  });

  test('names what is missing', async () => {
    const { reason } = await scoreOf(withTexts(['refund', 'Paris']), { reply: 'No refund.' });
    expect(reason).toBe('"No refund." lacks "Paris"');
  });

  test('looks for the target where no texts are set', async () => {
    expect(await valueGiven('contains', { reply, target: 'refund' })).toBe(1);
    expect(await valueGiven('contains', { reply, target: ['refund', 'Paris'] })).toBe(0);
    expect(await valueGiven('contains', { reply: 'in 30 days', target: 30 })).toBe(1);
  });

  test('overlooks case only where it is told to', async () => {
    expect(await valueGiven(withTexts(['BERLIN']), { reply })).toBe(0);
    expect(await valueGiven(withTexts(['BERLIN'], { ignore_case: true }), { reply })).toBe(1);
  });

  test('searches what is not text as JSON', async () => {
    expect(await valueGiven(withTexts(['"id":7']), { value: { id: 7 } })).toBe(1);
  });

  test('gives 0 to a failed reading', async () => {
    expect(await scoreOf(withTexts(['a']), { failed: 'no match' })).toEqual({ value: 0, reason: 'no match' });
  });

  test('scores nothing where there is nothing to look for, which every text would contain', async () => {
    expect(await valueGiven('contains', { reply })).toBeNull();
    expect(await valueGiven('contains', { reply, target: '' })).toBeNull();
    expect(await valueGiven('contains', { reply, target: [] })).toBeNull();
  });

  test('refuses empty texts', () => {
    expect(complaints(withTexts([]))).toEqual(['texts: must not be empty']);
    expect(complaints(withTexts(['a', '']))).toEqual(['texts.1: must not be empty']);
  });
});
