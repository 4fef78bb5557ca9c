import { type ReactNode, useMemo, useState } from 'react';
import type { EvidenceSeriesResponse } from '../../../../src/api/rollouts.ts';
import type { LiveMetric } from '../../../../src/core/rollout.ts';
import { useRead } from '../../http/use-read.ts';
import { TimeChart } from '../../parts/chart/time-chart.tsx';
import { Choice } from '../../parts/field.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { numberText } from '../../parts/quantities.ts';
import { evidenceLines, trafficLines } from './evidence-lines.ts';
import { harmText, metricName } from './metric-words.ts';

/** How the evidence came about, look by look, with the bounds that hold however often one looks. */
export function EvidenceCharts({ rolloutId }: { readonly rolloutId: string }): ReactNode {
  const series = useRead<EvidenceSeriesResponse>(`/pawl/v1/rollouts/${rolloutId}/evidence`);
  return (
    <Loaded of={series}>
      {(known) =>
        known.points.length === 0 ? (
          <p className="empty">Nothing was looked at yet. The first look is a few seconds after the start.</p>
        ) : (
          <Charts series={known} />
        )
      }
    </Loaded>
  );
}

const plain = (value: number): string => String(Number(value.toPrecision(3)));

function Charts({ series }: { readonly series: EvidenceSeriesResponse }): ReactNode {
  const first = series.checks[0]?.metric ?? 'failures';
  const [metric, setMetric] = useState<LiveMetric>(first);
  const lines = useMemo(() => evidenceLines(series, metric), [series, metric]);
  const traffic = useMemo(() => trafficLines(series), [series]);
  const say = useMemo(() => (value: number) => harmText(metric, value), [metric]);
  const name = metricName(metric);
  const isByChance = metric === 'failures' || metric === 'refusals';
  if (lines === null) return null;
  return (
    <>
      <div className="list-tools">
        <Choice
          label="Watched"
          value={metric}
          onChange={(value) => setMetric(value as LiveMetric)}
          options={series.checks.map((check) => ({ value: check.metric, text: metricName(check.metric) }))}
        />
      </div>
      <div className="columns">
        <TimeChart
          title={`${name}: how much worse the candidate is, and its bounds`}
          times={lines.times}
          series={lines.harm}
          format={say}
        />
        {isByChance ? (
          <TimeChart
            title={`${name}: p, which breaks it at its limit`}
            times={lines.times}
            series={lines.chance}
            format={plain}
          />
        ) : null}
        <TimeChart title="Sessions with an answer" times={lines.times} series={traffic} format={numberText} />
      </div>
    </>
  );
}
