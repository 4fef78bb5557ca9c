import type { Verdict } from '../../core/evaluation.ts';
import { plain, short } from '../../core/plain-text.ts';
import { percent, points } from '../../core/quantities.ts';
import type { Flip, FlipSide, GateReport, GateRow, Interval, ReportSide, RowSide } from '../gate-report.ts';

/** What each side is called: `v1` and `v2`, or something longer where that would not tell them apart. */
export function sideNames({ baseline, candidate }: GateReport): {
  readonly baseline: string;
  readonly candidate: string;
} {
  const [before, after] = [nameOf(baseline), nameOf(candidate)];
  if (baseline.agent_id !== candidate.agent_id) {
    return {
      baseline: `${plain(baseline.agent_name)} ${before}`,
      candidate: `${plain(candidate.agent_name)} ${after}`,
    };
  }
  if (before !== after) return { baseline: before, candidate: after };
  return { baseline: `${before} (baseline)`, candidate: `${after} (candidate)` };
}

function nameOf({ agent_version }: ReportSide): string {
  return `v${agent_version}`;
}

/** The verdict in one sentence. */
export function headline(report: GateReport): string {
  const { candidate, baseline } = sideNames(report);
  const agent = plain(report.candidate.agent_name);
  const said: { readonly [V in Verdict]: string } = {
    pass: `${agent}: ${candidate} loses no more than is tolerated against ${baseline}`,
    fail: `${agent}: ${candidate} must not take the place of ${baseline}`,
    inconclusive: `${agent}: it is not settled whether ${candidate} is worse than ${baseline}; that is no pass`,
    error: `${agent}: ${candidate} could not be compared with ${baseline} as the gate asks`,
  };
  return said[report.verdict];
}

/** What a row is about, in a table. */
export function scopeName({ scope, group }: Pick<GateRow, 'scope' | 'group'>): string {
  return scope === 'all_cases' ? 'all cases' : groupName(group);
}

/** A group's name; cases without one have no name either. */
export function groupName(group: string | null): string {
  return group === null ? '(no group)' : plain(group);
}

/** How many cases are right out of those scored, with the mean where it says something else: `4/5`. */
export function resultOf(
  { passed, mean }: RowSide,
  { scored, cases }: Pick<GateRow, 'scored' | 'cases'>,
): string {
  const graded = mean !== null && Math.abs(mean * scored - passed) > 1e-6;
  const unscored = cases > scored ? ` (${cases - scored} not scored)` : '';
  return `${passed}/${scored}${graded ? `, mean ${points(mean)}` : ''}${unscored}`;
}

/** The same for one side of a comparison, with how many cases that side has no score for. */
export function sideResult(row: GateRow, side: 'baseline' | 'candidate'): string {
  return resultOf(row[side], { scored: row.scored, cases: row.scored + row.unscored[side] });
}

/** Limits in points, as a column has them: `-1.2 to 7.0`; nothing for null. */
export function limitsOf(interval: Interval | null): string {
  return interval === null ? '' : `${pointsOrNothing(interval.low)} to ${pointsOrNothing(interval.high)}`;
}

/** A level as a heading: `90 % interval`. */
export function intervalHeading({ policy }: GateReport): string {
  return `${percent(policy.confidence)} interval`;
}

/** A figure in points, as a column has it: always with one decimal; nothing for null. */
export function pointsOrNothing(value: number | null): string {
  return value === null ? '' : (value * 100).toFixed(1).replace(/^-0\.0$/, '0.0');
}

/**
 * What both sides answered, as short as it can be told: the reading, or else the reply. Where that is the same, or
 * not known, the scorer's reason tells more.
 */
export function answersOf(
  { baseline, candidate }: Flip,
  most: number,
): [baseline: string, candidate: string] {
  const same = saidBy(baseline) === saidBy(candidate);
  const answerOf = (side: FlipSide) => {
    const said = same ? (side.reason ?? saidBy(side)) : (saidBy(side) ?? side.reason);
    return said === null ? `scored ${Number(side.value.toFixed(2))}` : short(said, most);
  };
  return [answerOf(baseline), answerOf(candidate)];
}

function saidBy({ reading, reply }: FlipSide): string | null {
  return reading === null ? reply : unquoted(reading);
}

/** What a case expected, as short as it can be told; nothing when it is not known. */
export function targetOf({ target }: Flip, most: number): string {
  return target === null ? '' : short(unquoted(target), most);
}

/** JSON that is a plain text without its quotes. */
function unquoted(json: string): string {
  // A text that was cut off is no JSON any more.
  return /^"[^"\\]*"$/.test(json) ? json.slice(1, -1) : json;
}
