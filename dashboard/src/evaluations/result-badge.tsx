import type { ReactNode } from 'react';
import type { EvalResultResponse } from '../../../src/api/eval-runs.ts';
import { Badge } from '../parts/badge.tsx';
import { findingOf } from './result-figures.ts';
import { pointsText } from './words.ts';

/** What a result came to by one scorer; a score that is neither full nor none stands beside. */
export function ResultBadge({
  result,
  metric,
}: {
  readonly result: EvalResultResponse;
  readonly metric: string;
}): ReactNode {
  const finding = findingOf(result, metric);
  if (finding === null) return <Badge tone="warn">session broke</Badge>;
  if (finding === 'unscored') return <Badge tone="warn">not scored</Badge>;
  const value = result.scores[metric]?.value ?? 0;
  return (
    <>
      <Badge tone={finding === 'right' ? 'good' : 'bad'}>{finding}</Badge>
      {value !== 0 && value !== 1 && <span className="faint"> {pointsText(value)} of 100</span>}
    </>
  );
}
