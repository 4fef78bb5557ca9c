import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AliasResponse } from '../../../../src/api/aliases.ts';
import type { AgentResponse } from '../../../../src/api/wire/agents.ts';
import { useAgent } from '../../agents/versions.ts';
import { Badge } from '../../parts/badge.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Page } from '../../parts/page.tsx';
import { Time } from '../../parts/time.tsx';
import { useAlias } from '../alias-roll-back.tsx';
import { RollBack } from '../roll-back.tsx';
import { DefaultAlias } from './default-alias.tsx';
import { HoldPanel } from './hold-panel.tsx';
import { MoveList } from './move-list.tsx';
import { PolicyPanel } from './policy-panel.tsx';
import { SetAlias } from './set-alias.tsx';

/** One alias: what it serves, what moves it, and everything it has stood for. */
export function AliasPage(): ReactNode {
  const { agentId, alias: name } = useParams({ strict: false }) as { agentId: string; alias: string };
  const agent = useAgent(agentId);
  const alias = useAlias({ agent_id: agentId, name });
  return (
    <Loaded of={agent}>
      {(newest) => <Loaded of={alias}>{(known) => <Known agent={newest} alias={known} />}</Loaded>}
    </Loaded>
  );
}

type Props = { readonly agent: AgentResponse; readonly alias: AliasResponse };

function Known({ agent, alias }: Props): ReactNode {
  const { name } = alias;
  const isFree = alias.version === null || !alias.policy.protected;
  return (
    <Page
      title={`${agent.name}, ${name}`}
      under={[
        { text: 'Agents', to: '/agents' },
        { text: agent.name, to: `/agents/${agent.id}` },
      ]}
      actions={
        <>
          <Link
            className="button button-plain"
            to="/release/promotions/new"
            search={{ agent: agent.id, alias: name } as never}
          >
            Ask for promotion
          </Link>
          <RollBack alias={alias} explains />
        </>
      }
    >
      {alias.hold !== null && <HoldPanel alias={alias} hold={alias.hold} />}
      <Facts agent={agent} alias={alias} />
      {isFree && <SetAlias agentId={agent.id} name={name} alias={alias} versions={agent.version} />}
      <div className="columns">
        <PolicyPanel alias={alias} />
        <DefaultAlias alias={alias} current={agent.pawl.default_alias} />
      </div>
      <h2>History</h2>
      <MoveList alias={alias} />
    </Page>
  );
}

function Facts({ agent, alias }: Props): ReactNode {
  const { name, version, rollout, updated_at } = alias;
  return (
    <dl className="facts">
      <dt>Serves</dt>
      <dd>
        {version === null ? (
          'nothing yet'
        ) : (
          <Link to={`/agents/${agent.id}/versions/${version}`}>version {version}</Link>
        )}{' '}
        {agent.pawl.default_alias === name && <Badge tone="calm">default</Badge>}
      </dd>
      <dt>Canary</dt>
      <dd>
        {rollout === null ? (
          'none'
        ) : (
          <Link to={`/release/rollouts/${rollout.id}`}>
            version {rollout.version} at {rollout.weight} %
          </Link>
        )}
      </dd>
      <dt>Last changed</dt>
      <dd>
        <Time at={updated_at} />
      </dd>
      <dt>More</dt>
      <dd>
        <Link to="/sessions" search={{ agent_id: agent.id, alias: name } as never}>
          Its sessions
        </Link>
        {' · '}
        <Link to="/release" search={{ agent_id: agent.id, alias: name } as never}>
          Its promotions
        </Link>
        {' · '}
        <Link to="/release/rollouts" search={{ agent_id: agent.id, alias: name } as never}>
          Its rollouts
        </Link>
        {' · '}
        <Link to="/release/audit" search={{ subject: `${agent.id}@${name}` } as never}>
          Audit log
        </Link>
      </dd>
    </dl>
  );
}
