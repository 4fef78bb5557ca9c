import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { betaLogit, betaQuantile, betaTails, betaUpperRatio } from './beta.ts';

/** x, a, b, I_x(a, b) and 1 − I_x(a, b), computed with mpmath at 60 digits. */
const tails: readonly (readonly [number, number, number, number, number])[] = [
  [0.1, 0.5, 0.5, 0.20483276469913345, 0.7951672353008665],
  [0.5, 0.5, 0.5, 0.5, 0.5],
  [0.9, 0.5, 0.5, 0.7951672353008665, 0.20483276469913342],
  [0.5, 1.0, 1.0, 0.5, 0.5],
  [0.001, 0.5, 20.5, 0.15953930304016503, 0.8404606969598349],
  [0.2, 14.0, 4.0, 5.998510080000005e-8, 0.9999999400148992],
  [0.95, 13.5, 3.5, 0.9819846784225825, 0.018015321577417424],
  [0.5, 100.0, 100.0, 0.5, 0.5],
  [0.3, 100.0, 100.0, 1.8411141115800529e-9, 0.9999999981588858],
  [0.9, 2.0, 0.01, 0.013967644055587024, 0.986032355944413],
  [0.02, 3.0, 200.0, 0.7706531762613908, 0.2293468237386092],
  [0.5, 1000.0, 1100.0, 0.9854830182565296, 0.014516981743470393],
  [0.3, 1000.0, 1100.0, 1.772232675843023e-64, 1.0],
  [1e-10, 0.5, 1.0, 1e-5, 0.99999],
  [0.25, 2.5, 7.25, 0.5303285257775835, 0.46967147422241645],
  [0.75, 60.0, 10.0, 0.011662906816312978, 0.988337093183687],
  [0.4, 300.0, 301.0, 4.549861834172197e-7, 0.9999995450138166],
  [0.999, 500.5, 0.5, 0.31706847665579796, 0.682931523344202],
  [0.05, 1.0, 19.0, 0.6226463974646924, 0.3773536025353076],
  [0.001, 10.0, 10.0, 9.162494537926628e-26, 1.0],
  [0.6, 0.001, 0.001, 0.500202449272028, 0.49979755072797205],
  [0.5, 40.0, 1.0, 9.094947017729282e-13, 0.9999999999990905],
];

/** p, a, b and the quantile, computed likewise. */
const quantiles: readonly (readonly [number, number, number, number])[] = [
  [1e-10, 0.5, 0.5, 2.4674011002723397e-20],
  [1e-10, 0.5, 20.5, 3.878213999574302e-22],
  [1e-10, 1.0, 5.0, 2.0000000000800002e-11],
  [1e-10, 13.0, 4.0, 0.10711836779663253],
  [1e-10, 13.5, 3.5, 0.1226285201498721],
  [1e-10, 700.0, 300.0, 0.6034506238081332],
  [1e-10, 2.5, 0.5, 0.00015404191250572267],
  [0.005, 0.5, 0.5, 6.168375916970068e-5],
  [0.005, 0.5, 20.5, 9.695657205392302e-7],
  [0.005, 1.0, 5.0, 0.0010020060210801205],
  [0.005, 13.0, 4.0, 0.4656383019802914],
  [0.005, 13.5, 3.5, 0.5004543996821432],
  [0.005, 700.0, 300.0, 0.6619749166049553],
  [0.005, 2.5, 0.5, 0.17995463360267008],
  [0.025, 0.5, 0.5, 0.001541333133436012],
  [0.025, 0.5, 20.5, 2.4246478459242747e-5],
  [0.025, 1.0, 5.0, 0.005050763379468057],
  [0.025, 13.0, 4.0, 0.5435434537683882],
  [0.025, 13.5, 3.5, 0.5792148277642927],
  [0.025, 700.0, 300.0, 0.6712406311479304],
  [0.025, 2.5, 0.5, 0.3331782455987906],
  [0.05, 0.5, 0.5, 0.006155829702431137],
  [0.05, 0.5, 20.5, 9.707775858233174e-5],
  [0.05, 1.0, 5.0, 0.010206218313011496],
  [0.05, 13.0, 4.0, 0.5834277192938472],
  [0.05, 13.5, 3.5, 0.6190892173026145],
  [0.05, 700.0, 300.0, 0.6759486189914685],
  [0.05, 2.5, 0.5, 0.430741468138101],
  [0.5, 0.5, 0.5, 0.5],
  [0.5, 0.5, 20.5, 0.011169169123591416],
  [0.5, 1.0, 5.0, 0.12944943670387585],
  [0.5, 13.0, 4.0, 0.7752553082523369],
  [0.5, 13.5, 3.5, 0.8058099143276496],
  [0.5, 700.0, 300.0, 0.7001333806082087],
  [0.5, 2.5, 0.5, 0.9044741819621789],
  [0.975, 0.5, 0.5, 0.998458666866564],
  [0.975, 0.5, 20.5, 0.1166389829048754],
  [0.975, 1.0, 5.0, 0.5218237501049814],
  [0.975, 13.0, 4.0, 0.9273379617471178],
  [0.975, 13.5, 3.5, 0.9441870161099912],
  [0.975, 700.0, 300.0, 0.7280016443092089],
  [0.975, 2.5, 0.5, 0.999783091529969],
];

describe('The incomplete beta function', () => {
  test.each(tails)(
    'at %d with shapes %d and %d is what mpmath gives, to 13 digits',
    (x, a, b, lower, upper) => {
      const tail = betaTails({ x, y: 1 - x }, { a, b });
      expect(Math.abs(tail.lower / lower - 1)).toBeLessThan(1e-13);
      expect(Math.abs(tail.upper / upper - 1)).toBeLessThan(1e-13);
    },
  );

  test.each(quantiles)('has at %d with shapes %d and %d the inverse that mpmath gives', (p, a, b, x) => {
    expect(Math.abs(betaQuantile(p, { a, b }) / x - 1)).toBeLessThan(2e-14);
  });

  test('is 0 and 1 at the ends, and so is its inverse', () => {
    const shape = { a: 2, b: 0.5 };
    expect(betaTails({ x: 0, y: 1 }, shape)).toEqual({ lower: 0, upper: 1 });
    expect(betaTails({ x: 1, y: 0 }, shape)).toEqual({ lower: 1, upper: 0 });
    expect([0, 1].map((p) => betaQuantile(p, shape))).toEqual([0, 1]);
  });

  test('keeps what lies next to 1, when that is given', () => {
    // 1 − I = (1 − x)^b for a = 1.
    expect(betaTails({ x: 1, y: 1e-20 }, { a: 1, b: 2 }).upper / 1e-40).toBeCloseTo(1, 13);
  });

  const size = fc.double({ min: 0.05, max: 5000, noNaN: true });
  const share = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });

  test('turns around with its shapes', () => {
    fc.assert(
      fc.property(share, size, size, (x, a, b) => {
        const y = 1 - x;
        const { lower, upper } = betaTails({ x, y }, { a, b });
        expect(betaTails({ x: y, y: x }, { a: b, b: a })).toEqual({ lower: upper, upper: lower });
        expect(lower + upper).toBeCloseTo(1, 14);
      }),
    );
  });

  test('is led back by its inverse', () => {
    fc.assert(
      fc.property(share, size, size, (p, a, b) => {
        const logit = betaLogit({ lower: p, upper: 1 - p }, { a, b });
        const tail = betaTails({ x: 1 / (1 + Math.exp(-logit)), y: 1 / (1 + Math.exp(logit)) }, { a, b });
        const [got, asked] = p < 0.5 ? [tail.lower, p] : [tail.upper, 1 - p];
        expect(Math.abs(got / asked - 1)).toBeLessThan(1e-10);
      }),
    );
  });

  test.each([
    [{ a: 0, b: 1 }, 'a: must be a finite number above 0'],
    [{ a: 1, b: NaN }, 'b: must be a finite number above 0'],
  ])('refuses the shapes %j', (shape, complaint) => {
    expect(() => betaTails({ x: 0.5, y: 0.5 }, shape)).toThrow(complaint);
    expect(() => betaQuantile(0.5, shape)).toThrow(complaint);
  });

  test('refuses what is no share', () => {
    expect(() => betaTails({ x: 2, y: -1 }, { a: 1, b: 1 })).toThrow('x: ');
    expect(() => betaTails({ x: 0.5, y: NaN }, { a: 1, b: 1 })).toThrow('y: ');
    expect(() => betaQuantile(-1, { a: 1, b: 1 })).toThrow('p: ');
  });
});

describe('The upper tail beside the density', () => {
  // x, a, b and ln[(1 − I_x(a, b)) · B(a, b) / (xᵃ · yᵇ)], computed with mpmath at 80 digits.
  test.each([
    [0.1, 1, 9, 0.10536051565782598],
    [0.1, 13, 39, 4.5872599429300145],
    [0.5, 5, 30, -2.5753709050642315],
    [0.05, 0.5, 9.5, 0.33598729233037244],
    [0.25, 400, 200, 228.61865647614283],
    [0.9, 2, 0.01, 4.814900627822047],
    [0.02, 3, 200, -0.9126522186654233],
  ])('at %d with the shapes %d and %d is what mpmath says', (x, a, b, expected) => {
    expect(betaUpperRatio({ x, y: 1 - x }, { a, b })).toBeCloseTo(expected, 12);
  });

  // By the hypergeometric series with mpmath at 60 digits: nearly all lies below, and little of it is left for the tail.
  test.each([
    [1e-4, 1e-3, 1e5, -2.39063097667797],
    [1e-3, 1e-2, 1e3, -0.51196910534979],
    [1e-6, 1e-5, 100, 2.15634207339354],
    [1e-6, 1e-5, 10, 2.39673755002536],
  ])('at %d with the shapes %d and %d loses no digits to the lower one', (x, a, b, expected) => {
    expect(betaUpperRatio({ x, y: 1 - x }, { a, b })).toBeCloseTo(expected, 9);
  });

  test('stays a number where the tail itself vanishes', () => {
    expect(betaTails({ x: 0.5, y: 0.5 }, { a: 5, b: 1e9 }).upper).toBe(0);
    // Nearly all of that tail lies just above ½: 1 / (b · x).
    expect(betaUpperRatio({ x: 0.5, y: 0.5 }, { a: 5, b: 1e9 })).toBeCloseTo(-Math.log(1e9 / 2), 7);
  });

  test('wants a point between the ends', () => {
    expect(() => betaUpperRatio({ x: 0, y: 1 }, { a: 1, b: 1 })).toThrow('x: ');
    expect(() => betaUpperRatio({ x: 1, y: 0 }, { a: 1, b: 1 })).toThrow('x: ');
    expect(() => betaUpperRatio({ x: 0.5, y: 0.5 }, { a: 0, b: 1 })).toThrow('a: ');
  });
});
