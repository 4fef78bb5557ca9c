import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ComparisonResponse } from '../../../src/api/comparisons.ts';
import type { EvalRunResponse } from '../../../src/api/eval-runs.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { mayActAs, useMe } from '../shell/me.ts';
import { inOrder } from './run-figures.ts';

/** Compares two runs that are there; with one of them, says what to do. */
export function CompareTwo({ runs }: { readonly runs: readonly EvalRunResponse[] }): ReactNode {
  const me = useMe();
  const navigate = useNavigate();
  const [one, other] = runs;
  const pair = one === undefined || other === undefined ? null : inOrder(one, other);
  const compare = useAction(
    ([baseline, candidate]: readonly [EvalRunResponse, EvalRunResponse]) =>
      send<ComparisonResponse>('/pawl/v1/comparisons', {
        baseline_run: baseline.id,
        candidate_run: candidate.id,
      }),
    {
      changes: ['/pawl/v1/comparisons'],
      onDone: ({ id }) => void navigate({ to: `/evaluations/comparisons/${id}` }),
    },
  );
  const because = mayActAs(me, 'editor') ? whyNot(pair) : 'Viewers read only';
  return (
    <section className="notice" aria-label="Compare two runs" aria-live="polite">
      <div className="row">
        <span>
          {pair === null
            ? 'Choose another run of the same eval to compare with.'
            : `Version ${pair[1].agent_version} against version ${pair[0].agent_version}, by ${pair[1].eval_name}`}
        </span>
        <Button
          look="main"
          busy={compare.busy}
          disabledBecause={because}
          onPress={() => pair !== null && void compare.run(pair)}
        >
          Compare them
        </Button>
        {because !== null && pair !== null && <span className="faint">{because}</span>}
      </div>
      <Failure error={compare.error} />
    </section>
  );
}

function whyNot(pair: readonly [EvalRunResponse, EvalRunResponse] | null): string | null {
  if (pair === null) return 'It takes two runs';
  return pair[0].eval_id === pair[1].eval_id ? null : 'Only runs of one eval can be compared';
}
