import { expect, test } from 'vitest';
import { counted, percent, points } from './quantities.ts';

test.each([
  [0.0449, '4.5'],
  [0.05, '5'],
  [-0.0001, '0'],
  [-0.123, '-12.3'],
])('points gives %d as %s', (value, text) => {
  expect(points(value)).toBe(text);
});

test('percent and counted go with their nouns', () => {
  expect([percent(0.95), counted(1, 'case'), counted(0, 'case'), counted(2, 'reply', 'replies')]).toEqual([
    '95 %',
    '1 case',
    '0 cases',
    '2 replies',
  ]);
});
