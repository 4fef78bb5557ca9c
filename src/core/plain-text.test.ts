import { expect, test } from 'vitest';
import { plain, short } from './plain-text.ts';

test('plain leaves nothing that moves a cursor, ends a line or turns the writing round', () => {
  expect(plain('a\u001b[2Jb\r\nc\u2028d\u202ee\ud800f')).toBe('a [2Jb c d e f');
  expect(plain('  Grüße, 世界 👍  ')).toBe('Grüße, 世界 👍');
});

test('short counts characters, not halves of them', () => {
  expect(short('👍👍👍', 3)).toBe('👍👍👍');
  expect(short('👍👍👍', 2)).toBe('👍…');
  expect(short('one two', 5)).toBe('one…');
});
