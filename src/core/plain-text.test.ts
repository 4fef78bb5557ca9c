import { expect, test } from 'vitest';
import { plain, plainLines, short } from './plain-text.ts';

test('plain leaves nothing that moves a cursor, ends a line or turns the writing round', () => {
  expect(plain('a\u001b[2Jb\r\nc\u2028d\u202ee\ud800f')).toBe('a [2Jb c d e f');
  expect(plain('  Grüße, 世界 👍  ')).toBe('Grüße, 世界 👍');
});

test('plainLines keeps lines and where they begin, and nothing else that could move a cursor', () => {
  expect(plainLines('a:\r\n  b\u001b[2J c\n\n\u009b1A^\rd')).toBe('a:\n  b [2J c\n\n1A^ d');
});

test('short counts characters, not halves of them', () => {
  expect(short('👍👍👍', 3)).toBe('👍👍👍');
  expect(short('👍👍👍', 2)).toBe('👍…');
  expect(short('one two', 5)).toBe('one…');
});
