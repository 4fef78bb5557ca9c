import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AliasMoveResponse, AliasResponse } from '../../../../src/api/aliases.ts';
import { Badge, StatusBadge } from '../../parts/badge.tsx';
import { type Column, List } from '../../parts/list.tsx';
import { Time } from '../../parts/time.tsx';

const kinds = {
  set: 'set',
  promotion: 'promotion',
  rollback: 'rolled back',
  removal: 'removed',
} as const satisfies Record<AliasMoveResponse['kind'], string>;

const columns: readonly Column<AliasMoveResponse>[] = [
  { title: 'Move', isNumber: true, cell: ({ move }) => move },
  { title: 'When', cell: ({ created_at }) => <Time at={created_at} /> },
  {
    title: 'What',
    cell: ({ kind }) => <Badge tone={kind === 'rollback' ? 'bad' : 'calm'}>{kinds[kind]}</Badge>,
  },
  {
    title: 'From, to',
    cell: ({ from_version, to_version }) => `${from_version ?? 'nothing'} → ${to_version ?? 'nothing'}`,
  },
  { title: 'Who', cell: ({ actor }) => (actor.name === 'pawl' ? 'the server' : actor.name) },
  { title: 'Why', cell: ({ reason }) => reason },
  { title: 'Evidence', cell: Evidence },
];

/** Every move of an alias, newest first, with what it stood on. */
export function MoveList({ alias }: { readonly alias: AliasResponse }): ReactNode {
  return (
    <List
      name="History"
      path={`/pawl/v1/agents/${alias.agent_id}/aliases/${alias.name}/moves`}
      columns={columns}
      keyOf={({ move }) => String(move)}
      empty="It has never stood for anything."
    />
  );
}

function Evidence({ evidence }: AliasMoveResponse): ReactNode {
  if (evidence === null) return <span className="faint">none</span>;
  const { promotion_id, comparison_id, verdict, overridden, approved_by } = evidence;
  return (
    <>
      <Link to={`/release/promotions/${promotion_id}`}>promotion</Link>{' '}
      {comparison_id !== null && verdict !== null && (
        <Link to={`/evaluations/comparisons/${comparison_id}`}>
          <StatusBadge status={verdict} />
        </Link>
      )}{' '}
      {overridden && <Badge tone="note">overridden</Badge>}
      {approved_by.length > 0 && <div className="faint">approved by {approved_by.join(', ')}</div>}
    </>
  );
}
