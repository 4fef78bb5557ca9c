import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ProcessStatus, ServerStatusResponse } from '../../../src/api/wire/server.ts';
import { useRead } from '../http/use-read.ts';
import { Loaded } from '../parts/loaded.tsx';
import { durationText, numberText } from '../parts/quantities.ts';
import { TableBox } from '../parts/table-box.tsx';
import { Time } from '../parts/time.tsx';
import { LimitTable } from './limit-table.tsx';
import { OperationsPage } from './operations-page.tsx';
import { worriesOf } from './worries.ts';

const lookEveryMs = 3000;

/** How the server is: what it does, what waits, which processes there are, and what they may do at most. */
export function HealthPage(): ReactNode {
  const status = useRead<ServerStatusResponse>('/pawl/v1/server', { everyMs: lookEveryMs });
  return (
    <OperationsPage title="Health">
      <Loaded of={status}>
        {(server) => (
          <>
            <Worries server={server} />
            <Work work={server.work} />
            <h2>This server</h2>
            <Facts server={server} />
            <h2>Processes</h2>
            <Processes processes={server.processes} />
            <h2>Limits</h2>
            <LimitTable limits={server.limits} />
          </>
        )}
      </Loaded>
    </OperationsPage>
  );
}

function Worries({ server }: { readonly server: ServerStatusResponse }): ReactNode {
  const worries = worriesOf(server);
  if (worries.length === 0) return <p className="notice notice-good">All is as it should be.</p>;
  return (
    <div className="notice notice-warn">
      <ul>
        {worries.map(({ text, to }) => (
          <li key={text}>
            {text} {to !== null && <Link to={to}>More about it</Link>}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Beyond this nobody counts. */
const mostCounted = 10_000;

function counted(count: number): string {
  return count >= mostCounted ? `${numberText(mostCounted)} or more` : numberText(count);
}

function Work({ work }: Pick<ServerStatusResponse, 'work'>): ReactNode {
  const { turns, eval_runs: runs, webhook_deliveries: deliveries } = work;
  const tiles = [
    {
      name: 'Sessions with a turn',
      count: turns.busy,
      more: `${counted(turns.waiting)} of them wait for a place`,
    },
    {
      name: 'Evaluations that run',
      count: runs.running,
      more: `${counted(runs.waiting)} wait for their turn`,
    },
    {
      name: 'Webhook deliveries that wait',
      count: deliveries.waiting,
      more: `${counted(deliveries.dead)} were given up`,
    },
  ];
  return (
    <dl className="tiles">
      {tiles.map(({ name, count, more }) => (
        <div key={name} className="tile">
          <dt>{name}</dt>
          <dd className="figure">{counted(count)}</dd>
          <dd className="faint">{more}</dd>
        </div>
      ))}
    </dl>
  );
}

function Facts({ server }: { readonly server: ServerStatusResponse }): ReactNode {
  return (
    <dl className="facts">
      <dt>Version</dt>
      <dd>Pawl {server.version}</dd>
      <dt>Up for</dt>
      <dd>{durationText(server.uptime_seconds * 1000)}</dd>
      <dt>Database</dt>
      <dd>{server.database === 'sqlite' ? 'SQLite' : 'PostgreSQL'}</dd>
      <dt>Keys</dt>
      <dd>{server.keys === 'required' ? 'asked for with every request' : 'not asked for'}</dd>
    </dl>
  );
}

const roleTexts: Readonly<Record<ProcessStatus['role'], string>> = {
  all: 'answers requests and works',
  api: 'answers requests',
  worker: 'works',
};

function Processes({ processes }: Pick<ServerStatusResponse, 'processes'>): ReactNode {
  return (
    <TableBox name="Processes that share the database">
      <table>
        <caption className="unseen">Processes that share the database</caption>
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col">What it does</th>
            <th scope="col">Started</th>
            <th scope="col">Last heard of</th>
          </tr>
        </thead>
        <tbody>
          {processes.map(({ name, role, started_at, heard_at }) => (
            <tr key={name}>
              <td>
                <code>{name}</code>
              </td>
              <td>{roleTexts[role]}</td>
              <td>
                <Time at={started_at} />
              </td>
              <td>
                <Time at={heard_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}
