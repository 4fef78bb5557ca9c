import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { Badge } from '../parts/badge.tsx';
import { type Column, List } from '../parts/list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { AliasPanel } from './alias-panel.tsx';
import { ComparePicker } from './compare-picker.tsx';
import { placesOf, useAgent, useAliases } from './versions.ts';

/** One agent: what its aliases serve, and all its versions. */
export function AgentPage(): ReactNode {
  const { agentId } = useParams({ strict: false }) as { agentId: string };
  const agent = useAgent(agentId);
  return (
    <Loaded of={agent}>
      {(newest) => (
        <Page
          title={newest.name}
          under={[{ text: 'Agents', to: '/agents' }]}
          actions={
            <>
              <Link className="button button-main" to={`/agents/${agentId}/edit`}>
                Edit the prompt
              </Link>
              <Link className="button button-plain" to={`/agents/${agentId}/try`}>
                Try it
              </Link>
            </>
          }
        >
          <p className="faint">
            <code>{agentId}</code>
            {newest.archived_at !== null && ' · archived'}
          </p>
          {newest.description !== null && <p>{newest.description}</p>}
          <h2>Where it is live</h2>
          <AliasPanel agentId={agentId} defaultAlias={newest.pawl.default_alias} />
          <h2>Versions</h2>
          <ComparePicker agentId={agentId} newest={newest.version} />
          <Versions agentId={agentId} />
        </Page>
      )}
    </Loaded>
  );
}

function Versions({ agentId }: { readonly agentId: string }): ReactNode {
  const aliases = useAliases(agentId).data?.data ?? [];
  const columns: readonly Column<AgentResponse>[] = [
    {
      title: 'Version',
      isNumber: true,
      cell: ({ version }) => <Link to={`/agents/${agentId}/versions/${version}`}>{version}</Link>,
    },
    {
      title: 'Live as',
      cell: ({ version }) =>
        placesOf(version, aliases).map((place) => (
          <Badge key={place} tone={place.includes('canary') ? 'busy' : 'good'}>
            {place}
          </Badge>
        )),
    },
    {
      title: 'What was said about it',
      cell: ({ pawl }) => pawl.message ?? <span className="faint">nothing</span>,
    },
    { title: 'Author', cell: ({ pawl }) => pawl.author ?? '' },
    { title: 'Made', cell: ({ updated_at }) => <Time at={updated_at} /> },
    {
      title: 'Changes',
      cell: ({ version }) =>
        version > 1 && (
          <Link
            to={`/agents/${agentId}/diff`}
            search={{ from: String(version - 1), to: String(version) } as never}
          >
            since {version - 1}
          </Link>
        ),
    },
  ];
  return (
    <List
      name="Versions"
      path={`/v1/agents/${agentId}/versions`}
      columns={columns}
      keyOf={({ version }) => String(version)}
      empty="No version yet."
    />
  );
}
