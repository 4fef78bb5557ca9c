import { describe, expect, test } from 'vitest';
import { compareSequentially } from './confidence-sequence.ts';
import { addScore, type Moments, noScores } from './moments.ts';
import { createRandom, type Random, randomShare } from './random.ts';

/*
 * The goal: the confidence sequence holds the true difference at all looks at once in 95 % of rollouts, for scores that
 * are anything but normal, and also while weights and scores change. The method: sessions are drawn, with a look after
 * every tenth of them from the earliest on. Bounds are three standard errors of the count.
 */

type Arm = 'baseline' | 'candidate';
type Step = {
  readonly sessions: number;
  readonly weight: number;
  readonly score: (arm: Arm, random: Random) => number;
};
type Sums = { baseline: Moments; candidate: Moments };

/** Whether the truth was ever outside, with the steps kept apart and with all scores thrown together. */
function everOutside(
  { steps, truth, min_scores }: { steps: readonly Step[]; truth: number; min_scores: number },
  random: Random,
) {
  const done: Sums[] = [];
  const pooled: Sums = { baseline: noScores, candidate: noScores };
  const ever = { two_sided: false, higher: false, lower: false, pooled: false };
  for (const { sessions, weight, score } of steps) {
    const sums: Sums = { baseline: noScores, candidate: noScores };
    done.push(sums);
    for (let n = 1; n <= sessions; n += 1) {
      const arm: Arm = randomShare(random) < weight ? 'candidate' : 'baseline';
      const one = score(arm, random);
      sums[arm] = addScore(sums[arm], one);
      pooled[arm] = addScore(pooled[arm], one);
      if (n % 10 !== 0) continue;
      const apart = compareSequentially(done, { min_scores });
      if (apart.enough) {
        ever.two_sided ||= apart.two_sided.low > truth || apart.two_sided.high < truth;
        ever.higher ||= apart.higher.low > truth;
        ever.lower ||= apart.lower.high < truth;
      }
      const together = compareSequentially([pooled], { min_scores });
      if (together.enough) ever.pooled ||= together.two_sided.low > truth || together.two_sided.high < truth;
    }
  }
  return ever;
}

const times = 300;
const most = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / times);

function sharesOutside(rollout: Parameters<typeof everOutside>[0]) {
  const random = createRandom(41);
  const counts = { two_sided: 0, higher: 0, lower: 0, pooled: 0 };
  for (let round = 0; round < times; round += 1) {
    const ever = everOutside(rollout, random);
    for (const key of ['two_sided', 'higher', 'lower', 'pooled'] as const)
      if (ever[key]) counts[key] += 1 / times;
  }
  return counts;
}

const rightOrWrong =
  (baseline: number, candidate: number) =>
  (arm: Arm, random: Random): number =>
    randomShare(random) < (arm === 'baseline' ? baseline : candidate) ? 1 : 0;
/** Costs: most are small, a few are not. */
const costs = (_arm: Arm, random: Random): number => -Math.log1p(-randomShare(random));

const all = ['two_sided', 'higher', 'lower'] as const;

describe('The confidence sequence, looked at every ten sessions,', () => {
  test.each([
    ['of rates with even weights', 0.5, 50, rightOrWrong(0.8, 0.7), -0.1],
    ['of costs with a canary of a quarter', 0.25, 50, costs, 0],
    ['of high rates with a small canary, from 100 on', 0.1, 100, rightOrWrong(0.9, 0.9), 0],
  ])('%s, holds the truth at all times in 95 rollouts of 100', (_what, weight, min_scores, score, truth) => {
    const outside = sharesOutside({ steps: [{ sessions: 3000, weight, score }], truth, min_scores });
    for (const side of all) expect(outside[side]).toBeLessThanOrEqual(most);
  });

  test('raises fewer false alarms on the side of the tail: of lower rates, and of higher costs', () => {
    const rollout = (score: Step['score']) => ({ steps: [{ sessions: 3000, weight: 0.1, score }], truth: 0 });
    expect(sharesOutside({ ...rollout(rightOrWrong(0.9, 0.9)), min_scores: 50 }).lower).toBeLessThan(0.05);
    expect(sharesOutside({ ...rollout(costs), min_scores: 50 }).higher).toBeLessThan(0.05);
  });

  test('holds it also while weights rise and all scores fall, which throwing scores together does not', () => {
    const steps = [0.1, 0.25, 0.5, 0.75].map((weight, i) => {
      const rate = 0.9 - i * 0.15;
      return { sessions: 1000, weight, score: rightOrWrong(rate, rate) };
    });
    const outside = sharesOutside({ steps, truth: 0, min_scores: 50 });
    for (const side of all) expect(outside[side]).toBeLessThanOrEqual(most);
    expect(outside.pooled).toBeGreaterThan(0.9);
  });
});
