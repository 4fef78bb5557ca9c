import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { DatasetResponse, DatasetRevisionResponse } from '../../../src/api/wire/datasets.ts';
import { Badge } from '../parts/badge.tsx';
import { type Column, List } from '../parts/list.tsx';
import { numberText } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';
import { DatasetFrame } from './dataset-frame.tsx';

/** What a dataset held, each time that it changed. */
export function RevisionsPage(): ReactNode {
  return <DatasetFrame>{(dataset) => <Revisions dataset={dataset} />}</DatasetFrame>;
}

function Revisions({ dataset: { id, revision: newest } }: { readonly dataset: DatasetResponse }): ReactNode {
  const columns: readonly Column<DatasetRevisionResponse>[] = [
    {
      title: 'Revision',
      cell: (one) => (
        <>
          <Link to={`/datasets/${id}`} search={{ revision: one.id } as never}>
            <code>{one.hash.slice(0, 12)}</code>
          </Link>{' '}
          {one.id === newest?.id && <Badge tone="good">newest</Badge>}
        </>
      ),
    },
    { title: 'Cases', isNumber: true, cell: ({ cases }) => numberText(cases) },
    { title: 'Have to pass', isNumber: true, cell: ({ summary }) => numberText(summary.must_pass) },
    { title: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
    {
      title: 'Changes',
      cell: (one) => (
        <Link to={`/datasets/${id}/changes`} search={{ to: one.id } as never}>
          since the one before<span className="unseen"> {one.hash.slice(0, 12)}</span>
        </Link>
      ),
    },
  ];
  return (
    <List
      name="Revisions"
      path={`/pawl/v1/datasets/${id}/revisions`}
      columns={columns}
      keyOf={({ id: one }) => one}
      empty="No revision here."
    />
  );
}
