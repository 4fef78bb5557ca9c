import { describe, expect, it, test } from 'vitest';
import { costOf, parsePriceFile, parsePrices } from './price-table.ts';

const tokens = {
  input_tokens: 1_000_000,
  output_tokens: 500_000,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
};
const by = (model: string) => ({ provider: 'openai', model });

describe('a table of prices', () => {
  it('gives what a model costs, by the first match', () => {
    const prices = parsePrices('small=1/2, small*=9/9, big-*=3/15/0.3/3.75');
    expect(costOf(prices, by('small'), tokens)).toBeCloseTo(2, 12);
    const cached = { ...tokens, cache_read_tokens: 1_000_000, cache_write_tokens: 2_000_000 };
    expect(costOf(prices, by('big-one'), cached)).toBeCloseTo(3 + 7.5 + 0.3 + 7.5, 12);
  });

  it('counts cached tokens as input when it says nothing of them', () => {
    const cached = { ...tokens, cache_read_tokens: 1_000_000, cache_write_tokens: 1_000_000 };
    const whole = { ...cached, cache_write_1h_tokens: 1_000_000 };
    expect(costOf(parsePrices('*=2/4'), by('any'), whole)).toBeCloseTo(2 + 2 + 2 + 2 + 2, 12);
  });

  it('has no price for a model that nothing matches', () => {
    expect(costOf(parsePrices('small=1/2'), by('smaller'), tokens)).toBeNull();
    expect(costOf([], by('small'), tokens)).toBeNull();
  });

  it('has the embedded model for nothing, whatever it says', () => {
    expect(costOf(parsePrices('*=2/4'), { provider: 'offline', model: 'offline' }, tokens)).toBe(0);
    expect(costOf([], { provider: 'offline', model: 'offline' }, tokens)).toBe(0);
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

describe('a file of prices', () => {
  test('is YAML or JSON, in its own order', () => {
    const yaml = `
big-*: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75, cache_write_1h: 6 }
plain: { input: 1, output: 2, cache_write: 1.25 }
'*': { input: 0, output: 0 }
`;
    const rows = [
      { match: 'big-*', input: 3, output: 15, cache_read: 0.3, cache_write: 3.75, cache_write_1h: 6 },
      { match: 'plain', input: 1, output: 2, cache_read: 1, cache_write: 1.25, cache_write_1h: 1.25 },
      { match: '*', input: 0, output: 0, cache_read: 0, cache_write: 0, cache_write_1h: 0 },
    ];
    expect(parsePriceFile(yaml)).toEqual(rows);
    const json = '{"b": {"input": 1, "output": 2}, "4": {"input": 3, "output": 4}}';
    expect(parsePriceFile(json).map(({ match }) => match)).toEqual(['b', '4']);
  });

  test('may be empty', () => {
    expect(parsePriceFile('')).toEqual([]);
    expect(parsePriceFile('# nothing yet\n')).toEqual([]);
    expect(parsePriceFile('{}')).toEqual([]);
  });

  test('prices an hour in the cache apart', () => {
    const rows = parsePriceFile('a: { input: 1, output: 0, cache_write: 2, cache_write_1h: 4 }');
    const written = { ...tokens, cache_write_tokens: 1_000_000, cache_write_1h_tokens: 500_000 };
    expect(costOf(rows, by('a'), written)).toBeCloseTo(1 + 2 + 2, 12);
  });

  test.each<[string, string, string]>([
    ['no map', '- a', 'it has to be a map from model ids to prices'],
    ['text', 'a', 'it has to be a map from model ids to prices'],
    ['a row that is none', 'a: 3', 'a: Invalid input'],
    ['a row without output', 'a: { input: 1 }', 'a.output: must be a number'],
    ['a price as text', 'a: { input: "1", output: 2 }', 'a.input: must be a number'],
    ['a price below 0', 'a: { input: 1, output: -2 }', 'a.output: must not be below 0'],
    ['a price out of range', 'a: { input: .inf, output: 2 }', 'a.input: must be'],
    ['a field that is none', 'a: { input: 1, output: 2, cached: 3 }', 'Unrecognized key: "cached"'],
    ['a star in the middle', 'a*b: { input: 1, output: 2 }', 'a*b: must be a model id'],
    ['an id that is a number', '4: { input: 1, output: 2 }', '4: must be a model id'],
    ['the same id twice', 'a: { input: 1, output: 2 }\na: { input: 1, output: 2 }', 'at line 2'],
    ['what is no YAML', 'a: { input: 1', 'at line 1'],
  ])('is refused for %s', (_, text, complaint) => {
    expect(() => parsePriceFile(text)).toThrow(complaint);
  });
});
