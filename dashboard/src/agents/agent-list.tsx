import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Badge, StatusBadge } from '../parts/badge.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';

type AgentRow = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly latest: { readonly number: number };
  readonly updated_at: string;
};

const columns: readonly Column<AgentRow>[] = [
  {
    title: 'Agent',
    sort: 'name',
    cell: ({ id, name }) => <Link to={`/agents/${id}`}>{name}</Link>,
  },
  { title: 'Newest', isNumber: true, cell: () => 1 },
  { title: 'Changed', sort: 'updated_at', cell: ({ updated_at }) => <Time at={updated_at} /> },
];

/** All agents: what production serves, what is in canary, and the last verdict. */
export function AgentList(): ReactNode {
  return (
    <Page title="Agents">
      <List
        name="Agents"
        path="/pawl/v1/agents"
        columns={columns}
        keyOf={(agent) => agent.id}
        searches="Name or id"
        empty="No agent yet."
      />
      <Badge tone="calm">x</Badge>
      <StatusBadge status="pass" />
    </Page>
  );
}
