import { describe, expect, test } from 'vitest';
import type { Tier } from '../../core/evaluation.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { GateReasonCode, GateRow } from '../gate-report.ts';
import { type Comparability, gateReason } from './comparability.ts';
import type { MustPass } from './must-pass.ts';
import { gateOf } from './runs.testsuite.ts';
import { decide } from './verdict.ts';

const comparable: Comparability = {
  refusals: [],
  errors: [],
  unsettled: [],
  remarks: [],
  metrics: [{ name: 'exact', judge: null }],
};
const noneTagged: MustPass = { cases: 0, fails: [], errors: [], passes: [], warnings: [] };
const side = { mean: 0.9, unweighted_mean: null, interval: null, passed: 9, reliability: null };

const codes: { readonly [V in GateRow['verdict']]: GateReasonCode } = {
  pass: 'within_margin',
  fail: 'damage_above_margin',
  inconclusive: 'margin_unsettled',
  error: 'too_few_scored',
  not_asked: 'not_asked',
};

function row(verdict: GateRow['verdict'], tier: Tier, changes: Partial<GateRow> = {}): GateRow {
  const scope = changes.scope ?? 'group';
  return {
    metric: 'exact',
    scope,
    group: 'billing',
    tier,
    margin: 0.05,
    verdict,
    reason: { code: codes[verdict], metric: 'exact', scope, group: 'billing', text: `${tier} ${verdict}` },
    cases: 100,
    scored: 100,
    unscored: { baseline: 0, candidate: 0 },
    units: 100,
    epochs: 1,
    baseline: side,
    candidate: side,
    lost: { total: 3, shown: ['a', 'b', 'c'] },
    maybe_lost: { total: 0, shown: [] },
    gained: { total: 0, shown: [] },
    damage: null,
    tests: { harm: null, mcnemar: null, sign_flip: null },
    sees: null,
    settle: null,
    ...changes,
  };
}

const all = (verdict: GateRow['verdict'], changes: Partial<GateRow> = {}) =>
  row(verdict, 'critical', { scope: 'all_cases', group: null, ...changes });

type Given = {
  rows?: readonly GateRow[];
  policy?: Partial<GatePolicy>;
  comparability?: Partial<Comparability>;
  must_pass?: Partial<MustPass>;
};

function deciding({ rows = [all('pass')], policy = {}, comparability = {}, must_pass = {} }: Given) {
  const { verdict, reasons, warnings } = decide({
    policy: gateOf(policy),
    comparability: { ...comparable, ...comparability },
    must_pass: { ...noneTagged, ...must_pass },
    rows,
  });
  return { verdict, reasons: reasons.map(({ code }) => code), warnings: warnings.map(({ code }) => code) };
}

const refusal = gateReason('served_model_differs', 'other model');
const few = gateReason('insufficient_data', 'few in common');
const broken = gateReason('scorer_differs', 'other scorer');
const lost = gateReason('must_pass_lost', 'lost');

describe('A gate', () => {
  test.each([
    ['passes when its rows do', { rows: [all('pass'), row('pass', 'supporting')] }, 'pass'],
    ['fails with a supporting row', { rows: [all('pass'), row('fail', 'supporting')] }, 'fail'],
    ['is broken with a supporting row', { rows: [all('pass'), row('error', 'supporting')] }, 'error'],
    [
      'cannot tell with a critical row',
      { rows: [all('inconclusive'), row('pass', 'supporting')] },
      'inconclusive',
    ],
    [
      'passes with a supporting row that cannot tell',
      { rows: [all('pass'), row('inconclusive', 'supporting')] },
      'pass',
    ],
    [
      'does not pass on rows none of which can tell',
      { rows: [row('inconclusive', 'supporting')] },
      'inconclusive',
    ],
    [
      'passes with advisory rows of any kind',
      { rows: [all('pass'), row('fail', 'advisory'), row('error', 'advisory')] },
      'pass',
    ],
    ['fails rather than being broken', { rows: [all('error'), row('fail', 'supporting')] }, 'fail'],
    [
      'is broken rather than inconclusive',
      { rows: [all('inconclusive'), row('error', 'supporting')] },
      'error',
    ],
    ['is broken by a metric that cannot be compared', { comparability: { errors: [broken] } }, 'error'],
    [
      'is broken by models that differ, whatever failed',
      { comparability: { refusals: [refusal] }, rows: [all('fail')] },
      'error',
    ],
    [
      'cannot tell with too few cases in common, whatever passes',
      { comparability: { unsettled: [few] } },
      'inconclusive',
    ],
    [
      'fails all the same with too few cases in common',
      { comparability: { unsettled: [few] }, rows: [all('fail')] },
      'fail',
    ],
    ['fails with a case that must pass', { must_pass: { cases: 1, fails: [lost] } }, 'fail'],
    [
      'is broken by a case that must pass and has no score',
      { must_pass: { cases: 1, errors: [broken] } },
      'error',
    ],
  ] satisfies [string, Given, string][])('%s', (_what, given, verdict) => {
    expect(deciding(given).verdict).toBe(verdict);
  });

  test('gives what decided, the gravest first, and the rest as warnings', () => {
    const rows = [
      all('inconclusive'),
      row('fail', 'supporting'),
      row('inconclusive', 'supporting'),
      row('fail', 'advisory'),
    ];
    const remarks = [gateReason('epochs_differ', 'epochs')];
    const given = {
      rows,
      comparability: { errors: [broken], remarks },
      must_pass: { cases: 1, fails: [lost] },
    };
    expect(deciding(given)).toEqual({
      verdict: 'fail',
      reasons: ['must_pass_lost', 'damage_above_margin', 'scorer_differs'],
      warnings: ['margin_unsettled', 'margin_unsettled', 'damage_above_margin', 'epochs_differ'],
    });
    expect(deciding({ ...given, comparability: { refusals: [refusal], errors: [broken] } }).reasons).toEqual([
      'served_model_differs',
      'scorer_differs',
      'must_pass_lost',
      'damage_above_margin',
    ]);
  });

  test('always has a reason to pass', () => {
    const must_pass = { cases: 2, passes: [gateReason('must_pass_kept', 'kept')] };
    expect(deciding({ rows: [all('not_asked')], must_pass })).toEqual({
      verdict: 'pass',
      reasons: ['must_pass_kept'],
      warnings: [],
    });
  });
});

describe('A gate that asks nothing', () => {
  test.each([
    ['has no row that is judged', { rows: [all('not_asked')] }],
    ['has only advisory rows', { rows: [row('pass', 'advisory')] }],
    ['has no metric', { rows: [], policy: { metrics: [] }, comparability: { metrics: [] } }],
  ] satisfies [string, Given][])('is an error when it %s', (_what, given) => {
    expect(deciding(given)).toMatchObject({ verdict: 'error', reasons: ['gate_asks_nothing'] });
  });

  test('is not blamed when its only metric could not be compared', () => {
    expect(deciding({ rows: [], comparability: { metrics: [], errors: [broken] } }).reasons).toEqual([
      'scorer_differs',
    ]);
  });
});

describe('The most cases that may be lost in all', () => {
  const rows = [all('not_asked'), row('not_asked', 'advisory')];

  test('fails the gate whatever the tiers', () => {
    const advisory = [all('not_asked', { tier: 'advisory' })];
    for (const some of [rows, advisory]) {
      expect(deciding({ rows: some, policy: { max_lost_total: 2 } })).toMatchObject({
        verdict: 'fail',
        reasons: ['lost_too_many_in_all'],
      });
    }
  });

  test('passes when no more were lost', () => {
    expect(deciding({ rows, policy: { max_lost_total: 3 } })).toEqual({
      verdict: 'pass',
      reasons: ['few_enough_lost'],
      warnings: [],
    });
  });

  test('is broken when scores are missing', () => {
    expect(
      deciding({ rows: [all('not_asked', { scored: 90 })], policy: { max_lost_total: 3 } }).verdict,
    ).toBe('error');
  });

  test('is broken when cases without a score could make them too many', () => {
    const some = [all('not_asked', { maybe_lost: { total: 1, shown: ['d'] } })];
    expect(deciding({ rows: some, policy: { max_lost_total: 3 } })).toMatchObject({
      verdict: 'error',
      reasons: ['unscored_may_be_lost'],
    });
    expect(deciding({ rows: some, policy: { max_lost_total: 4 } }).verdict).toBe('pass');
  });

  test('is not said again where the row of all cases says it', () => {
    const text = 'The whole dataset lost 3 of 100 cases (a, b, c); at most 3 may be lost';
    const reason = {
      code: 'few_enough_lost',
      metric: 'exact',
      scope: 'all_cases',
      group: null,
      text,
    } as const;
    for (const tier of ['critical', 'advisory'] as const) {
      const given = { rows: [all('pass', { tier, reason })], policy: { max_lost_total: 3 } };
      expect(deciding(given)).toEqual({ verdict: 'pass', reasons: ['few_enough_lost'], warnings: [] });
    }
  });

  test('is not looked at without rows', () => {
    expect(
      deciding({ rows: [], policy: { max_lost_total: 3 }, comparability: { errors: [broken], metrics: [] } })
        .reasons,
    ).toEqual(['scorer_differs']);
  });
});

test('A group that fails behind a passing average is pointed out', () => {
  expect(deciding({ rows: [all('pass'), row('fail', 'supporting')] }).warnings).toEqual([
    'hidden_by_average',
  ]);
  expect(deciding({ rows: [all('fail'), row('fail', 'supporting')] }).warnings).toEqual([]);
});
