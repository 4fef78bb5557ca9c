import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ListedSessionResponse } from '../../../src/api/wire/session-rows.ts';
import { Badge, StatusBadge } from '../parts/badge.tsx';
import { Choice, TextField } from '../parts/field.tsx';
import { type Column, List } from '../parts/list.tsx';
import { orders, useFields } from '../parts/list-fields.ts';
import { Page } from '../parts/page.tsx';
import { costText, numberText } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';

const columns: readonly Column<ListedSessionResponse>[] = [
  {
    title: 'Session',
    cell: ({ id, title }) => (
      <Link to={`/sessions/${id}`}>{title ?? <span className="mono">{id.slice(0, 20)}…</span>}</Link>
    ),
  },
  { title: 'Agent', cell: ({ agent }) => <Link to={`/agents/${agent.id}`}>{agent.name}</Link> },
  { title: 'Version', isNumber: true, cell: ({ agent }) => agent.version },
  { title: 'Given by', cell: GivenBy },
  { title: 'Status', cell: Status },
  { title: 'Tokens', isNumber: true, cell: ({ tokens }) => numberText(tokens) },
  { title: 'Cost', isNumber: true, cell: ({ cost_usd }) => (cost_usd === null ? '' : costText(cost_usd)) },
  { title: 'Begun', cell: ({ created_at }) => <Time at={created_at} /> },
];

const filters = [
  'agent_id',
  'agent_version',
  'alias',
  'arm',
  'failed',
  'statuses',
  'targeting_key',
  'rollout_id',
  'order',
];

/** All sessions, by what they run, how they got it, and how they went. */
export function SessionList(): ReactNode {
  return (
    <Page title="Sessions">
      <List
        name="Sessions"
        path="/pawl/v1/sessions"
        columns={columns}
        keyOf={({ id }) => id}
        searches="Id, or words of the title"
        filters={filters}
        listed={['statuses']}
        empty={
          <>
            No session here. Sessions appear as soon as an application, an evaluation or somebody on these
            pages begins one. <Link to="/welcome">How to begin</Link>
          </>
        }
      >
        <Filters />
      </List>
    </Page>
  );
}

function Filters(): ReactNode {
  const field = useFields();
  return (
    <>
      <Choice label="Status" {...field('statuses')} options={statuses} />
      <Choice label="Failures" {...field('failed')} options={failures} />
      <Choice label="Arm" {...field('arm')} options={arms} />
      <TextField label="Alias" {...field('alias')} />
      <TextField label="Agent id" {...field('agent_id')} />
      <TextField label="Version" type="number" {...field('agent_version')} />
      <TextField label="Targeting key" {...field('targeting_key')} />
      <Choice label="Order" {...field('order')} options={orders} />
    </>
  );
}

const statuses = [
  { value: '', text: 'any' },
  { value: 'running', text: 'running' },
  { value: 'idle', text: 'idle' },
  { value: 'rescheduling', text: 'rescheduling' },
  { value: 'terminated', text: 'terminated' },
];
const failures = [
  { value: '', text: 'any' },
  { value: 'true', text: 'with a failed turn' },
  { value: 'false', text: 'without' },
];
const arms = [
  { value: '', text: 'any' },
  { value: 'canary', text: 'canary' },
  { value: 'control', text: 'control' },
];

function GivenBy({ alias, reason, rollout, overridden }: ListedSessionResponse): ReactNode {
  return (
    <>
      {alias ?? reason} {rollout !== null && <Badge tone="busy">{rollout.arm}</Badge>}{' '}
      {overridden && <Badge tone="note">overridden</Badge>}
    </>
  );
}

function Status({ status, failure, stopped_at }: ListedSessionResponse): ReactNode {
  return (
    <>
      <StatusBadge status={status} />{' '}
      {failure !== null && <Badge tone="bad">{failure.stop_reason.replaceAll('_', ' ')}</Badge>}{' '}
      {stopped_at !== null && <Badge tone="warn">stopped</Badge>}
    </>
  );
}
