import { describe, expect, test } from 'vitest';
import { deviance, stirlingError } from './stirling.ts';

describe("Stirling's error", () => {
  // ln Γ(n + 1) − (n + ½) ln n + n − ½ ln 2π, computed with mpmath at 60 digits.
  test.each([
    [0.01, 1.4340079537031842],
    [0.5, 0.15342640972002736],
    [1, 0.08106146679532726],
    [2.5, 0.03316287351993629],
    [5, 0.016644691189821193],
    [11.9, 0.00700115605153421],
    [12, 0.00694284010720953],
    [14.5, 0.0057462165130101155],
    [100, 0.0008333305556349147],
    [1000000, 8.333333333333056e-8],
    [1000000000, 8.333333333333333e-11],
  ])('at %d is what mpmath gives', (n, error) => {
    expect(Math.abs(stirlingError(n) - error)).toBeLessThan(2e-15);
  });

  test('makes up for the difference to the factorial', () => {
    const logFactorial = 5.5 * Math.log(5) - 5 + Math.log(2 * Math.PI) / 2 + stirlingError(5);
    expect(Math.exp(logFactorial)).toBeCloseTo(120, 11);
  });
});

describe('The deviance of a count', () => {
  test.each([
    [1, 1.0001, 4.999666691663566e-9],
    [5, 5.5, 0.0234491009783757],
    [100, 90, 0.5360515657826301],
    [100, 80, 2.3143551314209754],
    [1000, 1000.001, 4.999996666432699e-10],
    [3, 300, 283.1844894420357],
    [300, 3, 1084.5510557964274],
    [0.5, 0.4, 0.011571775657104872],
    [2.5, 2.5000001, 1.999999940120353e-15],
  ])('of %d from %d is what mpmath gives', (k, mean, expected) => {
    expect(Math.abs(deviance(k, mean) / expected - 1)).toBeLessThan(1e-14);
  });

  test('is the mean for no count at all, and nothing at the mean', () => {
    expect(deviance(0, 3)).toBe(3);
    expect(deviance(3, 3)).toBe(0);
  });
});
