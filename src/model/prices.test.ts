import { describe, expect, it } from 'vitest';
import { costOf, parsePrices } from './prices.ts';

const tokens = {
  input_tokens: 1_000_000,
  output_tokens: 500_000,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
};

describe('a table of prices', () => {
  it('gives what a model costs, by the first match', () => {
    const prices = parsePrices('small=1/2, small*=9/9, big-*=3/15/0.3/3.75');
    expect(costOf(prices, 'small', tokens)).toBeCloseTo(2, 12);
    const cached = { ...tokens, cache_read_tokens: 1_000_000, cache_write_tokens: 2_000_000 };
    expect(costOf(prices, 'big-one', cached)).toBeCloseTo(3 + 7.5 + 0.3 + 7.5, 12);
  });

  it('counts cached tokens as input when it says nothing of them', () => {
    const cached = { ...tokens, cache_read_tokens: 1_000_000, cache_write_tokens: 1_000_000 };
    expect(costOf(parsePrices('*=2/4'), 'any', cached)).toBeCloseTo(2 + 2 + 2 + 2, 12);
  });

  it('has no price for a model that nothing matches', () => {
    expect(costOf(parsePrices('small=1/2'), 'smaller', tokens)).toBeNull();
    expect(costOf([], 'small', tokens)).toBeNull();
  });

  it.each([
    '',
    'small',
    'small=',
    '=1/2',
    'small=1',
    'small=1/2/3',
    'a*b=1/2',
    'small=1/x',
    'small=-1/2',
    'small=1/2,',
  ])('is refused when a part of it cannot be read: %s', (text) => {
    expect(() => parsePrices(text)).toThrow(/must have the form "match=input\/output"/);
  });
});
