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
  const last = series.map(({ name, values }) => [name, values.findLast((value) => value !== null)] as const);
  return (
    <figure className="time-chart">
      <figcaption>{title}</figcaption>
      <div ref={place} aria-hidden="true" />
      <p className="faint">
        Now:{' '}
        {last
          .filter(([, value]) => value !== undefined && value !== null)
          .map(([name, value]) => `${name} ${format(value ?? 0)}`)
          .join(', ')}
      </p>
    </figure>
  );
}

function draw(box: HTMLElement, { times, series, format }: Props): UPlot {
  const colour = (name: string) => () => getComputedStyle(box).getPropertyValue(`--chart-${name}`);
  const axis = { stroke: colour('axis'), grid: { stroke: colour('grid'), width: 1 } };
  const options: UPlot.Options = {
    ...{ width: box.clientWidth, height },
    legend: { show: false },
    cursor: { show: false },
    axes: [axis, { ...axis, size: 70, values: (_: UPlot, ticks: number[]) => ticks.map(format) }],
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
