import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonResponse } from '../../../src/api/comparisons.ts';
import { Badge } from '../parts/badge.tsx';
import { IntervalChart } from '../parts/chart/interval-chart.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import type { GateReport, GateRow } from './answers.ts';
import { CaseMatrix } from './case-matrix.tsx';
import { lossChart } from './chart-rows.ts';
import { ComparisonFacts } from './comparison-facts.tsx';
import './evaluations.css';
import { GateTable } from './gate-table.tsx';
import { ResourceTable } from './resource-table.tsx';
import { UnderWay } from './under-way.tsx';
import { useWatched } from './use-watched.ts';
import { VerdictPanel } from './verdict-panel.tsx';
import { pointsText, sideTexts } from './words.ts';

/** One comparison, live until its verdict: that first, then each group, and then every case that turned. */
export function ComparisonPage(): ReactNode {
  const { comparisonId } = useParams({ strict: false }) as { comparisonId: string };
  return <Watched key={comparisonId} path={`/pawl/v1/comparisons/${comparisonId}`} />;
}

function Watched({ path }: { readonly path: string }): ReactNode {
  const { query, now, liveness } = useWatched<ComparisonResponse>(path);
  return (
    <Loaded of={query}>
      {(first) => {
        const comparison = now ?? first;
        const { candidate, baseline, report } = comparison;
        const name = candidate.plan?.agent_name ?? candidate.eval_name;
        const version = String(candidate.agent_version);
        return (
          <Page
            title={`${name}: version ${version} against version ${baseline.agent_version}`}
            under={[
              { text: 'Evaluations', to: '/evaluations' },
              { text: 'Comparisons', to: '/evaluations/comparisons' },
            ]}
            actions={
              <Link
                className="button button-plain"
                to="/release/promotions/new"
                search={{ agent: candidate.agent_id, version } as never}
              >
                Ask for promotion
              </Link>
            }
          >
            {liveness === 'lost' && <Badge tone="warn">connection lost, trying again</Badge>}
            {report === null ? (
              <UnderWay comparison={comparison} />
            ) : (
              <Found comparison={comparison} report={report} />
            )}
          </Page>
        );
      }}
    </Loaded>
  );
}

type FoundProps = { readonly comparison: ComparisonResponse; readonly report: GateReport };

function Found({ comparison, report }: FoundProps): ReactNode {
  const { policy, rows } = report;
  const rowsOf = (metric: string): GateRow[] => rows.shown.filter((row) => row.metric === metric);
  return (
    <>
      <VerdictPanel report={report} />
      <h2>Groups</h2>
      <div className="beside">
        <div>
          {policy.metrics.map((metric) => (
            <IntervalChart
              key={metric}
              title={`Loss by ${metric}, in points of 100: to the right is worse`}
              series={['loss']}
              {...lossChart(rowsOf(metric))}
              format={pointsText}
              limitName="what is tolerated"
            />
          ))}
        </div>
        <ComparisonFacts comparison={comparison} report={report} />
      </div>
      {policy.metrics.map((metric) => (
        <GateTable key={metric} metric={metric} rows={rowsOf(metric)} sides={sideTexts(report)} />
      ))}
      <h2>Cases</h2>
      <CaseMatrix comparison={comparison} rows={rows.shown} />
      <ResourceTable report={report} />
    </>
  );
}
