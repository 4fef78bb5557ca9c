import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countBelow, countUpTo, firstWhere } from './first-where.ts';

test('The first whole number at which a condition holds is found, or the end when there is none', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -50, max: 50 }),
      fc.nat(100),
      fc.integer({ min: -60, max: 160 }),
      (from, length, edge) => {
        const to = from + length;
        expect(firstWhere({ from, to }, (candidate) => candidate >= edge)).toBe(
          Math.max(from, Math.min(to, edge)),
        );
      },
    ),
  );
});

test('Counts in a rising list leave out, or take in, the value itself', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 })),
      fc.integer({ min: -1, max: 10 }),
      (numbers, value) => {
        const sorted = Float64Array.from(numbers).sort();
        expect(countBelow(sorted, value)).toBe(numbers.filter((one) => one < value).length);
        expect(countUpTo(sorted, value)).toBe(numbers.filter((one) => one <= value).length);
      },
    ),
  );
});
