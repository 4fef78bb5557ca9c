import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  casesForFlips,
  casesForMargin,
  casesForMean,
  type Design,
  detectableFlips,
  detectableMean,
  type PairedVariance,
  planningFactor,
} from './power.ts';

const twoSided: Design = { alpha: 0.05, power: 0.8, sides: 2 };
const oneSided: Design = { alpha: 0.05, power: 0.8, sides: 1 };
const variance = (within: number, trials: number, between = 1 / 9): PairedVariance => ({
  between_items: between,
  within_baseline: within,
  within_candidate: within,
  trials_baseline: trials,
  trials_candidate: trials,
});
const design = fc.record<Design>({
  alpha: fc.double({ min: 0.001, max: 0.2, noNaN: true }),
  power: fc.double({ min: 0.5, max: 0.99, noNaN: true }),
  sides: fc.constantFrom(1, 2),
});

describe('The planning factor', () => {
  test('is 2.486 one-sided and 2.802 two-sided at 5 % and 80 %', () => {
    expect(planningFactor(oneSided)).toBeCloseTo(2.486, 3);
    expect(planningFactor(twoSided)).toBeCloseTo(1.96 + 0.842, 3);
  });

  test.each([
    [{ alpha: 0, power: 0.8, sides: 1 }, 'alpha: must be a finite number above 0 and of at most 0.5'],
    [{ alpha: 0.05, power: 0.4, sides: 1 }, 'power: must be a finite number of at least 0.5 and below 1'],
    [{ alpha: 0.05, power: 1, sides: 2 }, 'power: '],
  ] as const)('wants %j to be otherwise', (asked, complaint) => {
    expect(() => planningFactor(asked)).toThrow(complaint);
  });
});

describe('Planning for a mean', () => {
  test.each([
    [0, 1, 969],
    [1 / 6, 1, 3876],
    [1 / 6, 10, 1260],
  ])(
    'with noise %d and %d trials needs the items that follow from Miller 2024 for 3 points',
    (noise, trials, n) => {
      expect(casesForMean(variance(noise, trials), 0.03, twoSided)).toBe(n);
    },
  );

  test('with 198 items sees 13.3 points, or 7.6 with ten trials', () => {
    expect(detectableMean(variance(1 / 6, 1), 198, twoSided)).toBeCloseTo(0.1327, 4);
    expect(detectableMean(variance(1 / 6, 10), 198, twoSided)).toBeCloseTo(0.0757, 4);
  });

  test('leads back: what the items can see is no more than was asked for', () => {
    const between = fc.double({ min: 0.001, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        between,
        fc.double({ min: 0.01, max: 0.9, noNaN: true }),
        design,
        (spread, difference, asked) => {
          const n = casesForMean(variance(0.2, 3, spread), difference, asked);
          expect(detectableMean(variance(0.2, 3, spread), n, asked)).toBeLessThanOrEqual(
            difference * (1 + 1e-9),
          );
          fc.pre(n > 1);
          expect(detectableMean(variance(0.2, 3, spread), n - 1, asked)).toBeGreaterThanOrEqual(
            difference * (1 - 1e-9),
          );
        },
      ),
    );
  });

  test('needs at least one item, however little there is to see through', () => {
    expect(casesForMean(variance(0, 1, 0), 0.1, oneSided)).toBe(1);
  });

  test('wants variances, trials, and something to look for', () => {
    expect(() => casesForMean(variance(0, 1, -1), 0.1, oneSided)).toThrow('between_items: ');
    expect(() => casesForMean(variance(-1, 1), 0.1, oneSided)).toThrow('within_baseline: ');
    expect(() => casesForMean(variance(0, 0), 0.1, oneSided)).toThrow('trials_baseline: ');
    expect(() => casesForMean(variance(0, 1), 0, oneSided)).toThrow('difference: ');
    expect(() => detectableMean(variance(0, 1), 0, oneSided)).toThrow('cases: ');
  });
});

describe('Planning for flips', () => {
  test.each([
    [0.1, 0.05, 469],
    [0.15, 0.05, 155],
  ])('of %d and %d needs the items that follow from Connor 1987', (harm_rate, benefit_rate, n) => {
    expect(casesForFlips({ harm_rate, benefit_rate }, twoSided)).toBe(n);
    expect(casesForFlips({ harm_rate: benefit_rate, benefit_rate: harm_rate }, twoSided)).toBe(n);
  });

  test('leads back: so many items can see this harm, and one fewer cannot', () => {
    const rate = fc.double({ min: 0.01, max: 0.3, noNaN: true });
    fc.assert(
      fc.property(rate, rate, design, (harm, benefit, asked) => {
        fc.pre(harm > benefit * 1.05);
        const cases = casesForFlips({ harm_rate: harm, benefit_rate: benefit }, asked);
        fc.pre(cases > 20);
        const seen = (n: number) => detectableFlips({ cases: n, discordance: harm + benefit }, asked) ?? 1;
        expect(seen(cases)).toBeLessThanOrEqual((harm - benefit) * (1 + 1e-9));
        expect(seen(cases - 1)).toBeGreaterThanOrEqual((harm - benefit) * (1 - 1e-9));
      }),
    );
  });

  test('sees nothing with few items, even if every flip were harmful', () => {
    expect(detectableFlips({ cases: 1, discordance: 0.2 }, twoSided)).toBeNull();
    expect(detectableFlips({ cases: 20, discordance: 0.05 }, twoSided)).toBeNull();
  });

  test.each([
    [{ harm_rate: 0.1, benefit_rate: 0.1 }, 'harm_rate: must differ from benefit_rate'],
    [{ harm_rate: 0.7, benefit_rate: 0.5 }, 'harm_rate: must be, with benefit_rate, above 0 and at most 1'],
    [{ harm_rate: 0, benefit_rate: 0 }, 'harm_rate: must be, with benefit_rate, above 0 and at most 1'],
    [{ harm_rate: 2, benefit_rate: 0 }, 'harm_rate: must be a finite number'],
    [{ harm_rate: 0, benefit_rate: -1 }, 'benefit_rate: must be a finite number'],
  ])('wants %j to be otherwise', (rates, complaint) => {
    expect(() => casesForFlips(rates, oneSided)).toThrow(complaint);
  });

  test('wants items and flips to see anything', () => {
    expect(() => detectableFlips({ cases: 0, discordance: 0.1 }, oneSided)).toThrow('cases: ');
    expect(() => detectableFlips({ cases: 5, discordance: 0 }, oneSided)).toThrow('discordance: ');
  });
});

describe('The items until an upper limit comes under a margin', () => {
  const plan = { deviation: 0.4, expected_damage: 0, margin: 0.05, level: 0.9, power: 0.8 };

  test('are those of a non-inferiority test', () => {
    // (1.645 + 0.842)²·0.4²/0.05²
    expect(casesForMargin(plan)).toBe(396);
    expect(casesForMargin({ ...plan, expected_damage: 0.01 })).toBe(619);
  });

  test('at an even chance are those at which the expected limit is the margin', () => {
    const n = casesForMargin({ ...plan, expected_damage: 0.01, power: 0.5 }) ?? 0;
    expect(0.01 + (1.6449 * 0.4) / Math.sqrt(n)).toBeLessThanOrEqual(0.05);
    expect(0.01 + (1.6449 * 0.4) / Math.sqrt(n - 1)).toBeGreaterThan(0.05);
  });

  test('are more than there can be when the damage is not under the margin', () => {
    expect(casesForMargin({ ...plan, expected_damage: 0.05 })).toBeNull();
    expect(casesForMargin({ ...plan, expected_damage: 0.1 })).toBeNull();
  });

  test('want all there is to know', () => {
    expect(() => casesForMargin({ ...plan, deviation: 0 })).toThrow('deviation: ');
    expect(() => casesForMargin({ ...plan, margin: NaN })).toThrow('margin: ');
    expect(() => casesForMargin({ ...plan, expected_damage: NaN })).toThrow('expected_damage: ');
    expect(() => casesForMargin({ ...plan, level: 1 })).toThrow('level: ');
  });
});
