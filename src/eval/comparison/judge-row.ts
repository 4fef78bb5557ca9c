import type { Verdict } from '../../core/evaluation.ts';
import { counted, percent, points } from '../../core/quantities.ts';
import { oneSidedAlpha } from '../../stats/interval.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { Damage, GateReason, GateReasonCode, HarmTest, Interval } from '../gate-report.ts';
import { changeOf, named, subjectOf } from './phrases.ts';
import type { Measured } from './row.ts';

/** What a row comes to, and why. */
export type RowJudgement = { readonly verdict: Verdict | 'not_asked'; readonly reason: GateReason };

/** What a row is judged by. */
export type RowRules = {
  readonly policy: GatePolicy;
  /** The test that can make the row fail, adjusted for the number of rows; null fails nothing. */
  readonly harm: HarmTest | null;
  /** Whether `max_lost_cases` is about this row. */
  readonly counts_lost: boolean;
};

/** Whether the interval of a row is judged, or why it is not. */
export type Standing =
  | { readonly status: 'not_asked' | 'too_few_scored' | 'too_few_cases' | 'single_unit' }
  | {
      readonly status: 'judged';
      readonly damage: Damage;
      readonly interval: Interval;
      readonly margin: number;
    };

/** Looks at what a row has and at what the policy wants it to have. */
export function standingOf(row: Measured, policy: GatePolicy): Standing {
  const { margin, damage } = row;
  if (margin === null) return { status: 'not_asked' };
  if (lacksScores(row, policy)) return { status: 'too_few_scored' };
  if (row.scored < leastCases(row, policy)) return { status: 'too_few_cases' };
  if (damage === null || damage.interval === null) return { status: 'single_unit' };
  return { status: 'judged', damage, interval: damage.interval, margin };
}

/** The fewest cases that the row's interval is judged on. */
export function leastCases({ scope }: Pick<Measured, 'scope'>, { min_cases }: GatePolicy): number {
  return scope === 'group' ? min_cases.group : min_cases.overall;
}

/** The gravest first. */
const gravity = ['fail', 'error', 'inconclusive', 'pass', 'not_asked'] as const;

/**
 * Judges one row by its interval and by the cases that it lost, each where the policy asks for it. The graver
 * answer counts; where both are as grave, the interval's reason is given.
 */
export function judgeRow(row: Measured, rules: RowRules): RowJudgement {
  const byInterval = judgeInterval(row, rules);
  const byCount = judgeCount(row, rules);
  if (byCount === null) return byInterval;
  return gravity.indexOf(byCount.verdict) < gravity.indexOf(byInterval.verdict) ? byCount : byInterval;
}

function judgeInterval(row: Measured, { policy, harm }: RowRules): RowJudgement {
  const say = speakerFor(row, policy);
  const standing = standingOf(row, policy);
  switch (standing.status) {
    case 'not_asked':
      return say('not_asked', 'not_asked', `is shown for information: no margin is set for ${row.tier} rows`);
    case 'too_few_scored':
      return say('error', 'too_few_scored', tooFewScored(row, policy));
    case 'too_few_cases': {
      const least = leastCases(row, policy);
      const text = `has ${counted(row.scored, 'scored case')}, and an interval is judged from ${least} on`;
      return say('inconclusive', 'insufficient_data', text);
    }
    case 'single_unit': {
      const text = `has ${counted(row.scored, 'scored case')} of one cluster, which say nothing about others`;
      return say('inconclusive', 'insufficient_data', text);
    }
    case 'judged': {
      const harmful = harm !== null && harm.p_adjusted < oneSidedAlpha(policy.confidence);
      const { verdict, code, text } = judgeLimits(standing, { harmful, critical: row.tier === 'critical' });
      return say(verdict, code, text);
    }
    default:
      return standing satisfies never;
  }
}

type Limits = Extract<Standing, { status: 'judged' }>;
type Answer<Code = GateReasonCode> = {
  readonly verdict: Verdict;
  readonly code: Code;
  readonly text: string;
};

function judgeLimits(
  { damage, interval, margin }: Limits,
  harm: { harmful: boolean; critical: boolean },
): Answer {
  const { low, high } = interval;
  const change = changeOf(damage.mean, interval);
  const tolerated = `a loss of ${points(margin)} is tolerated`;
  if (high <= margin) return { verdict: 'pass', code: withinCode(interval), text: `${change}; ${tolerated}` };
  if (harm.harmful && low > margin) {
    return { verdict: 'fail', code: 'damage_above_margin', text: `${change}; only ${tolerated}` };
  }
  if (low > 0) {
    // Only the test of a critical row is one of any harm at all; elsewhere `harmful` implies a low above the margin.
    const verdict = harm.harmful ? 'fail' : 'inconclusive';
    const text = `${change}: worse, but it is open by how much; ${tolerated}`;
    return { verdict, code: 'damage_size_unsettled', text };
  }
  const text = `${change}: a loss of ${points(high)} points cannot be ruled out, and ${tolerated}`;
  return { verdict: 'inconclusive', code: 'margin_unsettled', text };
}

function withinCode({ low, high }: Interval): GateReasonCode {
  if (low > 0) return 'detectable_within_margin';
  return high < 0 ? 'improved' : 'within_margin';
}

function judgeCount(row: Measured, { policy, counts_lost }: RowRules): RowJudgement | null {
  const most = policy.max_lost_cases;
  if (most === null || !counts_lost) return null;
  const say = speakerFor(row, policy);
  const { verdict, code, text } = judgeLost(row, { most, policy });
  return say(verdict, code, text);
}

/**
 * Judges the lost cases by how many may be lost. A case that was right and has no score any more may be lost as well:
 * where that could make them too many, there is no telling.
 */
export function judgeLost(
  row: Pick<Measured, 'lost' | 'maybe_lost' | 'scored' | 'cases'>,
  { most, policy }: { readonly most: number; readonly policy: GatePolicy },
): Answer<'lost_too_many' | 'unscored_may_be_lost' | 'too_few_scored' | 'few_enough_lost'> {
  const { lost, maybe_lost } = row;
  const text = lostText(row, most);
  if (lost.total > most) return { verdict: 'fail', code: 'lost_too_many', text };
  if (lost.total + maybe_lost.total > most) {
    const unknown = `${counted(maybe_lost.total, 'other')} ${maybe_lost.total === 1 ? 'was' : 'were'} right`;
    const why = `${text}; ${unknown} and may be lost, with no score under the candidate${named(maybe_lost)}`;
    return { verdict: 'error', code: 'unscored_may_be_lost', text: why };
  }
  if (lacksScores(row, policy)) {
    return { verdict: 'error', code: 'too_few_scored', text: tooFewScored(row, policy) };
  }
  return { verdict: 'pass', code: 'few_enough_lost', text };
}

/** How many cases a row lost, and how many it may lose: `lost 2 of 5 cases (t-02, t-04); at most 1 may be lost`. */
function lostText({ lost, scored }: Pick<Measured, 'lost' | 'scored'>, most: number): string {
  const count = lost.total === 0 ? 'none' : String(lost.total);
  const allowed = most === 0 ? 'none may be lost' : `at most ${most} may be lost`;
  return `lost ${count} of ${counted(scored, 'case')}${named(lost)}; ${allowed}`;
}

/** Whether more cases broke or stayed unscored than the policy puts up with. */
function lacksScores(
  { scored, cases }: Pick<Measured, 'scored' | 'cases'>,
  { min_scored }: GatePolicy,
): boolean {
  return scored < min_scored * cases;
}

/** How many cases have a score, and how many should. */
function tooFewScored({ scored, cases }: Pick<Measured, 'scored' | 'cases'>, policy: GatePolicy): string {
  const has = `has scores on both sides for ${scored} of ${counted(cases, 'case')}`;
  return `${has}, and needs them for ${percent(policy.min_scored)}; the others broke or could not be scored`;
}

function speakerFor(row: Measured, policy: GatePolicy) {
  const { metric, scope, group } = row;
  const subject = subjectOf(row, policy.metrics);
  return (verdict: RowJudgement['verdict'], code: GateReasonCode, text: string): RowJudgement => ({
    verdict,
    reason: { code, metric, scope, group, text: `${subject} ${text}` },
  });
}
