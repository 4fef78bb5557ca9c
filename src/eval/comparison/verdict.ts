import type { Verdict } from '../../core/evaluation.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { GateReason, GateRow } from '../gate-report.ts';
import type { Comparability } from './comparability.ts';
import { gateReason } from './comparability.ts';
import { judgeLost, type RowJudgement } from './judge-row.ts';
import type { MustPass } from './must-pass.ts';
import { subjectOf } from './phrases.ts';

/** Everything that a verdict is made of. */
export type Evidence = {
  readonly policy: GatePolicy;
  readonly comparability: Comparability;
  readonly must_pass: MustPass;
  readonly rows: readonly GateRow[];
};

/** A verdict, what decided it, and what else there is to say. */
export type Decision = {
  readonly verdict: Verdict;
  readonly reasons: readonly GateReason[];
  readonly warnings: readonly GateReason[];
};

/**
 * Decides for the whole gate. A comparison that cannot be trusted is an error whatever it shows. Then a failure
 * counts before an error elsewhere, because nothing that is still missing would undo it; an error before
 * `inconclusive`. A supporting row that cannot tell is a warning, as long as anything else passes; a critical one makes
 * the gate inconclusive, and an advisory one never matters.
 */
export function decide(evidence: Evidence): Decision {
  const { comparability, must_pass, rows } = evidence;
  const blocking = rows.filter((row) => row.tier !== 'advisory');
  const total = judgeTotal(evidence);
  const fails = [...must_pass.fails, ...reasonsOf(total, 'fail'), ...reasonsOf(blocking, 'fail')];
  const errors = [
    ...comparability.errors,
    ...must_pass.errors,
    ...reasonsOf(total, 'error'),
    ...reasonsOf(blocking, 'error'),
    ...nothingAsked(evidence, blocking),
  ];
  const passes = [...must_pass.passes, ...reasonsOf(total, 'pass'), ...reasonsOf(blocking, 'pass')];
  const critical = reasonsOf(
    blocking.filter((row) => row.tier === 'critical'),
    'inconclusive',
  );
  // Where nothing passes, there is nothing to let the candidate through for.
  const open = critical.length > 0 || passes.length > 0 ? critical : reasonsOf(blocking, 'inconclusive');
  const unsettled = [...comparability.unsettled, ...open];
  const verdict = verdictOf({ refusals: comparability.refusals, fails, errors, unsettled });
  const decided = {
    error: [...comparability.refusals, ...errors, ...fails],
    fail: [...fails, ...errors],
    inconclusive: unsettled,
    pass: passes,
  }[verdict];
  const said = new Set(decided);
  const others = [
    ...hiddenByAverage(rows, evidence.policy),
    ...must_pass.warnings,
    ...rows.filter((row) => row.verdict !== 'pass' && row.verdict !== 'not_asked').map((row) => row.reason),
    ...comparability.unsettled,
    ...comparability.remarks,
  ];
  return { verdict, reasons: decided, warnings: others.filter((reason) => !said.has(reason)) };
}

type Findings = { readonly [Kind in 'refusals' | 'fails' | 'errors' | 'unsettled']: readonly GateReason[] };

function verdictOf({ refusals, fails, errors, unsettled }: Findings): Verdict {
  if (refusals.length > 0) return 'error';
  if (fails.length > 0) return 'fail';
  if (errors.length > 0) return 'error';
  return unsettled.length > 0 ? 'inconclusive' : 'pass';
}

function reasonsOf(rows: readonly RowJudgement[], verdict: Verdict): GateReason[] {
  return rows.filter((row) => row.verdict === verdict).map((row) => row.reason);
}

/** `max_lost_total` stands above tiers: who states it wants it kept. */
function judgeTotal({ policy, rows }: Evidence): RowJudgement[] {
  const most = policy.max_lost_total;
  const all = rows.find((row) => row.scope === 'all_cases' && row.metric === policy.metrics[0]);
  if (most === null || all === undefined) return [];
  const { verdict, code, text } = judgeLost(all, { most, policy });
  const said = `${subjectOf(all, policy.metrics)} ${text}`;
  // Without groups, the row of all cases may have said the same already.
  if (all.tier !== 'advisory' && all.reason.text === said) return [];
  const reason = gateReason(code === 'lost_too_many' ? 'lost_too_many_in_all' : code, said, all.metric);
  return [{ verdict, reason }];
}

/** A gate that could not fail must not pass either. */
function nothingAsked(
  { policy, must_pass, comparability }: Evidence,
  blocking: readonly GateRow[],
): GateReason[] {
  const asked = blocking.some((row) => row.verdict !== 'not_asked');
  if (asked || policy.max_lost_total !== null || must_pass.cases > 0) return [];
  if (comparability.metrics.length === 0 && policy.metrics.length > 0) return [];
  return [
    gateReason('gate_asks_nothing', 'The gate asks nothing: no row that could fail is judged by anything'),
  ];
}

/** Groups that fail although all cases together pass. */
function hiddenByAverage(rows: readonly GateRow[], policy: GatePolicy): GateReason[] {
  return policy.metrics.flatMap((metric) => {
    const [all, ...groups] = rows.filter((row) => row.metric === metric);
    if (all?.verdict !== 'pass') return [];
    return groups
      .filter((row) => row.verdict === 'fail')
      .map((row) => ({
        code: 'hidden_by_average',
        metric,
        scope: row.scope,
        group: row.group,
        text: `${subjectOf(row, policy.metrics)} fails although the whole dataset passes: the average hides it`,
      }));
  });
}
