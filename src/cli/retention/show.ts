import type { RetentionListResponse, RetentionResponse } from '../../api/retention.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { agentPath } from '../alias/alias-calls.ts';
import { printTable } from '../alias/print-table.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import { listPages } from '../list-items.ts';
import { print, printJson } from '../output.ts';

/** How long the sessions of an agent are kept. @throws CommandError */
export function retentionPath(agentId: string): string {
  return `${agentPath(agentId)}/retention`;
}

/** Shows how long sessions are kept, of one agent or of all, and how many would go now. @throws CommandError, ConfigError */
export async function showRetention(agent: string | null, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    if (agent !== null) return showOne(server, agent, options);
    const pages: RetentionListResponse[] = [];
    for await (const page of listPages<RetentionListResponse>(server, '/pawl/v1/retention')) pages.push(page);
    const all = pages.flatMap(({ data }) => data);
    if (options.output === 'json') return printJson(all);
    printRetention(all);
    for (const { server: defaults } of pages.slice(0, 1)) print(outlook(defaults));
  });
}

async function showOne(server: ServerAccess, agent: string, { output }: ReleaseOptions): Promise<void> {
  const path = retentionPath(await agentIdOf(server, agent));
  const retention = await callServer<RetentionResponse>(server, { method: 'GET', path });
  if (output === 'json') return printJson(retention);
  printRetention([retention]);
}

/** Prints what applies to agents, one in a line. */
export function printRetention(all: readonly RetentionResponse[]): void {
  printTable(
    ['AGENT', 'ID', 'KEPT', 'BY', 'EXPORT', 'DUE NOW', 'STILL NEEDED'],
    all.map(({ agent_name, agent_id, days, source, export: exports, due }) => {
      const more = due.more ? 'more than ' : '';
      const rule = days === null ? 'for ever' : daysText(days);
      const counts = [`${more}${due.sessions}`, String(due.kept)];
      return { cells: [agent_name, agent_id, rule, source, exports ? 'yes' : 'no', ...counts] };
    }),
  );
}

/** What the server does where nobody has said anything. */
function outlook({ days, file_days }: RetentionListResponse['server']): string {
  const sessions = days === null ? 'are kept for ever' : `are kept for ${daysText(days)}`;
  const files =
    file_days === null
      ? 'until somebody deletes them'
      : `for ${daysText(file_days)}, and as long as an open session names them`;
  return `By the settings of the server, sessions ${sessions}, and files ${files}.`;
}

function daysText(days: number): string {
  return days === 1 ? '1 day' : `${days} days`;
}
