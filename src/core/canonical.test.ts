import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, contentHash, sha256 } from './canonical.ts';

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value).toReversed()) copy[key] = shuffled(member);
  return copy;
}

describe('canonicalJson', () => {
  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
        expect(contentHash(shuffled(value))).toBe(contentHash(value));
      }),
    );
  });

  test('is JSON of the same value, and settled', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  test('tells different values apart', () => {
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        if (canonicalJson(a) === canonicalJson(b)) expect(plain(a)).toEqual(plain(b));
      }),
    );
    expect(canonicalJson(['1'])).not.toBe(canonicalJson([1]));
    expect(canonicalJson({ a: null })).not.toBe(canonicalJson({}));
  });

  test.each([
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ a: undefined, b: 2 }, '{"b":2}'],
    [[undefined], '[null]'],
    [undefined, 'null'],
    [{ 10: 'ten', 9: 'nine', a: '', '': 0 }, '{"":0,"10":"ten","9":"nine","a":""}'],
    ['half \ud83e', '"half \\ud83e"'],
    [JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
    [-0, '0'],
    [{}, '{}'],
    [[], '[]'],
  ])('writes %o as %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

test('sha256 is that of the UTF-8 bytes', () => {
  expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256('ü')).toBe('607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f');
  expect(contentHash({})).toBe(sha256('{}'));
});
