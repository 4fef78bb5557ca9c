import type { Verdict } from '../../core/evaluation.ts';
import { counted } from '../../core/quantities.ts';
import { oneSidedAlpha } from '../../stats/interval.ts';
import { adjustPValues } from '../../stats/multiplicity.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { Capped, GateReason, GateReport, GateRow, HarmTest } from '../gate-report.ts';
import { judgeRow, leastCases, standingOf } from './judge-row.ts';
import { settleOf } from './outlook.ts';
import type { Measured } from './row.ts';

/** A report shows so many rows. */
const mostRows = 200;

/**
 * Judges all rows. Those that can fail the gate share its error rate by Holm's method, whatever their metric and
 * group; advisory ones are adjusted by Benjamini and Hochberg's. Rows that are not judged take no part.
 */
export function judgeRows(measured: readonly Measured[], policy: GatePolicy): GateRow[] {
  const judged = measured.filter((row) => standingOf(row, policy).status === 'judged');
  const harms = new Map([
    ...adjusted(
      judged.filter(({ tier }) => tier !== 'advisory'),
      { adjustment: 'holm', policy },
    ),
    ...adjusted(
      judged.filter(({ tier }) => tier === 'advisory'),
      { adjustment: 'benjamini_hochberg', policy },
    ),
  ]);
  const grouped = measured.some(({ scope }) => scope === 'group');
  return measured.map((row) => {
    const harm = harms.get(row) ?? null;
    const counts_lost = row.metric === policy.metrics[0] && (row.scope === 'group' || !grouped);
    const { verdict, reason } = judgeRow(row, { policy, harm, counts_lost });
    const { harm: _raw, noise: _noise, noisy_within: _within, tests, ...figures } = row;
    const settle = verdict === 'inconclusive' ? whatSettles(row, policy) : null;
    return { ...figures, verdict, reason, tests: { ...tests, harm }, settle };
  });
}

function adjusted(
  rows: readonly Measured[],
  { adjustment, policy }: { adjustment: HarmTest['adjustment']; policy: GatePolicy },
): [Measured, HarmTest][] {
  const tested = rows.flatMap((row) => (row.harm === null ? [] : [{ row, ...row.harm }]));
  const alpha = oneSidedAlpha(policy.confidence);
  const ps = adjustPValues(
    tested.map(({ p }) => p),
    { method: adjustment, alpha },
  );
  return tested.map(({ row, above, p }, i) => [
    row,
    { above, p, p_adjusted: ps[i]?.adjusted ?? 1, adjustment, family: tested.length },
  ]);
}

function whatSettles(row: Measured, policy: GatePolicy): GateRow['settle'] {
  const { damage, noise, margin } = row;
  if (damage === null || noise === null || margin === null) return null;
  return settleOf({
    ...{ margin, noise, damage: damage.mean, cases: row.scored, more_epochs: row.noisy_within },
    within: damage.interval !== null && damage.interval.high <= margin,
    ...{ least_cases: leastCases(row, policy), level: policy.confidence },
  });
}

/** The rows in their order; where there are too many, those that passed are left out first. */
export function mostTelling(rows: readonly GateRow[]): Capped<GateRow> {
  if (rows.length <= mostRows) return { total: rows.length, shown: rows };
  const grave = rows.toSorted((left, right) => gravityOf(left) - gravityOf(right)).slice(0, mostRows);
  const kept = new Set(grave);
  return { total: rows.length, shown: rows.filter((row) => kept.has(row)) };
}

const gravity: { readonly [V in Verdict | 'not_asked']: number } = {
  fail: 1,
  error: 2,
  inconclusive: 3,
  pass: 4,
  not_asked: 5,
};

function gravityOf({ scope, verdict }: GateRow): number {
  return scope === 'all_cases' ? 0 : gravity[verdict];
}

/** The group with the most damage by this metric; null without groups, or without scores. */
export function worstGroup(rows: readonly GateRow[], metric: string | null): GateReport['worst_group'] {
  let worst: GateReport['worst_group'] = null;
  for (const { scope, group, damage, metric: of } of rows) {
    if (scope !== 'group' || of !== metric || damage === null) continue;
    if (worst === null || damage.mean > worst.damage) worst = { group, damage: damage.mean };
  }
  return worst;
}

/** For each metric that left some cases unscored, how many. */
export function unscoredIn(rows: readonly GateRow[]): GateReason[] {
  return rows
    .filter(({ scope, scored, cases }) => scope === 'all_cases' && scored < cases)
    .map(({ metric, scope, group, scored, cases }) => ({
      code: 'cases_unscored',
      ...{ metric, scope, group },
      text: `${counted(cases - scored, 'case')} of ${cases} ${cases - scored === 1 ? 'has' : 'have'} no score by ${metric} on one side or both; figures leave such cases out`,
    }));
}
