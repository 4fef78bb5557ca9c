import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { PromotionListed } from '../../../src/api/promotions.ts';
import { Badge, StatusBadge } from '../parts/badge.tsx';
import { Choice } from '../parts/field.tsx';
import { type Column, List } from '../parts/list.tsx';
import { useFields } from '../parts/list-fields.ts';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { AgentName } from './agent-name.tsx';
import { AliasFilter, aliasFilters } from './alias-filter.tsx';
import { ReleasePlaces } from './places.tsx';

const columns: readonly Column<PromotionListed>[] = [
  {
    title: 'Promotion',
    cell: ({ id, candidate_version, alias }) => (
      <Link to={`/release/promotions/${id}`}>
        version {candidate_version} to {alias}
      </Link>
    ),
  },
  { title: 'Agent', cell: ({ agent_id }) => <AgentName id={agent_id} /> },
  { title: 'In place of', isNumber: true, cell: ({ basis }) => basis.baseline_version },
  { title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  { title: 'Verdict', cell: Verdict },
  { title: 'Asked by', cell: ({ author }) => author.name },
  { title: 'Why', cell: ({ reason }) => reason ?? <span className="faint">not said</span> },
  { title: 'Asked', cell: ({ created_at }) => <Time at={created_at} /> },
];

const statuses = [
  { value: '', text: 'any' },
  { value: 'in_review', text: 'in review' },
  { value: 'approved', text: 'approved' },
  { value: 'completed', text: 'completed' },
  { value: 'rejected', text: 'rejected' },
  { value: 'rolled_back', text: 'rolled back' },
  { value: 'canceled', text: 'withdrawn' },
];

/** All promotions: what was asked for, how it was measured, and how it was decided. */
export function PromotionList(): ReactNode {
  const field = useFields();
  return (
    <Page
      title="Release"
      actions={
        <Link className="button button-main" to="/release/promotions/new">
          Ask for promotion
        </Link>
      }
    >
      <ReleasePlaces />
      <List
        name="Promotions"
        path="/pawl/v1/promotions"
        columns={columns}
        keyOf={({ id }) => id}
        searches="Agent, or words of the reason"
        filters={aliasFilters}
        empty="No promotion here. Whoever has made a better version asks for one from the page of that version."
      >
        <Choice label="Status" {...field('status')} options={statuses} />
        <AliasFilter />
      </List>
    </Page>
  );
}

function Verdict({ evidence, override }: PromotionListed): ReactNode {
  return (
    <>
      {evidence === null ? (
        <span className="faint">not measured</span>
      ) : (
        <StatusBadge status={evidence.verdict ?? evidence.status} />
      )}{' '}
      {override !== null && <Badge tone="note">overridden</Badge>}
    </>
  );
}
