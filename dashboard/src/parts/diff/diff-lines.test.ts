import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DiffLine, diffLines, fold, sideBySide } from './diff-lines.ts';

const textOf = (line: DiffLine) => line.parts.map(({ text }) => text).join('');
const text = fc
  .array(fc.constantFrom('a', 'b b', 'route billing', '', 'route refunds'), { maxLength: 12 })
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

test('either text can be read off the lines again, and lines are numbered from 1', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const [old, fresh] = [lines.filter((line) => line.before), lines.filter((line) => line.after)];
      expect(old.map((line) => `${textOf(line)}\n`).join('')).toBe(before);
      expect(fresh.map((line) => `${textOf(line)}\n`).join('')).toBe(after);
      expect(old.map((line) => line.before)).toEqual(old.map((_, n) => n + 1));
      expect(fresh.map((line) => line.after)).toEqual(fresh.map((_, n) => n + 1));
    }),
  );
});

test('side by side, every line stands once on its side, and equal ones face each other', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const pairs = sideBySide(lines);
      expect(pairs.flatMap(({ left }) => left ?? [])).toEqual(lines.filter(({ kind }) => kind !== 'added'));
      expect(pairs.flatMap(({ right }) => right ?? [])).toEqual(
        lines.filter(({ kind }) => kind !== 'removed'),
      );
    }),
  );
});

test('a changed line shows which words have changed', () => {
  const [removed, added] = diffLines('Send refunds to billing.\n', 'Send refunds to auth.\n');
  expect(removed?.parts.filter(({ changed }) => changed)).toEqual([{ text: 'billing', changed: true }]);
  expect(added?.parts.filter(({ changed }) => changed)).toEqual([{ text: 'auth', changed: true }]);
});

test('what is equal and far from a change is folded away, and nothing is lost', () => {
  const before = Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join('');
  const stretches = fold(
    diffLines(before, before.replace('line 10', 'line ten')),
    ({ kind }) => kind === 'same',
  );
  expect(stretches.map(({ hidden, lines }) => [hidden, lines.length])).toEqual([
    [true, 7],
    [false, 8],
    [true, 6],
  ]);
});

test('texts with too little in common are shown one after the other, however long comparing them would take', () => {
  const lettered = (letter: string) => Array.from({ length: 10_000 }, (_, n) => `${letter}${n}\n`).join('');
  const lines = diffLines(lettered('a'), lettered('b'));
  expect(lines.map(({ kind }) => kind)).toEqual([
    ...Array<string>(10_000).fill('removed'),
    ...Array<string>(10_000).fill('added'),
  ]);
  expect(lines.flatMap(({ parts }) => parts).filter(({ changed }) => changed)).toEqual([]);
});

test('the words of a line are compared only as far as they are alike', () => {
  const of = (word: string) => Array.from({ length: 2_000 }, (_, n) => `${word}${n}`).join(' ');
  const lined = (text: string) => `${text}\n`.repeat(10);
  const lines = diffLines(lined(of('a')), lined(of('b')));
  expect(lines.map(({ parts }) => parts.length)).toEqual(Array<number>(20).fill(1));
  const [removed] = diffLines(`${of('a')} last\n`, `${of('a')} end\n`);
  expect(removed?.parts.filter(({ changed }) => changed)).toEqual([{ text: 'last', changed: true }]);
});
