import type { ReactNode } from 'react';
import { counted, numberText } from '../parts/quantities.ts';
import type { EvalRun } from './answers.ts';
import { isOver } from './words.ts';

/** How far a run has come. */
export function Progress({
  run,
}: {
  readonly run: Pick<EvalRun, 'counts' | 'status' | 'agent_version'>;
}): ReactNode {
  const { done, errors, reused, total } = run.counts;
  const text = `${numberText(done + errors)} of ${numberText(total)}`;
  return (
    <span className="progress">
      {!isOver(run.status) && (
        <progress max={total} value={done + errors} aria-label={`Progress of version ${run.agent_version}`} />
      )}
      <span>
        {text}
        {reused > 0 && <span className="faint"> ({numberText(reused)} reused)</span>}
        {errors > 0 && <span className="faint"> ({counted(errors, 'session')} broke)</span>}
      </span>
    </span>
  );
}
