import { counted } from '../../core/quantities.ts';
import type { RunReport } from '../run-report.ts';
import { escaped, tableLine } from './markdown-text.ts';
import { becauseOf, costLines, runState, runTitle } from './run-table.ts';
import { limitsOf, pointsOrNothing, resultOf, scopeName } from './wording.ts';

/** So many wrong cases fit into a comment; the rest is counted. */
const mostLines = 50;

/** One run for a comment or a page of notes. */
export function runMarkdown(report: RunReport): string {
  const { run, rows, wrong, unscored } = report;
  const blocks = [
    [`**${escaped(runTitle(run))}**: ${escaped(runState(run))}`],
    [
      tableLine(['metric', 'scope', 'right', 'mean', '95 % interval']),
      '|---|---|--:|--:|--:|',
      ...rows.map((row) =>
        tableLine([
          row.metric,
          scopeName(row),
          resultOf(row, row),
          pointsOrNothing(row.mean),
          limitsOf(row.interval),
        ]),
      ),
    ],
    wrongLines(wrong),
    unscored.total === 0 ? [] : [`${counted(unscored.total, 'case')} without a score.`],
    costLines(run).map((line) => `<sub>${escaped(line)}</sub>`),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function wrongLines({ total, shown }: RunReport['wrong']): string[] {
  if (total === 0) return [];
  const rest = total > mostLines ? ['', `and ${counted(total - mostLines, 'more case')}`] : [];
  return [
    `<details><summary>${counted(total, 'case')} wrong</summary>`,
    '',
    tableLine(['case', 'group', 'expected', 'because']),
    '|---|---|---|---|',
    ...shown
      .slice(0, mostLines)
      .map((one) => tableLine([one.case_id, one.group ?? '', one.target, becauseOf(one)])),
    ...rest,
    '',
    '</details>',
  ];
}
