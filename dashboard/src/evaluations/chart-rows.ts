import type { IntervalRow } from '../parts/chart/interval-chart.tsx';
import type { GateRow, RunRow } from './answers.ts';
import { pointsText, scopeText } from './words.ts';

/** So many rows are drawn; the table beside has them all. */
const mostRows = 40;
const reaches = [0.02, 0.05, 0.1, 0.2, 0.5];

/** A chart of losses, which are baseline less candidate: how far its axis goes, what is marked there, and its rows. */
export type LossChart = {
  readonly domain: readonly [number, number];
  readonly marks: readonly { readonly at: number; readonly label: string }[];
  readonly rows: readonly IntervalRow[];
};

/** Where the loss of each row lies, and how much of it is tolerated. Rows without scores are left out. */
export function lossChart(rows: readonly GateRow[]): LossChart {
  const drawn = rows.flatMap(({ damage, ...row }) =>
    damage?.interval == null ? [] : [{ row, value: damage.mean, interval: damage.interval }],
  );
  const furthest = Math.max(
    0,
    ...drawn.flatMap(({ row, interval }) => [
      Math.abs(interval.low),
      Math.abs(interval.high),
      row.margin ?? 0,
    ]),
  );
  const reach = reaches.find((one) => one >= furthest) ?? 1;
  return {
    domain: [-reach, reach],
    marks: [
      { at: -reach, label: `${pointsText(reach)} better` },
      { at: 0, label: 'no change' },
      { at: reach, label: `${pointsText(reach)} worse` },
    ],
    rows: drawn.slice(0, mostRows).map(({ row, value, interval: { low, high } }) => ({
      label: scopeText(row),
      intervals: [{ value, low, high }],
      limit: row.margin,
    })),
  };
}

/** The mean score of each row of a run, with its interval. Rows without scores are left out. */
export function scoreRows(rows: readonly RunRow[]): IntervalRow[] {
  const drawn = rows.flatMap((row) =>
    row.mean === null || row.interval === null
      ? []
      : [
          {
            label: scopeText(row),
            intervals: [{ value: row.mean, low: row.interval.low, high: row.interval.high }],
          },
        ],
  );
  return drawn.slice(0, mostRows);
}
