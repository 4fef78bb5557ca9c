import { expect, test } from 'vitest';
import { aligned, plainPaint, terminalPaint } from './plain-text.ts';

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
