import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalCdf } from './normal.ts';
import { posteriorRates } from './posterior-rates.ts';
import type { Proportion } from './proportion.ts';

const of = (successes: number, trials: number): Proportion => ({ successes, trials });
const proportion = fc.tuple(fc.nat(60), fc.nat(60)).map(([x, rest]) => of(x, x + rest));

describe('What is to be believed of two rates', () => {
  test('49 and 51 in 100 is known', () => {
    expect(posteriorRates({ baseline: of(49, 100), candidate: of(51, 100) }).chance_higher).toBeCloseTo(
      0.61077,
      5,
    );
  });

  test('49 and 51 in 100 is near what gbstats approximates by a normal distribution', () => {
    // Its relative effect of .04082 with limits of −.24779 and .32943 gives .60918.
    const approximate = normalCdf(0.04082 / ((0.32943 + 0.24779) / (2 * 1.959964)));
    expect(approximate).toBeCloseTo(0.60918, 4);
    const { chance_higher } = posteriorRates({ baseline: of(49, 100), candidate: of(51, 100) });
    expect(Math.abs(chance_higher - approximate)).toBeLessThan(0.002);
  });

  // By integration with mpmath.
  test.each([
    [of(49, 100), of(51, 100), 0.6107705226878394, 0.01911646120208925, 0.03872430433934415],
    [of(7, 9), of(19, 22), 0.7547274749721913, 0.01887792734648718, 0.1249385334070932],
    [of(0, 0), of(0, 10), 1 / 12, 0.4230769230769231, 0.00641025641025641],
    [of(2, 41), of(1, 9), 0.837491919844861, 0.006453175660516341, 0.118503915618233],
  ])('of %j and %j is what an integral says', (baseline, candidate, chance, ofCandidate, ofBaseline) => {
    const believed = posteriorRates({ baseline, candidate });
    expect(believed.chance_higher).toBeCloseTo(chance, 13);
    expect(believed.loss_of_candidate).toBeCloseTo(ofCandidate, 13);
    expect(believed.loss_of_baseline).toBeCloseTo(ofBaseline, 13);
  });

  test('turns around with the two, and with what counts as success', () => {
    fc.assert(
      fc.property(proportion, proportion, (baseline, candidate) => {
        const one = posteriorRates({ baseline, candidate });
        const other = posteriorRates({ baseline: candidate, candidate: baseline });
        expect(other.chance_higher).toBeCloseTo(1 - one.chance_higher, 12);
        expect(other.loss_of_candidate).toBeCloseTo(one.loss_of_baseline, 12);
        const failing = ({ successes, trials }: Proportion) => of(trials - successes, trials);
        const mirrored = posteriorRates({ baseline: failing(candidate), candidate: failing(baseline) });
        expect(mirrored.chance_higher).toBeCloseTo(one.chance_higher, 12);
        // The losses differ by the difference of the two means.
        const mean = ({ successes, trials }: Proportion): number => (successes + 1) / (trials + 2);
        expect(one.loss_of_baseline - one.loss_of_candidate).toBeCloseTo(
          mean(candidate) - mean(baseline),
          12,
        );
      }),
    );
  });

  test('rises with every success of the candidate', () => {
    fc.assert(
      fc.property(proportion, proportion, (baseline, { successes, trials }) => {
        const before = posteriorRates({ baseline, candidate: of(successes, trials + 1) });
        const after = posteriorRates({ baseline, candidate: of(successes + 1, trials + 1) });
        expect(after.chance_higher).toBeGreaterThanOrEqual(before.chance_higher - 1e-14);
      }),
    );
  });

  test('of a hundred million trials is known as well', () => {
    const even = posteriorRates({ baseline: of(5e7, 1e8), candidate: of(5e7, 1e8) });
    expect(even.chance_higher).toBeCloseTo(0.5, 9);
    // Half the mean size of a normal difference with a variance of 2 · ¼ / 10⁸.
    expect(even.loss_of_baseline / Math.sqrt(0.5e-8 / (2 * Math.PI))).toBeCloseTo(1, 6);
    const apart = posteriorRates({ baseline: of(1e8, 1e8), candidate: of(0, 1e8) });
    expect(apart).toMatchObject({ chance_higher: 0, loss_of_baseline: 0 });
    expect(posteriorRates({ baseline: of(0, 1e8), candidate: of(1e8, 1e8) }).chance_higher).toBe(1);
    const few = posteriorRates({ baseline: of(1e6, 1e8), candidate: of(5, 10) });
    expect(few.chance_higher).toBeGreaterThan(0.999999);
  });

  test('wants counts', () => {
    const fine = of(1, 2);
    expect(() => posteriorRates({ baseline: of(3, 2), candidate: fine })).toThrow('baseline.successes: ');
    expect(() => posteriorRates({ baseline: fine, candidate: of(1, 1e9) })).toThrow('candidate.trials: ');
  });
});
