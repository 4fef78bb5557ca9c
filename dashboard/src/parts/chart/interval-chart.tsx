import type { ReactNode } from 'react';
import './interval-chart.css';

/** A value with the bounds it is known within. */
export type Interval = { readonly value: number; readonly low: number; readonly high: number };

export type IntervalRow = {
  readonly label: string;
  /** One for each series, in their order; null where there is nothing to show. */
  readonly intervals: readonly (Interval | null)[];
  /** What this row must not go beyond; null and absent where there is no such thing. */
  readonly limit?: number | null;
};

type Props = {
  readonly title: string;
  /** What each of the intervals of a row is of. Two at most have a look of their own. */
  readonly series: readonly string[];
  readonly rows: readonly IntervalRow[];
  /** The ends of the axis. */
  readonly domain: readonly [number, number];
  /** Values that everything is held against, such as no change and the largest loss that is borne. */
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
  readonly format: (value: number) => string;
  /** What the limits of rows are called in the legend. */
  readonly limitName?: string;
};

const [width, labelWidth, textWidth, lineHeight, gap] = [760, 170, 150, 18, 10];
const plotWidth = width - labelWidth - textWidth;

/** Values with their intervals, one row for each group. The figures stand beside it, so that nothing is told by shape alone. */
export function IntervalChart({
  title,
  series,
  rows,
  domain,
  marks = [],
  format,
  limitName = '',
}: Props): ReactNode {
  const rowHeight = lineHeight * series.length + gap;
  const height = rows.length * rowHeight + 28;
  const [from, to] = domain;
  const x = (value: number): number => {
    const share = (Math.min(Math.max(value, from), to) - from) / (to - from || 1);
    return labelWidth + share * plotWidth;
  };
  return (
    <figure className="intervals">
      <figcaption>
        {title}
        <span className="legend">
          {series.length > 1 &&
            series.map((name, n) => (
              <span key={name} className={`legend-${n}`}>
                {name}
              </span>
            ))}
          {limitName !== '' && <span className="legend-limit">{limitName}</span>}
        </span>
      </figcaption>
      <div className="table-box">
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height}>
          <title>{title}</title>
          {marks.map(({ at, label }) => (
            <g key={label} className="mark">
              <line x1={x(at)} x2={x(at)} y1={0} y2={height - 18} />
              <text x={x(at)} y={height - 4} textAnchor="middle">
                {label}
              </text>
            </g>
          ))}
          {rows.map(({ label, intervals, limit = null }, n) => (
            <g key={label} transform={`translate(0 ${n * rowHeight + 4})`}>
              <text x={0} y={(rowHeight - gap) / 2 + 4} className="label">
                {label.length > 24 ? `${label.slice(0, 23)}…` : label}
                <title>{label}</title>
              </text>
              {limit !== null && (
                <line className="limit" x1={x(limit)} x2={x(limit)} y1={-2} y2={rowHeight - gap + 2} />
              )}
              {intervals.map((interval, place) =>
                interval === null ? null : (
                  <g key={series[place]} className={`series-${series.length === 1 ? 1 : place}`}>
                    <line
                      x1={x(interval.low)}
                      x2={x(interval.high)}
                      y1={place * lineHeight + 9}
                      y2={place * lineHeight + 9}
                    />
                    <circle cx={x(interval.value)} cy={place * lineHeight + 9} r={4.5} />
                    <text x={labelWidth + plotWidth + 10} y={place * lineHeight + 13}>
                      {format(interval.value)} [{format(interval.low)}, {format(interval.high)}]
                    </text>
                  </g>
                ),
              )}
            </g>
          ))}
        </svg>
      </div>
    </figure>
  );
}
