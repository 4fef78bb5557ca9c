import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonResponse } from '../../../src/api/comparisons.ts';
import { Badge } from '../parts/badge.tsx';
import { counted } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';
import type { GateReport, ReportSide } from './answers.ts';
import { sideTexts } from './words.ts';

type Props = { readonly comparison: ComparisonResponse; readonly report: GateReport };

/** What was compared, and where the rest of the report is. */
export function ComparisonFacts({ comparison, report }: Props): ReactNode {
  const { candidate, baseline, origin } = comparison;
  const { pairing } = report;
  const [before, after] = sideTexts(report);
  const agent = candidate.agent_id;
  return (
    <section className="panel" aria-label="What was compared">
      <h2>What was compared</h2>
      <dl className="facts">
        <dt>Runs</dt>
        <dd>
          <Link to={`/evaluations/runs/${baseline.id}`}>{before}</Link>,{' '}
          <Link to={`/evaluations/runs/${candidate.id}`}>{after}</Link>
        </dd>
        {baseline.agent_id === agent && baseline.agent_version !== candidate.agent_version && (
          <>
            <dt>Changes</dt>
            <dd>
              <Link
                to={`/agents/${agent}/diff`}
                search={
                  { from: String(baseline.agent_version), to: String(candidate.agent_version) } as never
                }
              >
                what differs between the two
              </Link>
            </dd>
          </>
        )}
        <dt>Eval</dt>
        <dd>
          {report.eval.name}, revision {report.eval.revision}
        </dd>
        <dt>Cases</dt>
        <dd>
          {origin === null ? report.candidate.dataset.name : 'what users said'},{' '}
          {counted(pairing.common, 'case')} in common
        </dd>
        <dt>Answered by</dt>
        <dd>
          <Answerers sides={[report.baseline, report.candidate]} />
        </dd>
        <dt>Done</dt>
        <dd>
          <Time at={comparison.ended_at} />
        </dd>
      </dl>
      <p>
        <a href={`/pawl/v1/comparisons/${comparison.id}/report?format=html`} target="_blank" rel="noreferrer">
          The whole report on one page
        </a>
      </p>
    </section>
  );
}

function Answerers({ sides }: { readonly sides: readonly ReportSide[] }): ReactNode {
  const names = [...new Set(sides.flatMap(({ served_by }) => served_by))];
  return (
    <>
      {names.join(', ')}{' '}
      {names.some((name) => name.startsWith('offline/')) && <Badge tone="warn">offline</Badge>}
    </>
  );
}
