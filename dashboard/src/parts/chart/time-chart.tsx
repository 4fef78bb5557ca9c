import { type ReactNode, useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './time-chart.css';

export type TimeSeries = {
  readonly name: string;
  /** One for each time; null where there is none. */
  readonly values: readonly (number | null)[];
  /** `bound` is drawn thin and broken, `limit` in the colour of what must not be crossed. */
  readonly look: 'value' | 'other' | 'bound' | 'limit';
};

type Props = {
  readonly title: string;
  /** RFC 3339, ascending. */
  readonly times: readonly string[];
  readonly series: readonly TimeSeries[];
  readonly format: (value: number) => string;
};

const height = 220;

/** Values over time, with the last of each in words. */
export function TimeChart({ title, times, series, format }: Props): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null || times.length === 0) return;
    const plot = draw(box, { title, times, series, format });
    const watching = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height }));
    watching.observe(box);
    const looks = new MutationObserver(() => plot.redraw());
    looks.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      watching.disconnect();
      looks.disconnect();
      plot.destroy();
    };
  }, [title, times, series, format]);
  return (
    <figure className="time-chart">
      <figcaption>{title}</figcaption>
      <div ref={place} aria-hidden="true" />
      <ul className="time-chart-now">
        {series.map(({ name, values, look }) => {
          const last = values.findLast((value) => value !== null);
          return (
            <li key={name} className={`look-${look}`}>
              {name}: {last === undefined || last === null ? 'not known' : format(last)}
            </li>
          );
        })}
      </ul>
    </figure>
  );
}

function draw(box: HTMLElement, { times, series, format }: Props): UPlot {
  const colour = (name: string) => () => getComputedStyle(box).getPropertyValue(`--chart-${name}`);
  const axis = { stroke: colour('axis'), grid: { stroke: colour('grid'), width: 1 } };
  const texts = (_: UPlot, ticks: number[]): string[] => ticks.map(format);
  const size = (_: UPlot, labels: string[] | null): number =>
    20 + Math.max(...(labels ?? []).map((label) => label.length), 2) * 7;
  const options: UPlot.Options = {
    ...{ width: box.clientWidth, height },
    legend: { show: false },
    cursor: { show: false },
    axes: [
      { ...axis, space: 80, values: (_: UPlot, ticks: number[]) => timesOf(ticks) },
      { ...axis, size, values: texts },
    ],
    series: [
      {},
      ...series.map(({ name, look }) => ({
        label: name,
        stroke: colour(look),
        width: look === 'value' || look === 'other' ? 2 : 1,
        dash: look === 'value' || look === 'other' ? [] : [5, 4],
        points: { show: times.length < 3 },
      })),
    ],
  };
  const seconds = times.map((time) => Date.parse(time) / 1000);
  return new UPlot(options, [seconds, ...series.map(({ values }) => [...values])], box);
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const longestInClockS = 86_400;

/** Times of the clock within a day, and dates beyond; from seconds since 1970. */
function timesOf(ticks: readonly number[]): string[] {
  const span = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0);
  return ticks.map((tick) => (span < longestInClockS ? clock : day).format(tick * 1000));
}
