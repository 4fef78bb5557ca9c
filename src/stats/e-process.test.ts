import { expect, test } from 'vitest';
import { atNextLook, noEvidence } from './e-process.ts';

test('p is the smallest 1/M of all looks, and never above 1', () => {
  const first = atNextLook(noEvidence, -2);
  expect(first).toEqual({ log_m: -2, p: 1 });
  const second = atNextLook(first, Math.log(20));
  expect(second.p).toBeCloseTo(0.05, 15);
  expect(atNextLook(second, 0)).toEqual({ log_m: 0, p: second.p });
  expect(atNextLook(second, 1e9)).toEqual({ log_m: 1e9, p: 0 });
});
