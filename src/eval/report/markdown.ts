import { type Tier, tiers, type Verdict } from '../../core/evaluation.ts';
import { counted } from '../../core/quantities.ts';
import type { Flip, GateReason, GateReport, GateRow } from '../gate-report.ts';
import { escaped, tableLine } from './markdown-text.ts';
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

/** So many rows of a table, so many turned cases and so many reasons fit into a comment; the rest is counted. */
const mostLines = 50;

const answerWidth = 120;

/** GitHub's kinds of alert. */
const alerts: { readonly [V in Verdict]: string } = {
  pass: 'TIP',
  fail: 'CAUTION',
  inconclusive: 'WARNING',
  error: 'CAUTION',
};

/**
 * The report for a comment on a pull request. Its first line is a hidden marker that is the same for every comparison
 * of an eval, so that a later comment can take the place of this one.
 */
export function markdownReport(report: GateReport): string {
  const blocks = [
    [
      commentMarker(report),
      `> [!${alerts[report.verdict]}]`,
      `> **${report.verdict}**: ${escaped(headline(report))}`,
    ],
    listed('', report.reasons),
    ...tiers.map((tier) => tierTable(report, tier)),
    flipDetails(report),
    listed('Notes', report.warnings),
    footer(report),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** The hidden line by which a comment about this eval is found again. */
export function commentMarker({ eval: { id } }: GateReport): string {
  return `<!-- pawl gate ${id.replace(/[^\w-]/g, '')} -->`;
}

function listed(
  title: string,
  { total, shown }: { readonly total: number; readonly shown: readonly GateReason[] },
): string[] {
  if (total === 0) return [];
  const lines = shown.slice(0, mostLines).map(({ text }) => `- ${escaped(text)}`);
  const rest = total > mostLines ? [`- and ${total - mostLines} more`] : [];
  return [...(title === '' ? [] : [`**${title}**`, '']), ...lines, ...rest];
}

function tierTable(report: GateReport, tier: Tier): string[] {
  const rows = report.rows.shown.filter((row) => row.tier === tier);
  if (rows.length === 0) return [];
  const names = sideNames(report);
  const several = report.policy.metrics.length > 1;
  const heading = [
    ...(several ? ['metric'] : []),
    ...[
      tier,
      names.baseline,
      names.candidate,
      'loss',
      intervalHeading(report),
      'tolerated',
      'can see',
      'verdict',
    ],
  ];
  const lines = rows.slice(0, mostLines).map((row) => [...(several ? [row.metric] : []), ...rowCells(row)]);
  const numbers = several ? 2 : 1;
  const ruler = heading.map((_, i) => (i < numbers || i === heading.length - 1 ? '---' : '--:'));
  const rest = rows.length > mostLines ? ['', `and ${counted(rows.length - mostLines, 'more row')}`] : [];
  return [tableLine(heading), `|${ruler.join('|')}|`, ...lines.map(tableLine), ...rest];
}

function rowCells(row: GateRow): string[] {
  return [
    scopeName(row),
    sideResult(row, 'baseline'),
    sideResult(row, 'candidate'),
    pointsOrNothing(row.damage?.mean ?? null),
    limitsOf(row.damage?.interval ?? null),
    pointsOrNothing(row.margin),
    pointsOrNothing(row.sees),
    row.verdict.replace('_', ' '),
  ];
}

function flipDetails(report: GateReport): string[] {
  const { total, shown } = report.flips;
  if (total === 0) return [];
  const names = sideNames(report);
  const lost = shown.filter(({ turned }) => turned === 'lost').length;
  const rest = total > mostLines ? ['', `and ${counted(total - mostLines, 'more case')}`] : [];
  return [
    `<details${lost > 0 ? ' open' : ''}><summary>${counted(total, 'case')} changed between right and wrong</summary>`,
    '',
    tableLine(['case', 'group', 'turned', 'expected', `${names.baseline} said`, `${names.candidate} said`]),
    '|---|---|---|---|---|---|',
    ...shown.slice(0, mostLines).map((flip) => tableLine(flipCells(flip))),
    ...rest,
    '',
    '</details>',
  ];
}

function flipCells(flip: Flip): string[] {
  return [
    `${flip.case_id}${flip.must_pass ? ' (must pass)' : ''}`,
    flip.group === null ? '' : groupName(flip.group),
    flip.turned === 'lost' ? 'wrong' : 'right',
    targetOf(flip, answerWidth),
    ...answersOf(flip, answerWidth),
  ];
}

function footer({ baseline, candidate, pairing, eval: { name } }: GateReport): string[] {
  const runs = `runs ${escaped(baseline.run_id)} and ${escaped(candidate.run_id)}`;
  const about = `Eval ${escaped(name)}, ${counted(pairing.common, 'common case')}, ${runs}`;
  return [`<sub>${about}. Loss is baseline less candidate, in points of 100.</sub>`];
}
