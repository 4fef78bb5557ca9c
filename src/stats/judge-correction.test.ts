import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JudgeTable } from './agreement.ts';
import { type Corrected, correctedDifference, correctedRate } from './judge-correction.ts';
import { createRandom, randomBelow, randomShare } from './random.ts';

/** A judge that people passed and failed a hundred answers for: TPR .92, TNR .85. */
const judge: JudgeTable = { both_pass: 92, human_only: 8, both_fail: 85, judge_only: 15 };
const asked = { level: 0.9, seed: 1 };

function corrected(result: Corrected): Extract<Corrected, { status: 'corrected' }> {
  if (result.status === 'refused') throw new Error(result.reason);
  return result;
}

describe('A corrected rate', () => {
  test('of .80 by a judge of TPR .92 and TNR .85 is .8442 (Rogan & Gladen 1978)', () => {
    const { value, low, high } = corrected(correctedRate(judge, { successes: 80, trials: 100 }, asked));
    expect(value).toBeCloseTo(0.8442, 4);
    // The delta method gives the standard error √(.8·.2 + .8442²·.92·.08 + .1558²·.85·.15)/(10·.77) = .0602.
    expect((high - low) / (2 * 1.645)).toBeCloseTo(0.06, 2);
  });

  test('is the rate itself, if the judge is as good as can be', () => {
    const perfect = { both_pass: 1e5, human_only: 0, both_fail: 1e5, judge_only: 0 };
    const { value, low, high } = corrected(correctedRate(perfect, { successes: 700, trials: 1000 }, asked));
    expect(value).toBe(0.7);
    expect([low, high].map((limit) => limit.toFixed(2))).toEqual(['0.68', '0.72']);
  });

  test('has more doubt the fewer answers people have looked at, even if the judge was always right', () => {
    const width = (answers: number): number => {
      const table = { both_pass: answers, human_only: 0, both_fail: answers, judge_only: 0 };
      const { low, high } = corrected(correctedRate(table, { successes: 700, trials: 1000 }, asked));
      return high - low;
    };
    expect(width(10)).toBeGreaterThan(width(40) * 1.2);
    expect(width(40)).toBeGreaterThan(width(4000) * 1.1);
  });

  test('is cut off at 0 and 1, and lies in its interval', () => {
    const none = corrected(correctedRate(judge, { successes: 0, trials: 30 }, asked));
    expect([none.value, none.low]).toEqual([0, 0]);
    const all = corrected(correctedRate(judge, { successes: 30, trials: 30 }, asked));
    expect([all.value, all.high]).toEqual([1, 1]);
    const count = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(count, count, count, count, fc.nat(50), (pass, human, fail, only, successes) => {
        const table = { both_pass: pass, human_only: human, both_fail: fail, judge_only: only };
        const result = correctedRate(table, { successes, trials: 50 }, asked);
        if (result.status === 'refused') return;
        expect(result.low).toBeLessThanOrEqual(result.value);
        expect(result.high).toBeGreaterThanOrEqual(result.value);
        expect(result.low >= 0 && result.high <= 1).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('covers the truth about as often as it says', () => {
    const random = createRandom(12);
    const count = (trials: number, rate: number): number =>
      Array.from({ length: trials }, () => (randomShare(random) < rate ? 1 : 0)).reduce<number>(
        (sum, one) => sum + one,
        0,
      );
    let covered = 0;
    for (let run = 0; run < 100; run += 1) {
      const both_pass = count(60, 0.9);
      const both_fail = count(60, 0.8);
      const table = { both_pass, human_only: 60 - both_pass, both_fail, judge_only: 60 - both_fail };
      const successes = count(200, 0.7 * 0.9 + 0.3 * 0.2);
      const { low, high } = corrected(
        correctedRate(table, { successes, trials: 200 }, { level: 0.9, seed: randomBelow(random, 1000) }),
      );
      if (low <= 0.7 && high >= 0.7) covered += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(83);
  });
});

describe('A corrected difference', () => {
  test('is divided by what comes through the judge', () => {
    const { value, low, high } = corrected(correctedDifference(judge, { difference: 0.05, se: 0.02 }, asked));
    expect(value).toBeCloseTo(0.05 / 0.77, 12);
    expect(low).toBeGreaterThan(0);
    expect((high - low) / (2 * 1.645)).toBeCloseTo(0.02 / 0.77, 2);
  });

  test('turns around with its sign, and stays between −1 and 1', () => {
    const one = corrected(correctedDifference(judge, { difference: 0.9, se: 0.05 }, asked));
    expect([one.value, one.high]).toEqual([1, 1]);
    const other = corrected(correctedDifference(judge, { difference: -0.9, se: 0.05 }, asked));
    expect([other.value, other.low]).toEqual([-1, -1]);
  });

  test('wants a difference and its error', () => {
    expect(() => correctedDifference(judge, { difference: 2, se: 0.1 }, asked)).toThrow('difference: ');
    expect(() => correctedDifference(judge, { difference: 0, se: -1 }, asked)).toThrow('se: ');
  });
});

describe('A judge', () => {
  test.each([
    [{ both_pass: 0, human_only: 0, both_fail: 9, judge_only: 1 }, 'on no answer that they passed'],
    [{ both_pass: 9, human_only: 1, both_fail: 0, judge_only: 0 }, 'on no answer that they failed'],
    [
      { both_pass: 60, human_only: 40, both_fail: 60, judge_only: 40 },
      'add up to 1.200; more than 1.2 are needed',
    ],
    [
      { both_pass: 10, human_only: 40, both_fail: 20, judge_only: 30 },
      'add up to 0.600; more than 1.2 are needed',
    ],
  ])('of %j is refused', (table, reason) => {
    for (const result of [
      correctedRate(table, { successes: 8, trials: 10 }, asked),
      correctedDifference(table, { difference: 0.1, se: 0.1 }, asked),
    ]) {
      expect(result).toMatchObject({ status: 'refused' });
      expect(result.status === 'refused' && result.reason).toContain(reason);
    }
  });

  test('that may be no better than a coin leaves everything open', () => {
    const few = { both_pass: 2, human_only: 1, both_fail: 2, judge_only: 1 };
    expect(correctedRate(few, { successes: 50, trials: 100 }, asked)).toMatchObject({ low: 0, high: 1 });
    expect(correctedDifference(few, { difference: 0.1, se: 0.01 }, asked)).toMatchObject({
      low: -1,
      high: 1,
    });
  });
});

test('Corrections are the same for the same seed only', () => {
  const observed = { successes: 80, trials: 100 };
  const once = correctedRate(judge, observed, asked);
  expect(correctedRate(judge, observed, asked)).toEqual(once);
  const seeds = [2, 3, 4, 5].map((seed) =>
    correctedDifference(judge, { difference: 0.1, se: 0.05 }, { level: 0.9, seed }),
  );
  expect(new Set(seeds.map((result) => corrected(result).low)).size).toBeGreaterThan(1);
});

test('Corrections want something observed', () => {
  expect(() => correctedRate(judge, { successes: 0, trials: 0 }, asked)).toThrow('trials: ');
  expect(() => correctedRate(judge, { successes: 2, trials: 1 }, asked)).toThrow('successes: ');
  expect(() => correctedRate(judge, { successes: 2, trials: 3 }, { level: 5, seed: 1 })).toThrow('level: ');
  expect(() => correctedRate(judge, { successes: 2, trials: 3 }, { level: 0.9, seed: 0.5 })).toThrow(
    'seed: ',
  );
});
