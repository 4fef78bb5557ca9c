import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CovariedScores, cuped } from './cuped.ts';
import { varianceOf } from './moments.ts';
import { createRandom, type Random, randomShare } from './random.ts';

const rows = (...pairs: readonly (readonly [number, number])[]): CovariedScores => ({
  scores: pairs.map(([score]) => score),
  covariates: pairs.map(([, covariate]) => covariate),
});
const nobody = rows();

describe('Scores less what was known before', () => {
  test('are those that can be worked out by hand', () => {
    // Within the baseline Σ(x − x̄)² = 2 and Σ(x − x̄)(y − ȳ) = 2; within the candidate 2 and 4: θ = 6/4. X̄ is 3.
    const adjusted = cuped({
      baseline: rows([1, 1], [2, 2], [3, 3]),
      candidate: rows([2, 3], [5, 4], [6, 5]),
    });
    expect(adjusted).toMatchObject({
      theta: 1.5,
      correlation: expect.closeTo(6 / Math.sqrt(4 * (2 + 26 / 3)), 12),
    });
    expect(adjusted?.baseline).toMatchObject({ n: 3, mean: 2 - 1.5 * (2 - 3) });
    expect(adjusted?.candidate.mean).toBeCloseTo(13 / 3 - 1.5 * (4 - 3), 12);
    expect(adjusted?.baseline.m2).toBeCloseTo(0.5, 12);
  });

  const pair = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }));
  const arm = fc.array(pair, { maxLength: 40 }).map((pairs) => rows(...pairs));

  test('keep 1 − ρ² of the spread, and no other θ keeps less', () => {
    fc.assert(
      fc.property(arm, arm, (baseline, candidate) => {
        const adjusted = cuped({ baseline, candidate });
        if (adjusted === null) return;
        const spreadAt = (theta: number): number =>
          [baseline, candidate].reduce((sum, { scores, covariates }) => {
            const left = scores.map((score, i) => score - theta * (covariates[i] ?? 0));
            const mean = left.reduce((total, one) => total + one, 0) / left.length;
            return sum + left.reduce((total, one) => total + (one - mean) ** 2, 0);
          }, 0);
        const left = adjusted.baseline.m2 + adjusted.candidate.m2;
        const before = spreadAt(0);
        expect(left / before).toBeCloseTo(adjusted.variance_left, 9);
        expect(left / before).toBeLessThanOrEqual(spreadAt(adjusted.theta + 0.1) / before + 1e-12);
        expect(left / before).toBeLessThanOrEqual(spreadAt(adjusted.theta - 0.1) / before + 1e-12);
        expect(adjusted.correlation ** 2 + adjusted.variance_left).toBeCloseTo(1, 12);
      }),
    );
  });

  test('do not care where covariates begin, nor what they are measured in', () => {
    fc.assert(
      fc.property(arm, arm, (baseline, candidate) => {
        const one = cuped({ baseline, candidate });
        const other = ({ scores, covariates }: CovariedScores) => ({
          scores,
          covariates: covariates.map((covariate) => 4 * covariate - 100),
        });
        const two = cuped({ baseline: other(baseline), candidate: other(candidate) });
        expect(two === null).toBe(one === null);
        if (one === null || two === null) return;
        expect(two.theta * 4).toBeCloseTo(one.theta, 9);
        expect(two.candidate.mean).toBeCloseTo(one.candidate.mean, 9);
        expect(two.baseline.m2).toBeCloseTo(one.baseline.m2, 6);
      }),
    );
  });

  test('differ by what the versions do, with less noise', () => {
    const draw = (random: Random, gain: number): [number, number] => {
      const talent = randomShare(random);
      return [talent + gain + 0.2 * randomShare(random), talent];
    };
    const random = createRandom(3);
    const many = (gain: number): CovariedScores =>
      rows(...Array.from({ length: 500 }, () => draw(random, gain)));
    const adjusted = cuped({ baseline: many(0), candidate: many(0.05) });
    expect(adjusted?.theta).toBeCloseTo(1, 1);
    expect(adjusted?.variance_left).toBeLessThan(0.05);
    const error = Math.sqrt(
      (varianceOf(adjusted?.baseline ?? never()) ?? 0) / 500 +
        (varianceOf(adjusted?.candidate ?? never()) ?? 0) / 500,
    );
    const difference = (adjusted?.candidate.mean ?? 0) - (adjusted?.baseline.mean ?? 0);
    expect(Math.abs(difference - 0.05)).toBeLessThan(3 * error);
    expect(error).toBeLessThan(0.005);
  });

  test('do not exist where covariates or scores are all alike', () => {
    expect(cuped({ baseline: rows([1, 5], [2, 5]), candidate: rows([1, 6], [2, 6]) })).toBeNull();
    expect(cuped({ baseline: rows([1, 5], [1, 6]), candidate: rows([2, 6], [2, 7]) })).toBeNull();
    expect(cuped({ baseline: nobody, candidate: nobody })).toBeNull();
    expect(cuped({ baseline: rows([1, 5], [2, 6]), candidate: nobody })?.candidate.n).toBe(0);
  });

  test('want a covariate each, and numbers', () => {
    const short = { scores: [1, 2], covariates: [1] };
    expect(() => cuped({ baseline: short, candidate: nobody })).toThrow(
      'covariates: must have an entry for each',
    );
    expect(() => cuped({ baseline: rows([Number.NaN, 1]), candidate: nobody })).toThrow('score: ');
  });
});

function never(): never {
  throw new Error('no adjusted scores');
}
