import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalCdf, normalLowerRatio, normalQuantile, normalTails } from './normal.ts';

/** z and the chance of at most z, computed with mpmath at 60 digits. */
const chances: readonly (readonly [number, number])[] = [
  [-38.0, 2.88542835e-316],
  [-37.5, 4.605353009581955e-308],
  [-30.0, 4.906713927148187e-198],
  [-20.0, 2.7536241186062337e-89],
  [-12.25, 8.399796063633417e-35],
  [-10.0, 7.619853024160525e-24],
  [-8.3, 5.205569744890254e-17],
  [-6.0, 9.86587645037698e-10],
  [-5.0, 2.866515718791939e-7],
  [-4.0, 3.1671241833119924e-5],
  [-3.3, 0.0004834241423837775],
  [-2.5, 0.006209665325776135],
  [-2.0, 0.02275013194817921],
  [-1.7, 0.04456546275854304],
  [-1.2, 0.11506967022170828],
  [-1.000001, 0.15865501196085355],
  [-1.0, 0.15865525393145705],
  [-0.9999, 0.1586794522137626],
  [-0.5, 0.3085375387259869],
  [-0.1, 0.460172162722971],
  [-1e-8, 0.4999999960105772],
  [0.0, 0.5],
  [1e-8, 0.5000000039894228],
  [0.3, 0.6179114221889527],
  [0.9, 0.8159398746532405],
  [1.0, 0.8413447460685429],
  [1.0001, 0.8413689419311412],
  [1.5, 0.9331927987311419],
  [2.0, 0.9772498680518208],
  [3.0, 0.9986501019683699],
  [5.0, 0.9999997133484281],
  [8.0, 0.9999999999999993],
];

/** p and its quantile, computed likewise. */
const quantiles: readonly (readonly [number, number])[] = [
  [5e-324, -38.467405617144344],
  [1e-300, -37.0470962993612],
  [1e-100, -21.273453560965326],
  [1e-30, -11.464024688443615],
  [1e-17, -8.493793224109599],
  [1e-10, -6.361340902404057],
  [1e-5, -4.264890793922825],
  [0.0005, -3.290526731491895],
  [0.001, -3.0902323061678136],
  [0.005, -2.575829303548901],
  [0.01, -2.326347874040841],
  [0.025, -1.9599639845400543],
  [0.05, -1.6448536269514726],
  [0.1, -1.2815515655446004],
  [0.2, -0.8416212335729142],
  [0.2499, -0.67480447011061],
  [0.25, -0.6744897501960817],
  [0.2501, -0.674175097074659],
  [0.3, -0.5244005127080408],
  [0.4, -0.2533471031357997],
  [0.49, -0.025068908258711057],
  [0.499999, -2.5066282745665593e-6],
  [0.5000001, 2.506628273311648e-7],
  [0.6, 0.2533471031357997],
  [0.75, 0.6744897501960817],
  [0.7501, 0.67480447011061],
  [0.8, 0.8416212335729144],
  [0.9, 1.2815515655446006],
  [0.95, 1.6448536269514722],
  [0.975, 1.9599639845400538],
  [0.99, 2.3263478740408408],
  [0.995, 2.5758293035489004],
  [0.9999, 3.7190164854557084],
  [0.999999999999, 7.0344869100478356],
];

describe('The normal distribution', () => {
  test.each(chances)('up to %d has the chance that mpmath gives, to 15 digits', (z, chance) => {
    expect(Math.abs(normalCdf(z) / chance - 1)).toBeLessThan(2e-15);
    expect(normalTails(-z).upper).toBe(normalCdf(z));
  });

  test.each(quantiles)('has at %d the quantile that mpmath gives, to 15 digits', (p, z) => {
    expect(Math.abs(normalQuantile(p) / z - 1)).toBeLessThan(2e-15);
  });

  test('reaches to infinity', () => {
    expect([0, 0.5, 1].map(normalQuantile)).toEqual([-Infinity, 0, Infinity]);
    expect(normalTails(Infinity)).toEqual({ lower: 1, upper: 0 });
    expect(normalTails(-Infinity)).toEqual({ lower: 0, upper: 1 });
  });

  test('has the quantiles that textbooks print', () => {
    expect([0.9, 0.95, 0.975, 0.995].map((p) => normalQuantile(p).toFixed(4))).toEqual([
      '1.2816',
      '1.6449',
      '1.9600',
      '2.5758',
    ]);
  });

  test('rises everywhere, and its quantile leads back', () => {
    const z = fc.double({ min: -8, max: 8, noNaN: true });
    fc.assert(
      fc.property(z, z, (one, other) => {
        if (one < other) expect(normalCdf(one)).toBeLessThanOrEqual(normalCdf(other));
        const { lower, upper } = normalTails(one);
        expect(lower + upper).toBeCloseTo(1, 14);
        const back = lower < 0.5 ? normalQuantile(lower) : -normalQuantile(upper);
        expect(back).toBeCloseTo(one, 12);
      }),
    );
  });

  test.each([-0.1, 1.1, NaN])('has no quantile at %d', (p) => {
    expect(() => normalQuantile(p)).toThrow('p: must be a finite number of at least 0 and of at most 1');
  });
});

// z²/2 + ln Φ(z), computed with mpmath at 80 digits.
test.each([
  [-1e6, -14.734449091169948],
  [-40, -4.6084420137537885],
  [-5, -2.5649983939887258],
  [-1, -1.3410216450092636],
  [-0.5, -1.0509117615936185],
  [0, -Math.LN2],
  [1, 0.3272462209765501],
  [5, 12.499999713348387],
  [30, 450],
])('The normal tail beside the density at %d is %d', (z, expected) => {
  expect(normalLowerRatio(z)).toBeCloseTo(expected, 12);
});
