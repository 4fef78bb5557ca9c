import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines, unifiedHunks } from './line-diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((all) => all.join('\n'));

test('A diff holds both texts', () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = diffLines({ before, after });
      const side = (other: string) => diff.filter(({ sign }) => sign !== other).map(({ text }) => text);
      expect(side('+').join('\n')).toBe(before);
      expect(side('-').join('\n')).toBe(after);
    }),
  );
});

test('As many lines as possible stay', () => {
  const changed = (before: string, after: string) =>
    diffLines({ before: [...before].join('\n'), after: [...after].join('\n') })
      .map(({ sign, text }) => `${sign}${text}`.trim())
      .join('');
  expect(changed('abc', 'abc')).toBe('abc');
  expect(changed('abcd', 'acd')).toBe('a-bcd');
  expect(changed('axbyc', 'abzc')).toBe('a-xb-y+zc');
  expect(changed('abcabba', 'cbabac')).toMatch(/^-a-bc|^-a\+cb/);
});

test('Hunks show three lines around a change, and where they are', () => {
  const before = 'abcdefghijklmnop';
  const after = before.replace('b', 'B').replace('o', '');
  const diff = diffLines({ before: [...before].join('\n'), after: [...after].join('\n') });
  expect(unifiedHunks(diff)).toEqual([
    ...['@@ -1,5 +1,5 @@', ' a', '-b', '+B', ' c', ' d', ' e'],
    ...['@@ -12,5 +12,4 @@', ' l', ' m', ' n', '-o', ' p'],
  ]);
});

test('Changes with six lines between them share a hunk, and with seven they do not', () => {
  const hunks = (between: number) => {
    const middle = Array.from({ length: between }, (_, i) => `${i}`);
    const texts = { before: ['a', ...middle, 'b'].join('\n'), after: ['A', ...middle, 'B'].join('\n') };
    return unifiedHunks(diffLines(texts)).filter((line) => line.startsWith('@@')).length;
  };
  expect([hunks(6), hunks(7)]).toEqual([1, 2]);
});

test('Equal texts have no hunks, and lines that were only added say after which line', () => {
  expect(unifiedHunks(diffLines({ before: 'a\nb', after: 'a\nb' }))).toEqual([]);
  const diff = diffLines({ before: '', after: 'x\n' });
  expect(unifiedHunks(diff)).toEqual(['@@ -1,1 +1,2 @@', '+x', ' ']);
});

test('Texts that are too long to be compared line by line are replaced as a whole, but for their ends', () => {
  const long = (name: string) => Array.from({ length: 2500 }, (_, i) => `${name} ${i}`);
  const text = (name: string) => ['first', ...long(name), 'shared', ...long(name), 'last'].join('\n');
  const diff = diffLines({ before: text('a'), after: text('b') });
  expect(diff.filter(({ sign }) => sign === ' ').map((line) => line.text)).toEqual(['first', 'last']);
});
