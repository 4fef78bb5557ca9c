import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { Choice } from '../../parts/field.tsx';
import { Deed } from '../deed.tsx';
import { runningModes } from '../roll-back.tsx';

/** What all that can be done with a rollout is told. */
export type DeedProps = {
  readonly rollout: RolloutResponse;
  /** Why it may not be done now; null when it may. */
  readonly because: string | null;
  /** Paths whose answers change by it. */
  readonly changes: readonly string[];
};

/** Ends a rollout without calling the candidate bad. */
export function AbortDeed({ rollout, because, changes }: DeedProps): ReactNode {
  const { id, alias, baseline_version, candidate_version } = rollout;
  const [running, setRunning] = useState<string>('drain');
  return (
    <Deed
      {...{ because, changes }}
      does="Abort"
      title="Abort this rollout?"
      danger
      path={`/pawl/v1/rollouts/${id}/abort`}
      body={{ running }}
    >
      <p>
        All new sessions of {alias} get version {baseline_version}. The candidate is not called bad: its
        promotion stands as before, and the alias is not held. To call it bad, roll back instead.
      </p>
      <Choice
        label={`Sessions that run on version ${candidate_version}`}
        value={running}
        onChange={setRunning}
        options={runningModes}
      />
    </Deed>
  );
}

/** Begins a rollout anew that was taken back, and leads to it. */
export function RetryDeed({ rollout, because, changes }: DeedProps): ReactNode {
  const navigate = useNavigate();
  return (
    <Deed<RolloutResponse>
      {...{ because, changes }}
      does="Try again"
      title="Try this rollout again?"
      path={`/pawl/v1/rollouts/${rollout.id}/retry`}
      onDone={(again) => void navigate({ to: `/release/rollouts/${again.id}` })}
    >
      <p>Another rollout begins with the same steps. The same users get the candidate first as before.</p>
    </Deed>
  );
}
