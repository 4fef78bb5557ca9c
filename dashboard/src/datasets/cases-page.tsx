import { useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { CaseResponse, DatasetResponse } from '../../../src/api/wire/datasets.ts';
import { withQuery } from '../http/client.ts';
import { useRead } from '../http/use-read.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { type Column, List, type ListSearch, useListSearch } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { valueText } from '../parts/typed-value.ts';
import { AddCase } from './add-case.tsx';
import { CaseDialog } from './case-dialog.tsx';
import { inputLine } from './case-text.ts';
import { DatasetFrame } from './dataset-frame.tsx';
import { RevisionFacts } from './revision-facts.tsx';
import './datasets.css';

/** The cases of a dataset: of its newest revision, or of the one that the address names. */
export function CasesPage(): ReactNode {
  return <DatasetFrame>{(dataset) => <Cases dataset={dataset} />}</DatasetFrame>;
}

function Cases({ dataset }: { readonly dataset: DatasetResponse }): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const { revision } = search;
  const path = `/pawl/v1/datasets/${dataset.id}`;
  const shown = useRead<DatasetResponse>(path, { query: { revision } });
  return (
    <>
      {revision !== undefined && revision !== dataset.revision?.id && (
        <p className="notice notice-warn" role="status">
          This is an older revision.{' '}
          <Button onPress={() => change({ revision: undefined, page: undefined })}>Show the newest</Button>
        </p>
      )}
      {search['same'] !== undefined && (
        <p className="notice" role="status">
          The file has just the cases that the dataset had already: nothing was changed.
        </p>
      )}
      <Loaded of={shown}>
        {({ revision: held }) =>
          held !== null && (
            <RevisionFacts revision={held}>
              <Exports path={path} revision={held.id} />
            </RevisionFacts>
          )
        }
      </Loaded>
      {dataset.archived_at === null && revision === undefined && <AddCase dataset={dataset} />}
      <CaseTable path={`${path}/cases`} revision={revision} />
    </>
  );
}

function Exports({ path, revision }: { readonly path: string; readonly revision: string }): ReactNode {
  const link = (format: string, text: string): ReactNode => (
    <a className="button button-plain" href={withQuery(`${path}/export`, { format, revision })} download>
      {text}
    </a>
  );
  return (
    <div className="row">
      {link('jsonl', 'Save as JSON Lines')}
      {link('csv', 'Save as CSV')}
    </div>
  );
}

function CaseTable({
  path,
  revision,
}: {
  readonly path: string;
  readonly revision: string | undefined;
}): ReactNode {
  const [opened, setOpened] = useState<CaseResponse | null>(null);
  const columns: readonly Column<CaseResponse>[] = [
    {
      title: 'Case',
      cell: (one) => (
        <button type="button" className="link" onClick={() => setOpened(one)}>
          {one.id}
        </button>
      ),
    },
    { title: 'What is asked', cell: (one) => <span className="clipped">{inputLine(one)}</span> },
    {
      title: 'What should be answered',
      cell: ({ target }) =>
        target === null ? (
          <span className="faint">not stated</span>
        ) : (
          <span className="clipped">{valueText(target)}</span>
        ),
    },
    {
      title: 'Group',
      cell: ({ group, must_pass }) => (
        <>
          {group ?? <span className="faint">none</span>} {must_pass && <Badge tone="note">has to pass</Badge>}
        </>
      ),
    },
  ];
  return (
    <>
      <List
        name="Cases"
        path={path}
        columns={columns}
        keyOf={({ id }) => id}
        searches="A part of the id"
        fixed={{ revision }}
        everyMs={15_000}
        empty="No case here."
      />
      {opened !== null && <CaseDialog case={opened} onClose={() => setOpened(null)} />}
    </>
  );
}
