import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DatasetResponse } from '../../../src/api/wire/datasets.ts';
import { Badge } from '../parts/badge.tsx';
import { Choice } from '../parts/field.tsx';
import { type Column, List } from '../parts/list.tsx';
import { orders, useFields } from '../parts/list-fields.ts';
import { Page } from '../parts/page.tsx';
import { numberText } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';

const columns: readonly Column<DatasetResponse>[] = [
  {
    title: 'Dataset',
    cell: ({ id, name, archived_at }) => (
      <>
        <Link to={`/datasets/${id}`}>{name}</Link>{' '}
        {archived_at !== null && <Badge tone="calm">archived</Badge>}
      </>
    ),
  },
  {
    title: 'What it is for',
    cell: ({ description }) => description ?? <span className="faint">not said</span>,
  },
  {
    title: 'Cases',
    isNumber: true,
    cell: ({ revision }) => numberText(revision?.cases ?? 0),
  },
  {
    title: 'Groups',
    isNumber: true,
    cell: ({ revision }) => revision?.summary.groups.filter(({ group }) => group !== null).length ?? 0,
  },
  { title: 'Changed', cell: ({ updated_at }) => <Time at={updated_at} /> },
  { title: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
];

const archived = [
  { value: '', text: 'left out' },
  { value: 'true', text: 'as well' },
];

/** All datasets: the cases that versions are measured on. */
export function DatasetList(): ReactNode {
  const field = useFields();
  return (
    <Page
      title="Datasets"
      actions={
        <Link className="button button-main" to="/datasets/new">
          New dataset
        </Link>
      }
    >
      <List
        name="Datasets"
        path="/pawl/v1/datasets"
        columns={columns}
        keyOf={({ id }) => id}
        searches="Name, or words of what it is for"
        filters={['include_archived']}
        empty={
          <>
            No dataset here. A dataset holds cases: what is asked, and what should be answered. Bring a file,
            or <Link to="/welcome">load the example</Link>.
          </>
        }
      >
        <Choice label="Archived ones" {...field('include_archived')} options={archived} />
        <Choice label="Order" {...field('order')} options={orders} />
      </List>
    </Page>
  );
}
