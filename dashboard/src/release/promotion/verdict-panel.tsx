import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonResponse } from '../../../../src/api/comparisons.ts';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import type { GateReport } from '../../../../src/eval/gate-report.ts';
import { useRead } from '../../http/use-read.ts';
import { StatusBadge } from '../../parts/badge.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { FlipList } from './flip-list.tsx';
import { GroupTable } from './group-table.tsx';
import { TakenTable } from './taken-table.tsx';
import { sentence } from './why-not.ts';

type Props = { readonly promotion: PromotionResponse };

/** What the gate says of the candidate, and why: by group, case by case, and what it takes. */
export function VerdictPanel({ promotion: { evidence } }: Props): ReactNode {
  const isOpen = evidence?.status === 'pending' || evidence?.status === 'running';
  const path = evidence === null ? null : `/pawl/v1/comparisons/${evidence.comparison_id}`;
  const comparison = useRead<ComparisonResponse>(path, { everyMs: isOpen ? 3000 : false });
  return (
    <section className="panel" aria-label="What the gate says">
      <h2>
        What the gate says {evidence !== null && <StatusBadge status={evidence.verdict ?? evidence.status} />}
      </h2>
      {evidence === null ? (
        <p className="faint">Nothing was measured on what it stands on. “Evaluate again” begins that.</p>
      ) : (
        <>
          <p>
            <Link to={`/evaluations/comparisons/${evidence.comparison_id}`}>The whole comparison</Link>
          </p>
          <Loaded of={comparison}>
            {(known) =>
              known.report === null ? (
                <Underway comparison={known} />
              ) : (
                <Report report={known.report} id={known.id} />
              )
            }
          </Loaded>
        </>
      )}
    </section>
  );
}

function Underway({
  comparison: { status, error, baseline, candidate },
}: {
  readonly comparison: ComparisonResponse;
}): ReactNode {
  if (error !== null) return <p>It came to no verdict: {error}</p>;
  const sides = [baseline, candidate];
  return (
    <div role="status">
      <p>{status === 'pending' ? 'It is about to begin.' : 'Both versions are asked all cases.'}</p>
      <ul>
        {sides.map(({ id, agent_version, counts }) => (
          <li key={id}>
            Version {agent_version}: {counts.done}
            {counts.total > 0 && ` of ${counts.total}`} answers
          </li>
        ))}
      </ul>
    </div>
  );
}

function Report({ report, id }: { readonly report: GateReport; readonly id: string }): ReactNode {
  const { reasons, warnings, rows, flips, resources } = report;
  return (
    <>
      <ul>
        {reasons.shown.map(({ text }) => (
          <li key={text}>{sentence(text)}</li>
        ))}
      </ul>
      {warnings.shown.length > 0 && (
        <>
          <h3>To be known beside that</h3>
          <ul>
            {warnings.shown.map(({ text }) => (
              <li key={text}>{sentence(text)}</li>
            ))}
          </ul>
        </>
      )}
      <h3>By group</h3>
      <GroupTable rows={rows.shown} />
      <h3>Cases that turned</h3>
      <FlipList flips={flips} comparisonId={id} />
      <h3>What it takes</h3>
      <TakenTable rows={resources} />
    </>
  );
}
