import { describe, expect, test } from 'vitest';
import type { GatePolicy } from '../gate-policy.ts';
import type { HarmTest } from '../gate-report.ts';
import { judgeRow, standingOf } from './judge-row.ts';
import type { Measured } from './row.ts';
import { gateOf } from './runs.testsuite.ts';

const side = { mean: 0.9, unweighted_mean: null, interval: null, passed: 90, reliability: null };
const nobody = { total: 0, shown: [] };

/** A supporting group of 100 cases that fell by 1 point, from −1 to 3, with 5 tolerated. */
const row: Measured = {
  metric: 'exact',
  scope: 'group',
  group: 'billing',
  tier: 'supporting',
  margin: 0.05,
  cases: 100,
  scored: 100,
  unscored: { baseline: 0, candidate: 0 },
  units: 100,
  epochs: 1,
  baseline: side,
  candidate: side,
  lost: nobody,
  maybe_lost: nobody,
  gained: nobody,
  damage: damage(0.01, -0.01, 0.03),
  tests: { mcnemar: null, sign_flip: null },
  harm: { above: 0.05, p: 0.5 },
  noise: 0.1,
  noisy_within: false,
  sees: 0.08,
};

function damage(mean: number, low: number, high: number): NonNullable<Measured['damage']> {
  const interval = { low, high, confidence: 0.9, method: 'tango' } as const;
  return { mean, unweighted_mean: null, differing: 10, interval, widened: false, judge_factor: null };
}

function harm(p_adjusted: number): HarmTest {
  return { above: 0, p: p_adjusted / 2, p_adjusted, adjustment: 'holm', family: 2 };
}

type Given = Partial<Measured> & { policy?: Partial<GatePolicy>; p?: number; counts_lost?: boolean };

function judge({ policy = {}, p = 0.5, counts_lost = false, ...changes }: Given) {
  return judgeRow({ ...row, ...changes }, { policy: gateOf(policy), harm: harm(p), counts_lost });
}

describe('By its interval, a row', () => {
  test.each([
    ['passes within its margin', {}, 'pass', 'within_margin'],
    [
      'passes with a loss that shows and is tolerated',
      { damage: damage(0.02, 0.01, 0.03) },
      'pass',
      'detectable_within_margin',
    ],
    ['passes when it improved', { damage: damage(-0.02, -0.03, -0.01) }, 'pass', 'improved'],
    ['passes at the margin itself', { damage: damage(0.01, -0.03, 0.05) }, 'pass', 'within_margin'],
    ['fails above its margin', { damage: damage(0.1, 0.06, 0.14), p: 0.01 }, 'fail', 'damage_above_margin'],
    [
      'does not fail above its margin before others are accounted for',
      { damage: damage(0.1, 0.06, 0.14), p: 0.06 },
      'inconclusive',
      'damage_size_unsettled',
    ],
    [
      'cannot tell how large a loss is',
      { damage: damage(0.04, 0.01, 0.07) },
      'inconclusive',
      'damage_size_unsettled',
    ],
    [
      'fails for such a loss when it is critical',
      { tier: 'critical', damage: damage(0.04, 0.01, 0.07), p: 0.01 },
      'fail',
      'damage_size_unsettled',
    ],
    [
      'passes for such a loss within the margin, critical or not',
      { tier: 'critical', damage: damage(0.02, 0.01, 0.03), p: 0.01 },
      'pass',
      'detectable_within_margin',
    ],
    [
      'cannot rule out a larger loss',
      { damage: damage(0.01, -0.04, 0.06) },
      'inconclusive',
      'margin_unsettled',
    ],
    ['is not asked without a margin', { margin: null, tier: 'advisory' }, 'not_asked', 'not_asked'],
    ['is not judged on few cases', { cases: 19, scored: 19 }, 'inconclusive', 'insufficient_data'],
    [
      'is not judged on one cluster',
      { damage: { ...damage(0, 0, 0), interval: null }, units: 1 },
      'inconclusive',
      'insufficient_data',
    ],
    ['is broken when too many cases have no score', { scored: 94 }, 'error', 'too_few_scored'],
  ] satisfies [string, Given, string, string][])('%s', (_what, given, verdict, code) => {
    expect(judge(given)).toMatchObject({
      verdict,
      reason: { code, metric: 'exact', scope: 'group', group: 'billing' },
    });
  });

  test('says why with the numbers', () => {
    const texts = [
      judge({ damage: damage(0.1, 0.06, 0.14), p: 0.01 }),
      judge({ damage: damage(0.01, -0.04, 0.06) }),
      judge({ cases: 19, scored: 19 }),
      judge({ scored: 94 }),
      judge({ scope: 'all_cases', group: null, margin: null, tier: 'advisory' }),
    ].map(({ reason }) => reason.text);
    expect(texts).toEqual([
      'billing fell by 10 points (90 % interval 6 to 14); only a loss of 5 is tolerated',
      'billing fell by 1 point (90 % interval -4 to 6): a loss of 6 points cannot be ruled out, and a loss of 5 is tolerated',
      'billing has 19 scored cases, and an interval is judged from 20 on',
      'billing has scores on both sides for 94 of 100 cases, and needs them for 95 %; the others broke or could not be scored',
      'The whole dataset is shown for information: no margin is set for advisory rows',
    ]);
  });

  test('is judged on more cases when it is all of them', () => {
    expect(judge({ scope: 'all_cases', group: null, cases: 49, scored: 49 }).reason.code).toBe(
      'insufficient_data',
    );
    expect(judge({ scope: 'all_cases', group: null, cases: 50, scored: 50 }).verdict).toBe('pass');
  });

  test('fails nothing without a test of its own', () => {
    const judged = judgeRow(
      { ...row, damage: damage(0.1, 0.06, 0.14) },
      { policy: gateOf(), harm: null, counts_lost: false },
    );
    expect(judged.verdict).toBe('inconclusive');
  });

  test('has no interval without cases', () => {
    expect(standingOf({ ...row, damage: null }, gateOf()).status).toBe('single_unit');
  });
});

describe('By its lost cases, a row', () => {
  const policy = { max_lost_cases: 1 };
  const two = { total: 2, shown: ['t-02', 't-04'] };
  const counting = { policy, counts_lost: true, cases: 5, scored: 5 };

  test('fails when it lost more than it may', () => {
    expect(judge({ ...counting, margin: null, lost: two })).toMatchObject({
      verdict: 'fail',
      reason: {
        code: 'lost_too_many',
        text: 'billing lost 2 of 5 cases (t-02, t-04); at most 1 may be lost',
      },
    });
  });

  test('passes when it lost no more, and says how many', () => {
    const lost = { total: 1, shown: ['t-02'] };
    expect(judge({ ...counting, margin: null, lost })).toMatchObject({
      verdict: 'pass',
      reason: { code: 'few_enough_lost', text: 'billing lost 1 of 5 cases (t-02); at most 1 may be lost' },
    });
    const none = judge({ ...counting, policy: { max_lost_cases: 0 }, margin: null });
    expect(none.reason.text).toBe('billing lost none of 5 cases; none may be lost');
  });

  test('is broken when what has no score any more could make it too many', () => {
    const maybe_lost = { total: 1, shown: ['t-05'] };
    const given = { ...counting, margin: null, cases: 100, scored: 99, maybe_lost };
    expect(judge({ ...given, lost: { total: 1, shown: ['t-02'] } })).toMatchObject({
      verdict: 'error',
      reason: {
        code: 'unscored_may_be_lost',
        text: 'billing lost 1 of 99 cases (t-02); at most 1 may be lost; 1 other was right and may be lost, with no score under the candidate (t-05)',
      },
    });
    expect(judge(given).verdict).toBe('pass');
    expect(judge({ ...given, lost: two }).reason.code).toBe('lost_too_many');
  });

  test('is broken when scores are missing', () => {
    expect(judge({ ...counting, margin: null, scored: 4 }).reason.code).toBe('too_few_scored');
  });

  test('is as grave as the graver of count and interval', () => {
    expect(judge({ ...counting, cases: 100, scored: 100, lost: two }).reason.code).toBe('lost_too_many');
    expect(judge(counting).reason.code).toBe('insufficient_data');
    expect(judge({ ...counting, cases: 100, scored: 100 }).reason.code).toBe('within_margin');
  });

  test('is not counted where the rule is not about it', () => {
    expect(judge({ ...counting, counts_lost: false, margin: null, lost: two }).verdict).toBe('not_asked');
  });
});
