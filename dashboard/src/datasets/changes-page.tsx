import { useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type {
  CaseChangeResponse,
  DatasetResponse,
  DatasetRevisionResponse,
} from '../../../src/api/wire/datasets.ts';
import { useRead } from '../http/use-read.ts';
import { Badge, type Tone } from '../parts/badge.tsx';
import { Choice } from '../parts/field.tsx';
import { type Column, List, type ListSearch, type ServerPage, useListSearch } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { ago } from '../parts/time.tsx';
import { ChangeDialog } from './change-dialog.tsx';
import { DatasetFrame } from './dataset-frame.tsx';

const tones: Readonly<Record<CaseChangeResponse['change'], Tone>> = {
  added: 'good',
  changed: 'note',
  removed: 'bad',
};

/** What became of the cases from one revision to another. */
export function ChangesPage(): ReactNode {
  return <DatasetFrame>{(dataset) => <Changes dataset={dataset} />}</DatasetFrame>;
}

function Changes({ dataset: { id } }: { readonly dataset: DatasetResponse }): ReactNode {
  const revisions = useRead<ServerPage<DatasetRevisionResponse>>(`/pawl/v1/datasets/${id}/revisions`, {
    query: { limit: 100 },
  });
  return (
    <Loaded of={revisions}>
      {({ data }) =>
        data.length < 2 ? (
          <p className="empty">This dataset has one revision: nothing has changed yet.</p>
        ) : (
          <Between datasetId={id} revisions={data} />
        )
      }
    </Loaded>
  );
}

function Between({
  datasetId,
  revisions,
}: {
  readonly datasetId: string;
  readonly revisions: readonly DatasetRevisionResponse[];
}): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const [opened, setOpened] = useState<CaseChangeResponse | null>(null);
  const to = search['to'] ?? revisions[0]?.id ?? '';
  const at = revisions.findIndex(({ id }) => id === to);
  const from = search['from'] ?? revisions[at + 1]?.id ?? revisions.at(-1)?.id ?? '';
  const options = revisions.map(({ id, hash, created_at }) => ({
    value: id,
    text: `${hash.slice(0, 12)}, made ${ago(created_at, Date.now())}`,
  }));
  const columns: readonly Column<CaseChangeResponse>[] = [
    { title: 'What', cell: ({ change: what }) => <Badge tone={tones[what]}>{what}</Badge> },
    {
      title: 'Case',
      cell: (one) => (
        <button type="button" className="link" onClick={() => setOpened(one)}>
          {one.case_id}
        </button>
      ),
    },
    { title: 'Differs in', cell: ({ fields }) => fields.join(', ') },
  ];
  return (
    <>
      <List
        name="Changes"
        path={`/pawl/v1/datasets/${datasetId}/diff`}
        columns={columns}
        keyOf={({ case_id, change: what }) => `${what} ${case_id}`}
        fixed={{ from, to }}
        everyMs={60_000}
        empty="Both hold the same."
      >
        <Choice
          label="From"
          value={from}
          onChange={(value) => change({ from: value, page: undefined })}
          options={options}
        />
        <Choice
          label="To"
          value={to}
          onChange={(value) => change({ to: value, page: undefined })}
          options={options}
        />
      </List>
      {opened !== null && (
        <ChangeDialog {...{ datasetId, from, to }} caseId={opened.case_id} onClose={() => setOpened(null)} />
      )}
    </>
  );
}
