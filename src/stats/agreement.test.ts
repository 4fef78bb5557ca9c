import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agreement, type JudgeTable } from './agreement.ts';
import { wilson } from './proportion.ts';

const table = (both_pass: number, judge_only: number, human_only: number, both_fail: number): JudgeTable => ({
  both_pass,
  judge_only,
  human_only,
  both_fail,
});

describe('Agreement', () => {
  test("has Cohen's κ of the usual textbook table", () => {
    // 20 and 15 of 50 agree; p_o = .7, p_e = .5·.6 + .5·.4 = .5.
    const { kappa, accuracy } = agreement(table(20, 10, 5, 15), 0.95);
    expect(kappa).toBeCloseTo(0.4, 14);
    expect(accuracy).toEqual({ rate: 0.7, ...wilson({ successes: 35, trials: 50 }, 0.95) });
  });

  test('has the two rates of the judge, with Wilson intervals', () => {
    const { true_positive_rate, true_negative_rate } = agreement(table(92, 15, 8, 85), 0.9);
    expect(true_positive_rate).toEqual({ rate: 0.92, ...wilson({ successes: 92, trials: 100 }, 0.9) });
    expect(true_negative_rate).toEqual({ rate: 0.85, ...wilson({ successes: 85, trials: 100 }, 0.9) });
  });

  test('has null where there is nothing to count', () => {
    expect(agreement(table(0, 0, 0, 0), 0.95)).toEqual({
      accuracy: null,
      kappa: null,
      true_positive_rate: null,
      true_negative_rate: null,
    });
    expect(agreement(table(5, 0, 0, 0), 0.95)).toMatchObject({ kappa: null, true_negative_rate: null });
    expect(agreement(table(0, 0, 0, 5), 0.95)).toMatchObject({ kappa: null, true_positive_rate: null });
    expect(agreement(table(0, 3, 0, 0), 0.95)).toMatchObject({ kappa: 0, accuracy: { rate: 0 } });
  });

  test('does not care who is the judge, and κ is at most 1', () => {
    const count = fc.nat(100);
    fc.assert(
      fc.property(count, count, count, count, (pass, judge, human, fail) => {
        const one = agreement(table(pass, judge, human, fail), 0.95);
        const other = agreement(table(pass, human, judge, fail), 0.95);
        expect(other.kappa ?? 2).toBeCloseTo(one.kappa ?? 2, 12);
        expect(Math.abs(one.kappa ?? 0)).toBeLessThanOrEqual(1 + 1e-12);
        if (judge + human === 0 && pass > 0 && fail > 0) expect(one.kappa).toBe(1);
      }),
    );
  });

  test('wants counts', () => {
    expect(() => agreement(table(-1, 0, 0, 0), 0.95)).toThrow('both_pass: ');
    expect(() => agreement(table(1, 0, 0, 2e6), 0.95)).toThrow('both_fail: must be a whole number');
  });
});
