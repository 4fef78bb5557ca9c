import { counted } from '../../core/quantities.ts';
import type {
  Flip,
  FlipSide,
  GateReason,
  GateReport,
  GateRow,
  ReportSide,
  ResourceRow,
} from '../gate-report.ts';
import { forestPlot, scoreBars } from './charts.ts';
import { markup } from './markup.ts';
import { type Column, page, quote, section, table } from './page.ts';
import {
  groupName,
  headline,
  intervalHeading,
  limitsOf,
  pointsOrNothing,
  scopeName,
  sideNames,
  sideResult,
} from './wording.ts';

/** The report as one self-contained page, with drawings. */
export function htmlReport(report: GateReport): string {
  const heading = `<h1><span class="verdict ${report.verdict}">${report.verdict}</span>${markup(headline(report))}</h1>`;
  return page(`${report.verdict}: ${headline(report)}`, [
    heading,
    reasonList(report.reasons),
    ...charts(report),
    rowTable(report),
    flipList(report),
    section('Notes', reasonList(report.warnings)),
    settleList(report),
    resourceTable(report),
    runTable(report),
    footer(report),
  ]);
}

function reasonList({
  total,
  shown,
}: {
  readonly total: number;
  readonly shown: readonly GateReason[];
}): string {
  if (total === 0) return '';
  const rest = total > shown.length ? [`<li class="dim">and ${total - shown.length} more</li>`] : [];
  return `<ul>${[...shown.map(({ text }) => `<li>${markup(text)}</li>`), ...rest].join('\n')}</ul>`;
}

/** One pair of drawings for each metric. */
function charts(report: GateReport): string[] {
  const several = report.policy.metrics.length > 1;
  return report.policy.metrics.flatMap((metric) => {
    const rows = report.rows.shown.filter((row) => row.metric === metric);
    const about = several ? ` by ${markup(metric)}` : '';
    return [
      section(`Loss${about}, in points`, forestPlot(rows)),
      section(`Mean score${about}`, scoreBars(report, rows)),
    ];
  });
}

function rowTable(report: GateReport): string {
  const names = sideNames(report);
  const numeric = true;
  const columns: Column[] = [
    { name: 'metric' },
    { name: 'scope' },
    { name: 'tier' },
    { name: names.baseline, numeric },
    { name: names.candidate, numeric },
    { name: 'loss', numeric },
    { name: intervalHeading(report), numeric },
    { name: 'tolerated', numeric },
    { name: 'can see', numeric },
    { name: 'p', numeric },
    { name: 'verdict' },
  ];
  const rest = report.rows.total - report.rows.shown.length;
  const more = rest > 0 ? `<p class="dim">and ${counted(rest, 'more row')}</p>` : '';
  return section('All rows', `${table(columns, report.rows.shown.map(rowCells))}${more}`);
}

function rowCells(row: GateRow): string[] {
  const { harm } = row.tests;
  return [
    row.metric,
    scopeName(row),
    row.tier,
    sideResult(row, 'baseline'),
    sideResult(row, 'candidate'),
    pointsOrNothing(row.damage?.mean ?? null),
    limitsOf(row.damage?.interval ?? null),
    pointsOrNothing(row.margin),
    pointsOrNothing(row.sees),
    harm === null ? '' : `${harm.p.toPrecision(2)} (adjusted ${harm.p_adjusted.toPrecision(2)})`,
    row.verdict.replace('_', ' '),
  ];
}

function flipList(report: GateReport): string {
  const { total, shown } = report.flips;
  if (total === 0) return '';
  const rest =
    total > shown.length ? [`<p class="dim">and ${counted(total - shown.length, 'more case')}</p>`] : [];
  return section(
    `${counted(total, 'case')} changed between right and wrong`,
    [...shown.map((flip) => flipDetails(flip, report)), ...rest].join('\n'),
  );
}

function flipDetails(flip: Flip, report: GateReport): string {
  const names = sideNames(report);
  const tags = [flip.group === null ? '' : groupName(flip.group), flip.must_pass ? 'must pass' : ''].filter(
    (tag) => tag !== '',
  );
  const turned = flip.turned === 'lost' ? 'turned wrong' : 'turned right';
  const summary = `${markup(flip.case_id)} <span class="${flip.turned}">${turned}</span> <span class="dim">${markup(tags.join(', '))}</span>`;
  const asked = [quote('Message', flip.input), quote('Expected', flip.target)].join('');
  const sides = [sideOf(names.baseline, flip.baseline), sideOf(names.candidate, flip.candidate)].join('');
  return `<details><summary>${summary}</summary>${asked}<div class="sides">${sides}</div></details>`;
}

function sideOf(name: string, { passes, epochs, reply, reason }: FlipSide): string {
  const right = `${name}: right in ${passes} of ${counted(epochs, 'epoch')}`;
  return `<div>${quote(right, reply ?? '(the reply was not kept)')}${quote('Reason', reason)}</div>`;
}

function settleList({ rows }: GateReport): string {
  const lines = rows.shown.flatMap((row) =>
    row.settle === null
      ? []
      : [`<li>${markup(`${scopeName(row)} (${row.metric}): ${row.settle.text}`)}</li>`],
  );
  return section('What would settle it', lines.length === 0 ? '' : `<ul>${lines.join('\n')}</ul>`);
}

function resourceTable(report: GateReport): string {
  const names = sideNames(report);
  const columns = [
    'per case',
    names.baseline,
    names.candidate,
    'difference',
    intervalHeading(report),
    'cases',
  ].map((name, i) => ({ name, numeric: i > 0 }));
  return section(
    'What the runs took',
    table(columns, report.resources.filter(({ cases }) => cases > 0).map(resourceCells)),
  );
}

function resourceCells({
  resource,
  baseline,
  candidate,
  difference,
  interval,
  cases,
}: ResourceRow): string[] {
  const figure = (value: number | null) => (value === null ? '' : String(Number(value.toPrecision(4))));
  const limits = interval === null ? '' : `${figure(interval.low)} to ${figure(interval.high)}`;
  return [resource, figure(baseline), figure(candidate), figure(difference), limits, String(cases)];
}

function runTable({ baseline, candidate }: GateReport): string {
  const columns = ['', 'baseline', 'candidate'].map((name) => ({ name }));
  const lines: [string, (side: ReportSide) => string][] = [
    ['run', (side) => `${side.run_id} (${side.status})`],
    ['agent', (side) => `${side.agent_name} v${side.agent_version} (${side.agent_id})`],
    ['configuration', (side) => side.config_hash],
    ['model', (side) => `${side.model}, served by ${side.served_by.join(', ')}`],
    [
      'dataset',
      (side) => `${side.dataset.name} ${side.dataset.hash}, ${counted(side.dataset.cases, 'case')}`,
    ],
    ['epochs', (side) => String(side.epochs)],
    ['sessions that broke', (side) => String(side.errors)],
    ['ended', (side) => side.ended_at ?? ''],
  ];
  return section(
    'Runs',
    table(
      columns,
      lines.map(([name, of]) => [name, of(baseline), of(candidate)]),
    ),
  );
}

function footer({ eval: { name, revision }, pairing, seed, candidate, judges }: GateReport): string {
  const corrected = judges.map(
    ({ metric, tpr, tnr, n }) =>
      ` ${metric} is corrected for its judge (TPR ${tpr.toFixed(2)}, TNR ${tnr.toFixed(2)}, n ${n}).`,
  );
  const text = `Eval ${name}, revision ${revision}; ${counted(pairing.common, 'common case')}; seed ${seed}; Pawl ${candidate.pawl_version}. Loss is baseline less candidate, in points of 100; intervals are not adjusted for the number of rows.${corrected.join('')}`;
  return `<footer>${markup(text)}</footer>`;
}
