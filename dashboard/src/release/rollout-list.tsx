import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RolloutListed } from '../../../src/api/rollouts.ts';
import { StatusBadge } from '../parts/badge.tsx';
import { Choice } from '../parts/field.tsx';
import { type Column, List } from '../parts/list.tsx';
import { useFields } from '../parts/list-fields.ts';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { AgentName } from './agent-name.tsx';
import { AliasFilter, aliasFilters } from './alias-filter.tsx';
import { ReleasePlaces } from './places.tsx';

const columns: readonly Column<RolloutListed>[] = [
  {
    title: 'Rollout',
    cell: ({ id, candidate_version, alias }) => (
      <Link to={`/release/rollouts/${id}`}>
        version {candidate_version} to {alias}
      </Link>
    ),
  },
  { title: 'Agent', cell: ({ agent_id }) => <AgentName id={agent_id} /> },
  { title: 'In place of', isNumber: true, cell: ({ baseline_version }) => baseline_version },
  { title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  {
    title: 'Step',
    cell: ({ step, settings, weight, ended_at }) =>
      ended_at === null ? `${step} of ${settings.steps.length}, ${weight} %` : '',
  },
  {
    title: 'What it waits for, or why it ended',
    cell: ({ pause, decision, end_reason }) => end_reason ?? pause?.reason ?? decision?.reason ?? '',
  },
  { title: 'Started by', cell: ({ started_by }) => started_by.name },
  { title: 'Started', cell: ({ created_at }) => <Time at={created_at} /> },
];

const statuses = [
  { value: '', text: 'any' },
  { value: 'running', text: 'running' },
  { value: 'paused', text: 'paused' },
  { value: 'completed', text: 'completed' },
  { value: 'rolled_back', text: 'rolled back' },
  { value: 'aborted', text: 'aborted' },
];

/** All rollouts: how far they are, and how they ended. */
export function RolloutList(): ReactNode {
  const field = useFields();
  return (
    <Page title="Rollouts">
      <ReleasePlaces />
      <List
        name="Rollouts"
        path="/pawl/v1/rollouts"
        columns={columns}
        keyOf={({ id }) => id}
        searches="Agent, or words of the reason"
        filters={aliasFilters}
        empty="No rollout here. A releaser starts one from a promotion that lacks nothing."
      >
        <Choice label="Status" {...field('status')} options={statuses} />
        <AliasFilter />
      </List>
    </Page>
  );
}
