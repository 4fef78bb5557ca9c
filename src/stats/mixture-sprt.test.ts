import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mixtureSprt } from './mixture-sprt.ts';

describe('The mixture sequential probability ratio test', () => {
  test('of a hundred scores a stream gives what was computed apart from this code', () => {
    const log = mixtureSprt({ n: 100, difference: 0.3, variance: 1, effect_variance: 0.1 });
    expect(Math.exp(log)).toBeCloseTo(2.66211, 5);
    expect(Math.exp(-log)).toBeCloseTo(0.37564, 5);
  });

  test('is what its paper writes', () => {
    const size = fc.double({ min: 0.01, max: 10, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        size,
        size,
        size,
        (n, difference, variance, effect_variance) => {
          const both = 2 * variance;
          const wide = both + n * effect_variance;
          const plain =
            Math.log(both / wide) / 2 + (n ** 2 * effect_variance * difference ** 2) / (2 * both * wide);
          const log = mixtureSprt({ n, difference, variance, effect_variance });
          expect(Math.abs(log - plain)).toBeLessThan(1e-9 * (1 + Math.abs(plain)));
        },
      ),
    );
  });

  test.each(['n', 'difference', 'variance', 'effect_variance'] as const)('wants a number for %s', (field) => {
    const streams = { n: 1, difference: 0, variance: 1, effect_variance: 1 };
    expect(() => mixtureSprt({ ...streams, [field]: Number.NaN })).toThrow(`${field}: `);
  });
});
