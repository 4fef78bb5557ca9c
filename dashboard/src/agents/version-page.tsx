import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { useAgent } from './versions.ts';

/** What a version fixes, read only. */
export function VersionPage(): ReactNode {
  const { agentId, version } = useParams({ strict: false }) as { agentId: string; version: string };
  const agent = useAgent(agentId, version);
  return (
    <Loaded of={agent}>
      {({ name, system, model, tools, mcp_servers, pawl, updated_at }) => (
        <Page
          title={`${name}, version ${version}`}
          under={[
            { text: 'Agents', to: '/agents' },
            { text: name, to: `/agents/${agentId}` },
          ]}
          actions={
            <>
              <Link
                className="button button-plain"
                to={`/release/promotions/new`}
                search={{ agent: agentId, version } as never}
              >
                Ask for promotion
              </Link>
              <Link
                className="button button-plain"
                to={`/evaluations/new`}
                search={{ agent: agentId, version } as never}
              >
                Evaluate it
              </Link>
            </>
          }
        >
          <dl className="facts">
            <dt>Made</dt>
            <dd>
              <Time at={updated_at} /> by {pawl.author ?? 'nobody known'}
            </dd>
            <dt>Said about it</dt>
            <dd>{pawl.message ?? 'nothing'}</dd>
            <dt>Model</dt>
            <dd>{model.id}</dd>
            <dt>Hash</dt>
            <dd>
              <code>{pawl.config_hash}</code>
            </dd>
          </dl>
          <h2>Prompt</h2>
          <div className="panel">
            <pre>{system ?? 'No prompt.'}</pre>
          </div>
          <h2>Tools</h2>
          <div className="panel">
            <pre>{tools.length === 0 ? 'None.' : JSON.stringify(tools, null, 2)}</pre>
          </div>
          {mcp_servers.length > 0 && (
            <>
              <h2>MCP servers</h2>
              <div className="panel">
                <pre>{JSON.stringify(mcp_servers, null, 2)}</pre>
              </div>
            </>
          )}
        </Page>
      )}
    </Loaded>
  );
}
