import { expect, test } from 'vitest';
import { count } from './count.ts';

test.each([0, 7, Number.MAX_SAFE_INTEGER])('%s tokens are that many', (tokens) => {
  expect(count(tokens)).toBe(tokens);
});

test.each([-1, 1.5, 1e300, Number.NaN, '12', null, undefined, true, [3], {}])(
  '%j counts as none',
  (value) => {
    expect(count(value)).toBe(0);
  },
);
