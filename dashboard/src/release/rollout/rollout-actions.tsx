import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { Choice } from '../../parts/field.tsx';
import { useMe } from '../../shell/me.ts';
import { Deed } from '../deed.tsx';
import { runningModes } from '../roll-back.tsx';
import { whyNot } from './why-not.ts';

/** What people can do with a rollout, and why they may not. */
export function RolloutActions({ rollout }: { readonly rollout: RolloutResponse }): ReactNode {
  const { id, agent_id, step, settings, baseline_version, candidate_version, alias, promotion_id } = rollout;
  const [running, setRunning] = useState<string>('drain');
  const me = useMe();
  const navigate = useNavigate();
  const path = `/pawl/v1/rollouts/${id}`;
  const changes = [
    path,
    '/pawl/v1/rollouts',
    `/pawl/v1/agents/${agent_id}`,
    `/pawl/v1/promotions/${promotion_id}`,
  ];
  const next = settings.steps[step];
  const asks = settings.steps[step - 1]?.approval === true;
  const to = next === undefined || next.weight === 100 ? 'everybody' : `${next.weight} %`;
  const because = (deed: Parameters<typeof whyNot>[0]) => whyNot(deed, rollout, me);
  return (
    <section className="panel" aria-label="What you can do">
      <h2>What you can do</h2>
      <ul className="deeds">
        <li>
          <Deed
            {...{ changes }}
            does="Pause"
            title="Pause this rollout?"
            because={because('pause')}
            path={`${path}/pause`}
          >
            <p>Traffic stays as it is, and the candidate gets no more. Guardrails go on.</p>
          </Deed>
        </li>
        <li>
          <Deed
            {...{ changes }}
            does="Resume"
            title="Resume this rollout?"
            because={because('resume')}
            path={`${path}/resume`}
          >
            <p>It goes on in spite of what it was paused for.</p>
          </Deed>
        </li>
        <li>
          <Deed
            {...{ changes }}
            does={asks ? `Approve, and go on to ${to}` : `Go on to ${to} now`}
            title={asks ? 'Approve this step?' : 'Go on without waiting?'}
            because={because('advance')}
            danger
            path={`${path}/advance`}
            body={{ step }}
          >
            <p>
              {to === 'everybody'
                ? `The alias moves: all new sessions get version ${candidate_version}.`
                : `${to} of new sessions get version ${candidate_version} from now on, whatever this step waits for.`}
            </p>
          </Deed>
        </li>
        <li>
          <Deed
            {...{ changes }}
            does="Abort"
            title="Abort this rollout?"
            because={because('abort')}
            danger
            path={`${path}/abort`}
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
        </li>
        <li>
          <Deed<RolloutResponse>
            {...{ changes }}
            does="Try again"
            title="Try this rollout again?"
            because={because('retry')}
            path={`${path}/retry`}
            onDone={(again) => void navigate({ to: `/release/rollouts/${again.id}` })}
          >
            <p>
              Another rollout begins with the same steps. The same users get the candidate first as before.
            </p>
          </Deed>
        </li>
      </ul>
    </section>
  );
}
