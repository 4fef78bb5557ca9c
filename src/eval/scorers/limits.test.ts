import { describe, expect, test } from 'vitest';
import { complaints, scoreOf, valueGiven } from '../../../test/scored.ts';

describe('latency', () => {
  test('gives 1 up to its limit and 0 beyond', async () => {
    expect(await valueGiven({ type: 'latency', max_ms: 1200 }, {})).toBe(1);
    expect(await scoreOf({ type: 'latency', max_ms: 1199 }, { failed: 'not JSON' })).toEqual({
      value: 0,
      reason: 'the turn took 1200 ms, more than 1199',
    });
  });

  test('needs its limit', () => {
    expect(complaints('latency')).toHaveLength(1);
    expect(complaints({ type: 'latency', max_ms: 0 })).toHaveLength(1);
  });
});

describe('cost', () => {
  test('gives 1 up to its limit and 0 beyond', async () => {
    expect(await valueGiven({ type: 'cost', max_usd: 0.002 }, {})).toBe(1);
    expect(await scoreOf({ type: 'cost', max_usd: 0.001 }, {})).toEqual({
      value: 0,
      reason: 'the case cost $0.002, more than $0.001',
    });
  });

  test('scores nothing where the price is not known, since unknown is not free', async () => {
    expect(await scoreOf({ type: 'cost', max_usd: 1 }, { outcome: { cost_usd: null } })).toEqual({
      value: null,
      reason: 'the price of offline/offline is not known',
    });
  });
});

describe('tokens', () => {
  test('counts what goes through the cache among what goes in', async () => {
    expect(await valueGiven({ type: 'tokens', max_input: 134 }, {})).toBe(1);
    expect(await scoreOf({ type: 'tokens', max_input: 133 }, {})).toEqual({
      value: 0,
      reason: '134 input tokens are more than 133',
    });
  });

  test('holds every limit that is set', async () => {
    expect(await valueGiven({ type: 'tokens', max_output: 20, max_total: 154 }, {})).toBe(1);
    expect(await valueGiven({ type: 'tokens', max_output: 19, max_total: 154 }, {})).toBe(0);
    expect(await valueGiven({ type: 'tokens', max_output: 20, max_total: 153 }, {})).toBe(0);
  });

  test('needs one limit', () => {
    expect(complaints('tokens')).toEqual([
      'max_total: must be set where neither max_input nor max_output is',
    ]);
  });
});
