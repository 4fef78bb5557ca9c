import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AgentOverviewResponse } from '../../../src/api/wire/overviews.ts';
import { Badge, StatusBadge } from '../parts/badge.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';

const columns: readonly Column<AgentOverviewResponse>[] = [
  {
    title: 'Agent',
    sort: 'name',
    cell: ({ id, name, archived_at }) => (
      <>
        <Link to={`/agents/${id}`}>{name}</Link> {archived_at !== null && <Badge tone="calm">archived</Badge>}
      </>
    ),
  },
  { title: 'Production', cell: Production },
  { title: 'In canary', cell: Canaries },
  { title: 'Last verdict', cell: Verdict },
  { title: 'Newest', isNumber: true, cell: ({ latest_version: { version } }) => version },
  {
    title: 'Promotions',
    isNumber: true,
    cell: ({ id, open_promotions: open }) =>
      open === 0 ? 0 : <Link to="/release" search={{ agent_id: id } as never}>{`${open} open`}</Link>,
  },
  { title: 'Changed', sort: 'updated_at', cell: ({ updated_at }) => <Time at={updated_at} /> },
];

/** All agents: what production serves, what is in canary, and the last verdict. */
export function AgentList(): ReactNode {
  return (
    <Page
      title="Agents"
      actions={
        <Link className="button button-main" to="/agents/new">
          New agent
        </Link>
      }
    >
      <List
        name="Agents"
        path="/pawl/v1/agents"
        columns={columns}
        keyOf={({ id }) => id}
        searches="Name or id"
        empty={
          <>
            No agent here. <Link to="/welcome">How to begin</Link>
          </>
        }
      />
    </Page>
  );
}

function Production({ aliases, default_alias }: AgentOverviewResponse): ReactNode {
  const alias =
    aliases.find(({ name }) => name === 'production') ?? aliases.find(({ name }) => name === default_alias);
  if (alias === undefined) return <span className="faint">the newest</span>;
  return (
    <>
      {alias.version === null ? 'none' : `version ${alias.version}`}{' '}
      {alias.name !== 'production' && <span className="faint">({alias.name})</span>}{' '}
      {alias.held && <Badge tone="warn">held</Badge>}
    </>
  );
}

function Canaries({ aliases }: AgentOverviewResponse): ReactNode {
  return aliases.map(({ name, rollout }) =>
    rollout === null ? null : (
      <div key={name}>
        <Link to={`/release/rollouts/${rollout.id}`}>
          version {rollout.candidate_version} at {rollout.weight} %
        </Link>{' '}
        {name !== 'production' && <span className="faint">({name})</span>}{' '}
        <StatusBadge status={rollout.status} />
      </div>
    ),
  );
}

function Verdict({ last_verdict: last }: AgentOverviewResponse): ReactNode {
  if (last === null) return <span className="faint">none</span>;
  return (
    <>
      <StatusBadge status={last.verdict} />{' '}
      <Link to={`/evaluations/comparisons/${last.comparison_id}`}>
        {last.candidate} against {last.baseline}
      </Link>
    </>
  );
}
