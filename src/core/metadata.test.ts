import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PawlError } from './errors.ts';
import { patchMetadata } from './metadata.ts';

const keys = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '7');
const some = fc.dictionary(keys, fc.string({ maxLength: 5 }));
const patch = fc.dictionary(keys, fc.option(fc.string({ maxLength: 5 })));

describe('patchMetadata', () => {
  test('sets what has a value, removes what is null and keeps the rest', () => {
    fc.assert(
      fc.property(some, patch, fc.boolean(), (current, changes, emptyRemoves) => {
        const before = JSON.stringify(current);
        const after = new Map(Object.entries(patchMetadata(current, changes, { emptyRemoves })));
        const wanted = new Map(Object.entries(current));
        for (const [key, value] of Object.entries(changes)) {
          if (value === null || (emptyRemoves && value === '')) wanted.delete(key);
          else wanted.set(key, value);
        }
        expect(after).toEqual(wanted);
        expect(JSON.stringify(current)).toBe(before);
      }),
    );
  });

  test('changes nothing when applied again, or with no patch at all', () => {
    fc.assert(
      fc.property(some, patch, (current, changes) => {
        const once = patchMetadata(current, changes);
        expect(JSON.stringify(patchMetadata(once, changes))).toBe(JSON.stringify(once));
        expect(JSON.stringify(patchMetadata(current, null))).toBe(JSON.stringify(current));
        expect(JSON.stringify(patchMetadata(current, undefined))).toBe(JSON.stringify(current));
      }),
    );
  });

  test('takes an empty value as a value, unless told that it removes', () => {
    expect(patchMetadata({ a: '1' }, { a: '' })).toEqual({ a: '' });
    expect(patchMetadata({ a: '1' }, { a: '' }, { emptyRemoves: true })).toEqual({});
  });

  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key ${i}`, 'value']));
  const refused = (message: string) => new PawlError('invalid_metadata', `metadata${message}`);

  test('counts pairs after the patch', () => {
    expect(Object.keys(patchMetadata({}, pairs(16)))).toHaveLength(16);
    expect(() => patchMetadata({}, pairs(17))).toThrow(refused(': 17 pairs; at most 16 are allowed'));
    expect(() => patchMetadata(pairs(16), { new: 'x' })).toThrow(PawlError);
    expect(Object.keys(patchMetadata(pairs(16), { 'key 0': null, new: 'x' }))).toHaveLength(16);
  });

  test('limits keys and values', () => {
    expect(patchMetadata({}, { ['k'.repeat(64)]: 'v'.repeat(512) })).toBeDefined();
    const key = refused(': a key must have 1 to 64 characters');
    expect(() => patchMetadata({}, { ['k'.repeat(65)]: '' })).toThrow(key);
    expect(() => patchMetadata({}, { '': 'v' })).toThrow(key);
    expect(() => patchMetadata({}, { k: 'v'.repeat(513) })).toThrow(
      refused('.k: at most 512 characters are allowed'),
    );
  });
});
