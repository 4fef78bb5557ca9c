import { Link, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AuditEntryResponse } from '../../../../src/api/audit.ts';
import { Badge } from '../../parts/badge.tsx';
import { Choice, TextField } from '../../parts/field.tsx';
import { type Column, List, type ListSearch, useListSearch } from '../../parts/list.tsx';
import { Page } from '../../parts/page.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { Time } from '../../parts/time.tsx';
import { ReleasePlaces } from '../places.tsx';
import { AuditCheck } from './audit-check.tsx';
import { placeOf } from './place-of.ts';
import './audit.css';

const columns: readonly Column<AuditEntryResponse>[] = [
  { title: 'Number', isNumber: true, cell: ({ seq }) => seq },
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
  {
    title: 'Who',
    cell: ({ actor }) => (
      <>
        {actor.name} <span className="faint">({actor.role})</span>
      </>
    ),
  },
  {
    title: 'What',
    cell: ({ action, outcome }) => (
      <>
        {action} {outcome === 'refused' && <Badge tone="warn">refused</Badge>}
      </>
    ),
  },
  { title: 'To what', cell: Subject },
  { title: 'Why', cell: ({ reason }) => reason },
  { title: 'Before and after', cell: Change },
];

const filters = ['subject', 'action', 'actor', 'outcome', 'at[gte]', 'at[lt]'];
const outcomes = [
  { value: '', text: 'any' },
  { value: 'done', text: 'done' },
  { value: 'refused', text: 'refused' },
];

/** The audit log: who did what, to what, when and why; and whether it is as it was written. */
export function AuditList(): ReactNode {
  return (
    <Page
      title="Audit log"
      actions={
        <a className="button button-plain" href="/pawl/v1/audit/export" download="audit.ndjson">
          Export all entries
        </a>
      }
    >
      <ReleasePlaces />
      <AuditCheck />
      <List
        name="Audit log"
        path="/pawl/v1/audit"
        columns={columns}
        keyOf={({ id }) => id}
        filters={filters}
        empty="No entry fits. Everything that changes what users are served is written down here."
      >
        <Filters />
      </List>
    </Page>
  );
}

function Filters(): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const box = (name: string) => ({
    value: search[name] ?? '',
    onSearch: (value: string) => change({ [name]: value, page: undefined }),
  });
  const day = (name: string) => ({
    value: search[name]?.slice(0, 10) ?? '',
    onChange: (value: string) =>
      change({ [name]: value === '' ? undefined : `${value}T00:00:00Z`, page: undefined }),
  });
  return (
    <>
      <SearchBox label="To what, by its id" {...box('subject')} />
      <SearchBox label="Action, such as alias.promoted" {...box('action')} />
      <SearchBox label="Who, by name or key" {...box('actor')} />
      <Choice
        label="Outcome"
        value={search['outcome'] ?? ''}
        onChange={(outcome) => change({ outcome, page: undefined })}
        options={outcomes}
      />
      <TextField type="date" label="From this day (UTC)" {...day('at[gte]')} />
      <TextField type="date" label="Before this day (UTC)" {...day('at[lt]')} />
    </>
  );
}

function Subject({ subject }: AuditEntryResponse): ReactNode {
  const place = placeOf(subject);
  const said = (
    <>
      {subject.type} <code>{subject.id}</code>
    </>
  );
  return place === null ? said : <Link to={place}>{said}</Link>;
}

function Change({ before, after, seq }: AuditEntryResponse): ReactNode {
  if (before === null && after === null) return <span className="faint">nothing changed</span>;
  return (
    <details className="entry">
      <summary>
        Show<span className="unseen"> what entry {seq} changed</span>
      </summary>
      <dl>
        <dt>Before</dt>
        <dd>
          <pre>{before === null ? 'nothing' : JSON.stringify(before, null, 2)}</pre>
        </dd>
        <dt>After</dt>
        <dd>
          <pre>{after === null ? 'nothing' : JSON.stringify(after, null, 2)}</pre>
        </dd>
      </dl>
    </details>
  );
}
