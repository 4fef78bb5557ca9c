import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EvalRunResponse } from '../../../src/api/eval-runs.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { ConfirmedButton } from '../parts/confirmed-button.tsx';
import { Failure } from '../parts/failure.tsx';
import { mayActAs, useMe } from '../shell/me.ts';
import { isOver } from './words.ts';

type Props = {
  readonly run: EvalRunResponse;
  readonly onChanged: (run: EvalRunResponse) => void;
};

/** Stops a run, or goes on with one. */
export function RunActions({ run, onChanged }: Props): ReactNode {
  const me = useMe();
  const path = `/pawl/v1/eval_runs/${run.id}`;
  const notAllowed = mayActAs(me, 'editor') ? null : 'Viewers read only';
  const resume = useAction(() => send<EvalRunResponse>(`${path}/resume`), {
    changes: [path],
    onDone: onChanged,
  });
  return (
    <>
      <Failure error={resume.error} />
      <Link
        className="button button-plain"
        to="/evaluations/new"
        search={{ agent: run.agent_id, eval: run.eval_id } as never}
      >
        Run again
      </Link>
      {isOver(run.status) ? (
        <Button
          busy={resume.busy}
          disabledBecause={notAllowed ?? whyNotResumed(run)}
          onPress={() => void resume.run(undefined)}
        >
          Resume
        </Button>
      ) : (
        <ConfirmedButton
          does="Cancel the run"
          title="Cancel this run?"
          because={notAllowed}
          work={() => send<EvalRunResponse>(`${path}/cancel`)}
          changes={[path]}
          onDone={onChanged}
        >
          <p>Sessions that are under way are stopped. What is done is kept, and the run can be resumed.</p>
        </ConfirmedButton>
      )}
    </>
  );
}

function whyNotResumed({ status, counts }: EvalRunResponse): string | null {
  return status === 'completed' && counts.errors === 0 ? 'Every case has its answer' : null;
}
