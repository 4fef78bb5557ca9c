import type { ReactNode } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { useMe } from '../../shell/me.ts';
import { Deed } from '../deed.tsx';
import { AbortDeed, type DeedProps, RetryDeed } from './ending-deeds.tsx';
import { type RolloutDeed, whyNot } from './why-not.ts';

/** What people can do with a rollout, and why they may not. */
export function RolloutActions({ rollout }: { readonly rollout: RolloutResponse }): ReactNode {
  const { id, agent_id, promotion_id } = rollout;
  const me = useMe();
  const path = `/pawl/v1/rollouts/${id}`;
  const changes = [
    ...[path, '/pawl/v1/rollouts', '/pawl/v1/agents'],
    ...[`/pawl/v1/agents/${agent_id}`, `/pawl/v1/promotions/${promotion_id}`],
  ];
  const of = (deed: RolloutDeed): DeedProps => ({ rollout, changes, because: whyNot(deed, rollout, me) });
  return (
    <section className="panel" aria-label="What you can do">
      <h2>What you can do</h2>
      <ul className="deeds">
        <li>
          <Deed does="Pause" title="Pause this rollout?" path={`${path}/pause`} {...of('pause')}>
            <p>Traffic stays as it is, and the candidate gets no more. Guardrails go on.</p>
          </Deed>
        </li>
        <li>
          <Deed does="Resume" title="Resume this rollout?" path={`${path}/resume`} {...of('resume')}>
            <p>It goes on in spite of what it was paused for.</p>
          </Deed>
        </li>
        <li>
          <AdvanceDeed {...of('advance')} />
        </li>
        <li>
          <AbortDeed {...of('abort')} />
        </li>
        <li>
          <RetryDeed {...of('retry')} />
        </li>
      </ul>
    </section>
  );
}

function AdvanceDeed({ rollout, because, changes }: DeedProps): ReactNode {
  const { id, step, settings, candidate_version } = rollout;
  const next = settings.steps[step];
  const asks = settings.steps[step - 1]?.approval === true;
  const isLast = next === undefined || next.weight === 100;
  const to = isLast ? 'everybody' : `${next.weight} %`;
  return (
    <Deed
      {...{ because, changes }}
      does={asks ? `Approve, and go on to ${to}` : `Go on to ${to} now`}
      title={asks ? 'Approve this step?' : 'Go on without waiting?'}
      danger
      path={`/pawl/v1/rollouts/${id}/advance`}
      body={{ step }}
    >
      <p>
        {isLast
          ? `The alias moves: all new sessions get version ${candidate_version}.`
          : `${to} of new sessions get version ${candidate_version} from now on, whatever this step waits for.`}
      </p>
    </Deed>
  );
}
