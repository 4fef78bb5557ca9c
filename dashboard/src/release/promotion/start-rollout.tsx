import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { send } from '../../http/client.ts';
import { useAction } from '../../http/use-action.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Choice, TextField } from '../../parts/field.tsx';
import { runningModes } from '../roll-back.tsx';
import { StepFields } from './step-fields.tsx';
import { readSteps, usualSteps } from './steps.ts';
import { readWatch, usualWatch } from './watch-draft.ts';
import { WatchFields } from './watch-fields.tsx';

type Props = {
  readonly promotion: PromotionResponse;
  /** Why it may not be started now; null when it may. */
  readonly because: string | null;
};

/** Carries a promotion out in steps, and is asked beforehand which. */
export function StartRollout({ promotion, because }: Props): ReactNode {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button look="main" disabledBecause={because} onPress={() => setAsking(true)}>
        Start a rollout
      </Button>
      {because !== null && <span className="faint">{because}</span>}
      {asking && <Plan promotion={promotion} onClose={() => setAsking(false)} />}
    </>
  );
}

function Plan({
  promotion: { id, agent_id, candidate_version, basis },
  onClose,
}: {
  readonly promotion: PromotionResponse;
  readonly onClose: () => void;
}): ReactNode {
  const [steps, setSteps] = useState<ReturnType<typeof usualSteps>>(usualSteps);
  const [watch, setWatch] = useState<ReturnType<typeof usualWatch>>(usualWatch);
  const [running, setRunning] = useState<string>('drain');
  const [lookSeconds, setLookSeconds] = useState('10');
  const [reason, setReason] = useState('');
  const navigate = useNavigate();
  const start = useAction((plan: object) => send<RolloutResponse>('/pawl/v1/rollouts', plan), {
    changes: ['/pawl/v1/rollouts', '/pawl/v1/promotions', `/pawl/v1/agents/${agent_id}`, '/pawl/v1/agents'],
    onDone: (rollout) => void navigate({ to: `/release/rollouts/${rollout.id}` }),
  });
  const asked = readSteps(steps);
  const watched = readWatch(watch);
  const problem = typeof asked === 'string' ? asked : typeof watched === 'string' ? watched : null;

  function go(): void {
    if (typeof asked === 'string' || typeof watched === 'string') return;
    const said = reason.trim() === '' ? {} : { reason };
    const plan = { promotion_id: id, steps: asked, ...watched, on_rollback: running };
    void start.run({ ...plan, look_seconds: Number(lookSeconds), ...said });
  }

  return (
    <Dialog title={`Roll version ${candidate_version} out in steps`} onClose={onClose}>
      <p>
        Part of the new sessions get version {candidate_version}, the others version {basis.baseline_version}.
        The server compares both all the while. When the candidate is worse it takes it back by itself; when
        it cannot tell, it asks a person.
      </p>
      <StepFields steps={steps} onChange={(next) => setSteps([...next])} />
      <details className="entry">
        <summary>What is watched, and how</summary>
        <WatchFields watch={watch} onChange={(next) => setWatch([...next])} />
        <TextField
          type="number"
          label="Looks at the evidence every so many seconds"
          value={lookSeconds}
          onChange={setLookSeconds}
        />
        <Choice
          label="Sessions of the candidate, when the server takes it back"
          value={running}
          onChange={setRunning}
          options={runningModes}
        />
      </details>
      <TextField label="Why (for the history)" value={reason} onChange={setReason} />
      <Failure error={start.error} />
      {problem !== null && <p role="status">{problem}.</p>}
      <div className="row row-end">
        <Button onPress={onClose}>Cancel</Button>
        <Button look="main" busy={start.busy} disabledBecause={problem} onPress={go}>
          Start the rollout
        </Button>
      </div>
    </Dialog>
  );
}
