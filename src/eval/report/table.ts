import type { Verdict } from '../../core/evaluation.ts';
import { type Paint, plain } from '../../core/plain-text.ts';
import { counted, percent } from '../../core/quantities.ts';
import type { Flip, GateReason, GateReport, GateRow } from '../gate-report.ts';
import { aligned, type Cell } from './plain-text.ts';
import {
  answersOf,
  groupName,
  headline,
  intervalHeading,
  limitsOf,
  pointsOrNothing,
  scopeName,
  sideNames,
  sideResult,
  targetOf,
} from './wording.ts';

/** So many turned cases and so many lines of one kind fit on a screen; the rest is counted. */
const mostLines = 20;

/** The longest answer in a column. */
const answerWidth = 32;

/** The report for a terminal: what became of each group, the verdict with its reasons, and what turned. */
export function tableReport(report: GateReport, paint: Paint): string {
  const sections = [
    groupLines(report, paint),
    verdictLines(report, paint),
    flipLines(report, paint),
    rowLines(report, paint),
    outlookLines(report, paint),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** Each group with both sides below one another, by the first metric; all cases where there are no groups. */
function groupLines(report: GateReport, paint: Paint): string[] {
  const names = sideNames(report);
  const ofFirst = report.rows.shown.filter(({ metric }) => metric === report.policy.metrics[0]);
  const groups = ofFirst.filter(({ scope }) => scope === 'group');
  const rows = groups.length > 0 ? groups : ofFirst;
  const lines = rows.slice(0, mostLines).flatMap((row) => {
    const flag = isWorse(row) ? paint.red('  <-- regressed') : '';
    return [
      scopeName(row),
      `  ${names.baseline}: ${sideResult(row, 'baseline')}`,
      `  ${names.candidate}: ${sideResult(row, 'candidate')}${flag}`,
    ];
  });
  return [...lines, ...moreOf(rows.length - mostLines, 'group', paint)];
}

function isWorse({ baseline, candidate, damage }: GateRow): boolean {
  if (baseline.passed !== candidate.passed) return candidate.passed < baseline.passed;
  return damage !== null && damage.mean > 1e-9;
}

function verdictLines(report: GateReport, paint: Paint): string[] {
  const colour: { readonly [V in Verdict]: (text: string) => string } = {
    pass: paint.green,
    fail: paint.red,
    inconclusive: paint.yellow,
    error: paint.red,
  };
  const label = colour[report.verdict](paint.bold(report.verdict.toUpperCase()));
  return [
    `${label}  ${headline(report)}`,
    ...listed(report.reasons, '  ', paint),
    ...listed(report.warnings, `  ${paint.yellow('note')} `, paint),
  ];
}

function listed(
  { total, shown }: { readonly total: number; readonly shown: readonly GateReason[] },
  before: string,
  paint: Paint,
): string[] {
  const lines = shown.slice(0, mostLines).map(({ text }) => `${before}${plain(text)}`);
  return [...lines, ...moreOf(total - mostLines, 'remark', paint)];
}

function flipLines(report: GateReport, paint: Paint): string[] {
  const { total, shown } = report.flips;
  if (total === 0) return report.pairing.common === 0 ? [] : ['No case changed between right and wrong.'];
  const names = sideNames(report);
  const said = [names.baseline, names.candidate].map((name) => `${name.toUpperCase()} SAID`);
  const heading = ['CASE', 'GROUP', 'TURNED', 'EXPECTED', ...said].map((text) => ({
    text,
    paint: paint.dim,
  }));
  return [
    ...aligned([heading, ...shown.slice(0, mostLines).map((flip) => flipCells(flip, paint))]),
    ...moreOf(total - mostLines, 'case', paint),
  ];
}

function flipCells(flip: Flip, paint: Paint): Cell[] {
  const lost = flip.turned === 'lost';
  return [
    { text: `${plain(flip.case_id)}${flip.must_pass ? ' (must pass)' : ''}` },
    { text: flip.group === null ? '' : groupName(flip.group) },
    { text: lost ? 'wrong' : 'right', paint: lost ? paint.red : paint.green },
    { text: targetOf(flip, answerWidth) },
    ...answersOf(flip, answerWidth).map((text) => ({ text })),
  ];
}

function rowLines(report: GateReport, paint: Paint): string[] {
  const { total, shown } = report.rows;
  const several = report.policy.metrics.length > 1;
  const heading = [
    ...(several ? ['METRIC'] : []),
    ...[
      'SCOPE',
      'TIER',
      'CASES',
      'LOSS',
      intervalHeading(report).toUpperCase(),
      'TOLERATED',
      'CAN SEE',
      'VERDICT',
    ],
  ];
  const rows = shown
    .slice(0, mostLines)
    .map((row): Cell[] => [
      ...(several ? [{ text: plain(row.metric) }] : []),
      { text: scopeName(row) },
      { text: row.tier },
      { text: String(row.scored) },
      { text: pointsOrNothing(row.damage?.mean ?? null) },
      { text: limitsOf(row.damage?.interval ?? null) },
      { text: pointsOrNothing(row.margin) },
      { text: pointsOrNothing(row.sees) },
      { text: row.verdict.replace('_', ' '), paint: rowPaint(row, paint) },
    ]);
  if (rows.length === 0) return [];
  return [
    ...aligned([heading.map((text) => ({ text, paint: paint.dim })), ...rows]),
    ...moreOf(total - mostLines, 'row', paint),
    paint.dim(
      'Loss is baseline less candidate, in points of 100; intervals are not adjusted for the number of rows.',
    ),
  ];
}

function rowPaint({ verdict }: GateRow, paint: Paint): (text: string) => string {
  switch (verdict) {
    case 'pass':
      return paint.green;
    case 'fail':
    case 'error':
      return paint.red;
    case 'inconclusive':
      return paint.yellow;
    case 'not_asked':
      return paint.dim;
    default:
      return verdict satisfies never;
  }
}

/** What would settle the rows that decided an inconclusive verdict, and what else is worth a look. */
function outlookLines(report: GateReport, paint: Paint): string[] {
  const settle = report.rows.shown
    .filter(
      ({ verdict, tier }) =>
        report.verdict === 'inconclusive' && verdict === 'inconclusive' && tier === 'critical',
    )
    .flatMap((row) => (row.settle === null ? [] : [`${scopeName(row)}: ${row.settle.text}`]));
  const flaky =
    report.flaky.total === 0
      ? []
      : [
          `${counted(report.flaky.total, 'case')} flaky on both sides: ${report.flaky.shown.slice(0, mostLines).map(plain).join(', ')}`,
        ];
  return [...settle, ...flaky, ...judgeLines(report)].map((line) => paint.dim(line));
}

function judgeLines({ judges }: GateReport): string[] {
  return judges.map(
    ({ metric, tpr, tnr, n }) =>
      `${plain(metric)}: corrected for its judge, who agrees with people on ${percent(tpr)} of right and ${percent(tnr)} of wrong replies (${n} labelled)`,
  );
}

function moreOf(count: number, noun: string, paint: Paint): string[] {
  return count > 0 ? [paint.dim(`and ${counted(count, `more ${noun}`)}`)] : [];
}
