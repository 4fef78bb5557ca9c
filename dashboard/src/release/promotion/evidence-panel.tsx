import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonResponse } from '../../../../src/api/comparisons.ts';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import { ResourceTable } from '../../evaluations/resource-table.tsx';
import { useWatched } from '../../evaluations/use-watched.ts';
import { VerdictPanel } from '../../evaluations/verdict-panel.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { numberText } from '../../parts/quantities.ts';
import { FlipList } from './flip-list.tsx';
import { GroupTable } from './group-table.tsx';
import type { Report } from './report.ts';

type Props = { readonly promotion: PromotionResponse };

/** How the candidate was measured: the verdict and why, by group, case by case, and what it takes. */
export function EvidencePanel({ promotion: { evidence } }: Props): ReactNode {
  return (
    <>
      <h2>What the gate says</h2>
      {evidence === null ? (
        <p className="empty">Nothing was measured on what it stands on. “Evaluate again” begins that.</p>
      ) : (
        <Measured key={evidence.comparison_id} id={evidence.comparison_id} />
      )}
    </>
  );
}

function Measured({ id }: { readonly id: string }): ReactNode {
  const { query, now } = useWatched<ComparisonResponse>(`/pawl/v1/comparisons/${id}`);
  return (
    <Loaded of={query}>
      {(first) => {
        const comparison = now ?? first;
        const { report } = comparison;
        return report === null ? <Underway comparison={comparison} /> : <Found report={report} id={id} />;
      }}
    </Loaded>
  );
}

function Underway({ comparison }: { readonly comparison: ComparisonResponse }): ReactNode {
  const { id, status, error, baseline, candidate } = comparison;
  if (error !== null) return <p>It came to no verdict: {error}</p>;
  return (
    <div role="status">
      <p>
        {status === 'pending' ? 'It is about to begin. ' : 'Both versions are asked all cases. '}
        <Link to={`/evaluations/comparisons/${id}`}>The comparison</Link>
      </p>
      <ul>
        {[baseline, candidate].map((run) => (
          <li key={run.id}>
            Version {run.agent_version}: {numberText(run.counts.done)}
            {run.counts.total > 0 && ` of ${numberText(run.counts.total)}`} answers
          </li>
        ))}
      </ul>
    </div>
  );
}

function Found({ report, id }: { readonly report: Report; readonly id: string }): ReactNode {
  return (
    <>
      <VerdictPanel report={report} />
      <p>
        <Link to={`/evaluations/comparisons/${id}`}>The whole comparison, with all cases</Link>
      </p>
      <h3>By group</h3>
      <GroupTable rows={report.rows.shown} />
      <h3>Cases that turned</h3>
      <FlipList flips={report.flips} comparisonId={id} />
      <ResourceTable report={report} />
    </>
  );
}
