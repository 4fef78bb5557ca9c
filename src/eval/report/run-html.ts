import { counted } from '../../core/quantities.ts';
import type { RunReport, WrongCase } from '../run-report.ts';
import { markup } from './markup.ts';
import { page, quote, section, table } from './page.ts';
import { becauseOf, costLines, runState, runTitle } from './run-table.ts';
import { limitsOf, pointsOrNothing, resultOf, scopeName } from './wording.ts';

/** One run as one self-contained page. */
export function runHtml({ run, rows, wrong, unscored }: RunReport): string {
  const numeric = true;
  const columns = [
    { name: 'metric' },
    { name: 'scope' },
    { name: 'right', numeric },
    { name: 'mean', numeric },
    { name: '95 % interval', numeric },
  ];
  const lines = rows.map((row) => [
    row.metric,
    scopeName(row),
    resultOf(row, row),
    pointsOrNothing(row.mean),
    limitsOf(row.interval),
  ]);
  const rest =
    wrong.total > wrong.shown.length
      ? [`<p class="dim">and ${counted(wrong.total - wrong.shown.length, 'more case')}</p>`]
      : [];
  return page(runTitle(run), [
    `<h1>${markup(runTitle(run))}</h1>`,
    `<p>${markup(runState(run))}</p>`,
    section('Scores', table(columns, lines)),
    section(counted(wrong.total, 'wrong case'), [...wrong.shown.map(wrongDetails), ...rest].join('\n')),
    section(
      `${counted(unscored.total, 'case')} without a score`,
      table(
        [{ name: 'case' }, { name: 'why' }],
        unscored.shown.map(({ case_id, reason }) => [case_id, reason]),
      ),
    ),
    `<footer>${costLines(run).map(markup).join('<br>')}</footer>`,
  ]);
}

function wrongDetails(one: WrongCase): string {
  const summary = `${markup(one.case_id)} <span class="dim">${markup(one.group ?? '')}</span>`;
  const parts = [
    quote('Because', becauseOf(one)),
    quote('Expected', one.target),
    quote('Reply', one.reply),
  ].join('');
  return `<details><summary>${summary}</summary>${parts}</details>`;
}
