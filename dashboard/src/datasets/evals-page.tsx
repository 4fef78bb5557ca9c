import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EvalResponse } from '../../../src/api/evals.ts';
import type { DatasetResponse } from '../../../src/api/wire/datasets.ts';
import { type Column, List } from '../parts/list.tsx';
import { Time } from '../parts/time.tsx';
import { AgentName } from '../release/agent-name.tsx';
import { DatasetFrame } from './dataset-frame.tsx';

const columns: readonly Column<EvalResponse>[] = [
  { title: 'Eval', cell: ({ name }) => name },
  { title: 'Agent', cell: ({ definition }) => <AgentName id={definition.agent} /> },
  {
    title: 'Scorers',
    cell: ({ definition }) => definition.scorers.map(({ name }) => name).join(', '),
  },
  {
    title: 'Revision of the dataset',
    cell: ({ definition: { dataset } }) =>
      dataset.revision === null ? 'the newest' : <code>{dataset.revision.slice(0, 12)}</code>,
  },
  { title: 'Changed', cell: ({ updated_at }) => <Time at={updated_at} /> },
];

/** The evals whose cases come from a dataset. */
export function DatasetEvalsPage(): ReactNode {
  return <DatasetFrame>{(dataset) => <Evals dataset={dataset} />}</DatasetFrame>;
}

function Evals({ dataset: { id } }: { readonly dataset: DatasetResponse }): ReactNode {
  return (
    <>
      <p>
        <Link to="/evaluations" search={{ dataset: id } as never}>
          Runs on this dataset
        </Link>
      </p>
      <List
        name="Evals that use it"
        path="/pawl/v1/evals"
        columns={columns}
        keyOf={({ id: one }) => one}
        searches="A part of the name"
        fixed={{ dataset: id }}
        empty="No eval uses it. An eval says what is asked of an agent, and how answers are scored."
      />
    </>
  );
}
