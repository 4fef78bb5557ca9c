import { expect, test } from 'vitest';
import { createScorerTroubles } from './scorer-troubles.ts';

const secondUs = 1_000_000;
const hung = { isScored: false, tookUs: 60 * secondUs };

test('A scorer that hangs three times in a row is left alone, for at most 15 minutes', () => {
  const troubles = createScorerTroubles();
  const pauses = Array.from({ length: 9 }, () => {
    troubles.note('one', hung, 100);
    return (troubles.pausedUntil('one') - 100) / secondUs;
  });
  expect(pauses).toEqual([0, 0, 30, 60, 120, 240, 480, 900, 900]);
  expect(troubles.isHanging('one')).toBe(true);
  expect(troubles.isHanging('other')).toBe(false);
});

test.each([
  ['a score, however long it took', { ...hung, isScored: true }],
  ['no score within 30 seconds', { isScored: false, tookUs: 29 * secondUs }],
])('A scorer that gives %s is asked as before', (_what, attempted) => {
  const troubles = createScorerTroubles();
  for (let i = 0; i < 3; i++) troubles.note('one', hung, 100);
  troubles.note('one', attempted, 100);
  troubles.note('one', hung, 100);
  expect(troubles.isHanging('one')).toBe(false);
  expect(troubles.pausedUntil('one')).toBe(100);
});

test('A scorer that nobody asks any more is forgotten', () => {
  const troubles = createScorerTroubles();
  for (let i = 0; i < 3; i++) troubles.note('one', hung, 0);
  troubles.forget(900 * secondUs);
  expect(troubles.isHanging('one')).toBe(true);
  troubles.forget(931 * secondUs);
  expect(troubles.isHanging('one')).toBe(false);
});
