import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonResponse } from '../../../src/api/comparisons.ts';
import { StatusBadge } from '../parts/badge.tsx';
import { Progress } from './progress.tsx';
import { isOver, sideTexts } from './words.ts';

/** Both runs while they go on, or why there is no verdict. */
export function UnderWay({ comparison }: { readonly comparison: ComparisonResponse }): ReactNode {
  const { status, error, baseline, candidate } = comparison;
  const sides = sideTexts(comparison);
  return (
    <section className={isOver(status) ? 'notice notice-bad' : 'notice'} aria-label="Progress">
      <h2>
        <StatusBadge status={status} />{' '}
        {isOver(status) ? 'No verdict' : 'The verdict comes when both have answered.'}
      </h2>
      {error !== null && <p role="alert">{error}</p>}
      <ul>
        {[baseline, candidate].map((run, n) => (
          <li key={run.id}>
            <Link to={`/evaluations/runs/${run.id}`}>{sides[n]}</Link>: <Progress run={run} />{' '}
            <StatusBadge status={run.status} />
          </li>
        ))}
      </ul>
      {isOver(status) && (
        <p>Resume the run that has not come to its end, and compare the two again from its page.</p>
      )}
    </section>
  );
}
