import { useParams, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Choice } from '../parts/field.tsx';
import { type ListSearch, useListSearch } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { TwoVersions } from './two-versions.tsx';
import { useAgent } from './versions.ts';

/** Any two versions of an agent side by side. */
export function DiffPage(): ReactNode {
  const { agentId } = useParams({ strict: false }) as { agentId: string };
  const { from = '1', to }: ListSearch = useSearch({ strict: false });
  const newest = useAgent(agentId);
  return (
    <Loaded of={newest}>
      {({ name, version }) => (
        <Page
          title="Changes"
          under={[
            { text: 'Agents', to: '/agents' },
            { text: name, to: `/agents/${agentId}` },
          ]}
        >
          <Sides agentId={agentId} from={from} to={to ?? String(version)} newest={version} />
        </Page>
      )}
    </Loaded>
  );
}

type SidesProps = {
  readonly agentId: string;
  readonly from: string;
  readonly to: string;
  readonly newest: number;
};

function Sides({ agentId, from, to, newest }: SidesProps): ReactNode {
  const change = useListSearch();
  const versions = Array.from({ length: newest }, (_, n) => ({
    value: String(newest - n),
    text: `Version ${newest - n}`,
  }));
  return (
    <>
      <div className="list-tools">
        <Choice label="From" value={from} onChange={(value) => change({ from: value })} options={versions} />
        <Choice label="To" value={to} onChange={(value) => change({ to: value })} options={versions} />
      </div>
      <TwoVersions agentId={agentId} from={from} to={to} />
    </>
  );
}
