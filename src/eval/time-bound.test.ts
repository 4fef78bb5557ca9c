import { expect, test } from 'vitest';
import { createTimeBound } from './time-bound.ts';

const endless = (): boolean => /(a+)+$/.test(`${'a'.repeat(40)}!`);

test('Work that is done in time gives its value, and what it throws', () => {
  const inTime = createTimeBound(1000);
  expect(inTime(() => 7)).toEqual({ done: true, value: 7 });
  expect(() =>
    inTime(() => {
      throw new Error('mine');
    }),
  ).toThrow('mine');
});

test('Work that has taken too long three times is not tried again', () => {
  const inTime = createTimeBound(5);
  for (let i = 0; i < 3; i += 1) expect(inTime(endless)).toEqual({ done: false });
  let tried = false;
  expect(
    inTime(() => {
      tried = true;
    }),
  ).toEqual({ done: false });
  expect(tried).toBe(false);
});
