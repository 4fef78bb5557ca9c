import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { follow, jsonPath, parsePath } from './json-path.ts';

describe('A path', () => {
  test.each([
    ['team', ['team']],
    ['result.team', ['result', 'team']],
    ['items[0].id', ['items', 0, 'id']],
    ['[2]', [2]],
    ['[2][0].x', [2, 0, 'x']],
    ['a b.größe', ['a b', 'größe']],
    ['a.0', ['a', '0']],
  ])('reads %s', (text, path) => {
    expect(parsePath(text)).toEqual(path);
  });

  test.each([
    '',
    '.',
    '.a',
    'a.',
    'a..b',
    'a[',
    'a[]',
    'a[x]',
    'a[-1]',
    'a[0]b',
    'a]',
    '[0].',
    'a'.repeat(201),
  ])('is refused when it is %j', (text) => {
    expect(parsePath(text)).toBeNull();
    expect(jsonPath.safeParse(text).success).toBe(false);
  });

  test('leads to what was put at its end', () => {
    const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
    const steps = fc.array(fc.oneof(name, fc.nat(3)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, fc.jsonValue(), (path, end) => {
        const value = path.reduceRight<unknown>(
          (inner, key) =>
            typeof key === 'number' ? [...new Array<null>(key).fill(null), inner] : { [key]: inner },
          end,
        );
        const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
        const parsed = parsePath(text.replace(/^\./, '')) ?? [];
        expect(parsed).toEqual(path);
        expect(follow(value as never, parsed)).toEqual(end);
      }),
    );
  });

  test('leads nowhere past the members that a value has itself', () => {
    expect(follow({ a: [] }, ['a', 'length'])).toBeUndefined();
    expect(follow({ a: [1] }, ['a', '0'])).toBeUndefined();
    expect(follow({ a: { 0: 'x' } }, ['a', 0])).toBeUndefined();
    expect(follow({}, ['constructor'])).toBeUndefined();
    expect(follow('text', ['length'])).toBeUndefined();
    expect(follow(null, ['a'])).toBeUndefined();
  });
});
