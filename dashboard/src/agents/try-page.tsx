import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { TryPanel } from './try-panel.tsx';
import { useAgent } from './versions.ts';

/** The newest version beside what production serves. */
export function TryPage(): ReactNode {
  const { agentId } = useParams({ strict: false }) as { agentId: string };
  const agent = useAgent(agentId);
  return (
    <Loaded of={agent}>
      {(newest) => (
        <Page
          title={`Try ${newest.name}`}
          under={[
            { text: 'Agents', to: '/agents' },
            { text: newest.name, to: `/agents/${agentId}` },
          ]}
        >
          <TryPanel agent={newest} draft={null} />
        </Page>
      )}
    </Loaded>
  );
}
