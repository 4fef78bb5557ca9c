import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonResponse } from '../../../src/api/comparisons.ts';
import type { PromotionResponse } from '../../../src/api/promotions.ts';
import { useRead } from '../http/use-read.ts';
import { StatusBadge } from '../parts/badge.tsx';
import { Failure } from '../parts/failure.tsx';
import type { Made } from './loading.ts';

/** How often it is looked how far the comparison has come, in milliseconds. */
const lookEveryMs = 1000;

/** What came of it: the verdict on version 2, why the gate refuses it, and the way to all of the evidence. */
export function Outcome({ made: { comparison_id, promotion_id } }: { readonly made: Made }): ReactNode {
  const path = comparison_id === undefined ? null : `/pawl/v1/comparisons/${comparison_id}`;
  const comparison = useRead<ComparisonResponse>(path, { everyMs: lookEveryMs });
  const promotion = useRead<PromotionResponse>(`/pawl/v1/promotions/${promotion_id}`, {
    everyMs: lookEveryMs,
  });
  const { data } = comparison;
  if (data === undefined) return <Failure error={comparison.error} />;
  const over = data.status !== 'running' && data.status !== 'pending';
  if (!over) {
    const answered = data.baseline.counts.done + data.candidate.counts.done;
    return (
      <p className="notice" role="status">
        Both versions answer the tickets: {answered} answers are there.
      </p>
    );
  }
  const blockers = promotion.data?.blockers ?? [];
  const reasons = data.report?.reasons.shown ?? [];
  return (
    <section className="notice notice-warn" aria-labelledby="outcome">
      <h2 id="outcome">What came of it</h2>
      <p role="status">
        The verdict on version 2 is <StatusBadge status={data.verdict ?? data.status} />
      </p>
      <ul>
        {reasons.map(({ text }) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      {blockers.length > 0 && (
        <p>
          The gate does not let it into production: {blockers.map(({ text }) => text).join('; ')}.{' '}
          <Link to={`/release/promotions/${promotion_id}`}>What was asked for</Link>
        </p>
      )}
      <Failure error={data.error === null ? null : new Error(data.error)} />
      <Link className="button button-main" to={`/evaluations/comparisons/${comparison_id}`}>
        See which tickets went wrong
      </Link>
    </section>
  );
}
