import { short } from '../../core/plain-text.ts';
import { points } from '../../core/quantities.ts';
import type { GateReport, GateRow } from '../gate-report.ts';
import { markup } from './markup.ts';
import { limitsOf, pointsOrNothing, scopeName, sideNames, sideResult } from './wording.ts';

/** Pixels of the drawing's own scale; a browser fits it to the page. */
const width = 760;
const labelWidth = 200;
const valueWidth = 150;
const rowHeight = 28;

/** So many rows are drawn; a table beside has them all. */
const mostRows = 60;

const plotWidth = width - labelWidth - valueWidth;

/**
 * Where the mean damage of each row lies, with its interval, as a forest plot: none in the middle, worse to the right,
 * and in each row a mark at what is tolerated.
 */
export function forestPlot(rows: readonly GateRow[]): string {
  const drawn = rows.filter(({ damage }) => damage?.interval != null).slice(0, mostRows);
  if (drawn.length === 0) return '';
  const reach = reachOf(drawn);
  const x = (damage: number): string => place(labelWidth + ((damage + reach) / (2 * reach)) * plotWidth);
  const height = drawn.length * rowHeight + 40;
  const bottom = height - 30;
  const ticks = [-reach, -reach / 2, 0, reach / 2, reach].map(
    (tick) => `<text class="tick" x="${x(tick)}" y="${height - 10}">${points(tick)}</text>`,
  );
  return [
    `<svg role="img" viewBox="0 0 ${width} ${height}" aria-label="Loss of each row with its interval, in points">`,
    `<line class="zero" x1="${x(0)}" x2="${x(0)}" y1="4" y2="${bottom}"/>`,
    ...drawn.map((row, i) => forestRow(row, { x, y: i * rowHeight + 18 })),
    ...ticks,
    '</svg>',
  ].join('\n');
}

function forestRow(row: GateRow, { x, y }: { x: (damage: number) => string; y: number }): string {
  const { damage, margin, verdict } = row;
  const interval = damage?.interval ?? { low: 0, high: 0 };
  const mark =
    margin === null
      ? ''
      : `<line class="margin" x1="${x(margin)}" x2="${x(margin)}" y1="${y - 11}" y2="${y + 11}"/>`;
  return [
    `<g class="${verdict}"><title>${markup(`${scopeName(row)}: ${row.reason.text}`)}</title>`,
    `<text class="label" x="${labelWidth - 12}" y="${y + 5}">${markup(short(scopeName(row), 24))}</text>`,
    `${mark}<line class="interval" x1="${x(interval.low)}" x2="${x(interval.high)}" y1="${y}" y2="${y}"/>`,
    `<circle cx="${x(damage?.mean ?? 0)}" cy="${y}" r="5"/>`,
    `<text class="value" x="${width - valueWidth + 12}" y="${y + 5}">${figuresOf(row)}</text></g>`,
  ].join('');
}

function figuresOf({ damage }: GateRow): string {
  return `${pointsOrNothing(damage?.mean ?? null)} (${limitsOf(damage?.interval ?? null)})`;
}

/** How far the scale goes to either side: as far as any limit or margin, rounded up, and not beyond a full score. */
function reachOf(rows: readonly GateRow[]): number {
  const furthest = Math.max(
    ...rows.flatMap(({ damage, margin }) => [
      Math.abs(damage?.interval?.low ?? 0),
      Math.abs(damage?.interval?.high ?? 0),
      margin ?? 0,
    ]),
  );
  return [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((reach) => reach >= furthest) ?? 1;
}

/** The mean score of both sides, row by row. */
export function scoreBars(report: GateReport, rows: readonly GateRow[]): string {
  const drawn = rows.filter(({ scored }) => scored > 0).slice(0, mostRows);
  if (drawn.length === 0) return '';
  const names = sideNames(report);
  const height = drawn.length * (rowHeight + 16) + 8;
  const bars = drawn.map((row, i) => {
    const y = i * (rowHeight + 16) + 8;
    return [
      `<text class="label" x="${labelWidth - 12}" y="${y + 21}">${markup(short(scopeName(row), 24))}</text>`,
      bar('baseline', {
        y,
        share: row.baseline.mean ?? 0,
        text: `${names.baseline}: ${sideResult(row, 'baseline')}`,
      }),
      bar('candidate', {
        y: y + 17,
        share: row.candidate.mean ?? 0,
        text: `${names.candidate}: ${sideResult(row, 'candidate')}`,
      }),
    ].join('');
  });
  return [
    `<svg role="img" viewBox="0 0 ${width} ${height}" aria-label="Mean score of both sides, row by row">`,
    ...bars,
    '</svg>',
  ].join('\n');
}

function bar(
  side: 'baseline' | 'candidate',
  { y, share, text }: { y: number; share: number; text: string },
): string {
  const length = place(share * plotWidth);
  return [
    `<rect class="track" x="${labelWidth}" y="${y}" width="${plotWidth}" height="14" rx="3"/>`,
    `<rect class="${side}" x="${labelWidth}" y="${y}" width="${length}" height="14" rx="3"/>`,
    `<text class="value" x="${width - valueWidth + 12}" y="${y + 12}">${markup(text)}</text>`,
  ].join('');
}

function place(pixels: number): string {
  return pixels.toFixed(1);
}
