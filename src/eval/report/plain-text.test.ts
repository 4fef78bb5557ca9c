import { expect, test } from 'vitest';
import { aligned, plain, plainPaint, short, terminalPaint } from './plain-text.ts';

test('plain leaves nothing that moves a cursor, ends a line or turns the writing round', () => {
  expect(plain('a\u001b[2Jb\r\nc\u2028d\u202ee\ud800f')).toBe('a [2Jb c d e f');
  expect(plain('  Grüße, 世界 👍  ')).toBe('Grüße, 世界 👍');
});

test('short counts characters, not halves of them', () => {
  expect(short('👍👍👍', 3)).toBe('👍👍👍');
  expect(short('👍👍👍', 2)).toBe('👍…');
  expect(short('one two', 5)).toBe('one…');
});

test('aligned sets numbers to the right and paints without counting the paint', () => {
  const paint = (text: string) => `<${text}>`;
  expect(
    aligned([
      [{ text: 'NAME', paint }, { text: 'CASES' }, { text: 'LAST' }],
      [{ text: 'a' }, { text: '5', paint }, { text: 'x' }],
      [{ text: 'longer' }, { text: '12' }],
    ]),
  ).toEqual(['<NAME>    CASES  LAST', 'a           <5>  x', 'longer     12']);
  expect(aligned([])).toEqual([]);
});

test('terminalPaint colours, and plainPaint does not', () => {
  expect(terminalPaint.red('x')).toBe('\u001b[31mx\u001b[39m');
  expect(plainPaint.red('x')).toBe('x');
});
