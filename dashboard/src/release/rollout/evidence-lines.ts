import type { EvidenceSeriesResponse } from '../../../../src/api/rollouts.ts';
import type { LiveMetric } from '../../../../src/core/rollout.ts';
import type { TimeSeries } from '../../parts/chart/time-chart.tsx';

/** What is drawn of one thing that is watched. */
export type EvidenceLines = {
  readonly times: readonly string[];
  /** How much worse the candidate is, with the bounds that always hold, and what it may be. */
  readonly harm: readonly TimeSeries[];
  /** The always-valid p-value against the limit at which it breaks. */
  readonly chance: readonly TimeSeries[];
};

/** The lines of one thing that is watched, from all looks that were kept; null when it is not watched. */
export function evidenceLines(
  { checks, points }: Pick<EvidenceSeriesResponse, 'checks' | 'points'>,
  metric: LiveMetric,
): EvidenceLines | null {
  const bounds = checks.find((check) => check.metric === metric);
  if (bounds === undefined) return null;
  const found = points.map(({ checks: all }) => all.find((check) => check.metric === metric));
  const line = (
    name: string,
    look: TimeSeries['look'],
    of: (check: NonNullable<(typeof found)[number]>) => number | null,
  ): TimeSeries => ({ name, look, values: found.map((check) => (check === undefined ? null : of(check))) });
  return {
    times: points.map(({ at }) => at),
    harm: [
      line('worse by', 'value', ({ estimate }) => estimate),
      line('at least', 'bound', ({ low }) => low),
      line('at most', 'bound', ({ high }) => high),
      line('margin', 'limit', () => bounds.margin),
    ],
    chance: [line('p', 'value', ({ p }) => p), line('breaks at', 'limit', () => bounds.alpha)],
  };
}

/** The candidate's share of the traffic, and the sessions of both versions. */
export function trafficLines({ points }: Pick<EvidenceSeriesResponse, 'points'>): readonly TimeSeries[] {
  return [
    { name: 'candidate', look: 'value', values: points.map(({ sessions }) => sessions.canary) },
    { name: 'control', look: 'other', values: points.map(({ sessions }) => sessions.control) },
  ];
}
