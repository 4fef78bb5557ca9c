import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EvalRunResponse } from '../../../src/api/eval-runs.ts';
import type { RunReportResponse } from '../../../src/api/reports.ts';
import { useRead } from '../http/use-read.ts';
import { Badge, StatusBadge } from '../parts/badge.tsx';
import { IntervalChart } from '../parts/chart/interval-chart.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { percentText } from '../parts/quantities.ts';
import { scoreRows } from './chart-rows.ts';
import { CompareWith } from './compare-with.tsx';
import './evaluations.css';
import { Progress } from './progress.tsx';
import { RunActions } from './run-actions.tsx';
import { RunFacts } from './run-facts.tsx';
import { RunResults } from './run-results.tsx';
import { RunTable } from './run-table.tsx';
import { useWatched } from './use-watched.ts';
import { isOver } from './words.ts';

/** How often the figures of a run that goes on are counted anew; those of a long one take the server longer. */
const reportEveryMs = { short: 3000, long: 15_000 };
const longFrom = 2000;

/** One run, live: how far it is, what each group scored, and what every case came to. */
export function RunPage(): ReactNode {
  const { runId } = useParams({ strict: false }) as { runId: string };
  return <Run key={runId} path={`/pawl/v1/eval_runs/${runId}`} />;
}

function Run({ path }: { readonly path: string }): ReactNode {
  const { query, now, liveness, tell } = useWatched<EvalRunResponse>(path);
  const over = now !== undefined && isOver(now.status);
  const report = useRead<RunReportResponse>(`${path}/report`, { everyMs: over ? false : pauseOf(now) });
  return (
    <Loaded of={query}>
      {(first) => {
        const run = now ?? first;
        return (
          <Page
            title={`${run.eval_name}, version ${run.agent_version}`}
            under={[{ text: 'Evaluations', to: '/evaluations' }]}
            actions={<RunActions run={run} onChanged={tell} />}
          >
            <p className="row" role="status">
              <StatusBadge status={run.status} /> <Progress run={run} />
              {liveness === 'lost' && <Badge tone="warn">connection lost, trying again</Badge>}
            </p>
            {run.error !== null && <p className="notice notice-bad">{run.error}</p>}
            <div className="beside">
              <div>
                <Loaded of={report}>{(known) => <Figures run={run} report={known} />}</Loaded>
                <CompareWith run={run} />
              </div>
              <RunFacts run={run} />
            </div>
            <h2>What each case came to</h2>
            <RunResults run={run} rows={report.data?.rows ?? []} />
          </Page>
        );
      }}
    </Loaded>
  );
}

function pauseOf(run: EvalRunResponse | undefined): number {
  return (run?.counts.total ?? 0) < longFrom ? reportEveryMs.short : reportEveryMs.long;
}

function Figures({
  run,
  report,
}: {
  readonly run: EvalRunResponse;
  readonly report: RunReportResponse;
}): ReactNode {
  const metrics = [...new Set(report.rows.map(({ metric }) => metric))];
  if (metrics.length === 0) return <p className="empty">Nothing is scored yet.</p>;
  return metrics.map((metric) => {
    const rows = report.rows.filter((row) => row.metric === metric);
    return (
      <section key={metric} aria-label={`Scores by ${metric}`}>
        <IntervalChart
          title={`Mean score by ${metric}, with what it is known within (95 %)`}
          series={[`version ${run.agent_version}`]}
          rows={scoreRows(rows)}
          domain={[0, 1]}
          marks={[0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: percentText(at) }))}
          format={percentText}
        />
        {rows.some(({ interval }) => interval !== null && interval.low === interval.high) && (
          <p className="faint">
            An interval without width says no more than that every case scored alike; others may not.
          </p>
        )}
        <RunTable metric={metric} rows={rows} />
        {isOver(run.status) && run.counts.errors > 0 && (
          <p>
            Some sessions broke, which says nothing about the agent.{' '}
            <Link to="." search={{ errors: 'true' } as never}>
              Which ones
            </Link>
          </p>
        )}
      </section>
    );
  });
}
