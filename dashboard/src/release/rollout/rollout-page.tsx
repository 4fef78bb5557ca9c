import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import type { Liveness } from '../../http/follow.ts';
import { Badge, StatusBadge } from '../../parts/badge.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Page } from '../../parts/page.tsx';
import { Time } from '../../parts/time.tsx';
import { AgentName } from '../agent-name.tsx';
import { AliasRollBack } from '../alias-roll-back.tsx';
import { ArmTable } from './arm-table.tsx';
import { CheckTable } from './check-table.tsx';
import { EventList } from './event-list.tsx';
import { EvidenceCharts } from './evidence-charts.tsx';
import { RolloutActions } from './rollout-actions.tsx';
import { StepPanel } from './step-panel.tsx';
import { TrafficBar } from './traffic-bar.tsx';
import { useRollout } from './use-rollout.ts';

/** A rollout, live: who gets what, how it goes, what it waits for, and what can be done about it. */
export function RolloutPage(): ReactNode {
  const { rolloutId } = useParams({ strict: false }) as { rolloutId: string };
  const { rollout, liveness } = useRollout(rolloutId);
  return <Loaded of={rollout}>{(known) => <Known rollout={known} liveness={liveness} />}</Loaded>;
}

type Props = { readonly rollout: RolloutResponse; readonly liveness: Liveness };

function Known({ rollout, liveness }: Props): ReactNode {
  const { id, agent_id, alias, candidate_version } = rollout;
  return (
    <Page
      title={`Rollout of version ${candidate_version} to ${alias}`}
      under={[
        { text: 'Release', to: '/release' },
        { text: 'Rollouts', to: '/release/rollouts' },
      ]}
      actions={<AliasRollBack agent_id={agent_id} name={alias} />}
    >
      <Facts rollout={rollout} liveness={liveness} />
      <TrafficBar rollout={rollout} />
      <div className="columns">
        <StepPanel rollout={rollout} />
        <RolloutActions rollout={rollout} />
      </div>
      <h2>How the candidate does</h2>
      <CheckTable checks={rollout.evidence.checks} />
      <h2>Evidence over time</h2>
      <EvidenceCharts rolloutId={id} />
      <h2>Sessions</h2>
      <ArmTable rollout={rollout} />
      <h2>What happened</h2>
      <EventList rolloutId={id} />
    </Page>
  );
}

function Facts({ rollout, liveness }: Props): ReactNode {
  const { agent_id, alias, promotion_id, retry_of, status, started_by, reason, created_at } = rollout;
  const { ended_at, ended_by, end_reason, looks, last_look_at } = rollout;
  return (
    <dl className="facts">
      <dt>Status</dt>
      <dd>
        <span role="status">
          <StatusBadge status={status} />
        </span>{' '}
        {liveness === 'lost' && <Badge tone="warn">connection lost, trying again</Badge>}
      </dd>
      <dt>Of</dt>
      <dd>
        <AgentName id={agent_id} />, <Link to={`/agents/${agent_id}/aliases/${alias}`}>{alias}</Link>,{' '}
        <Link to={`/release/promotions/${promotion_id}`}>by this promotion</Link>
        {retry_of !== null && (
          <>
            , after <Link to={`/release/rollouts/${retry_of}`}>another try</Link>
          </>
        )}
      </dd>
      <dt>Started by</dt>
      <dd>
        {started_by.name}, <Time at={created_at} />
        {reason !== null && `: ${reason}`}
      </dd>
      {ended_at === null ? (
        <>
          <dt>Last look</dt>
          <dd>
            {looks === 0 ? 'none yet' : <Time at={last_look_at} />}
            {looks > 0 && `, number ${looks}`}
          </dd>
        </>
      ) : (
        <>
          <dt>Ended</dt>
          <dd>
            by {ended_by?.name === 'pawl' ? 'the server' : ended_by?.name}, <Time at={ended_at} />
            {end_reason !== null && `: ${end_reason}`}
          </dd>
        </>
      )}
    </dl>
  );
}
