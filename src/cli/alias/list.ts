import type { AliasResponse } from '../../api/aliases.ts';
import type { AgentResponse } from '../../api/wire/agents.ts';
import { plain } from '../../core/plain-text.ts';
import { callServer } from '../api-client.ts';
import { print, printJson } from '../output.ts';
import { agentIdOf } from './agent-id.ts';
import { agentPath, retrieveAgent } from './alias-calls.ts';
import { printTable, versionText } from './print-table.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';
import { rolloutText } from './rollout-text.ts';

/** Lists the aliases of an agent, by name. @throws CommandError, ConfigError */
export async function listAliases(agent: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const id = await agentIdOf(server, agent);
    const path = `${agentPath(id)}/aliases`;
    const { data } = await callServer<{ readonly data: readonly AliasResponse[] }>(server, {
      method: 'GET',
      path,
    });
    if (options.output === 'json') return printJson(data);
    if (data.length === 0) print(`${id} has no aliases; \`pawl alias set\` makes one.`);
    else
      printTable(
        ['ALIAS', 'VERSION', 'ROLLOUT', 'PROTECTED', 'APPROVALS', 'HELD SINCE', 'CHANGED'],
        data.map(rowOf),
      );
    print(plain(outlook(await retrieveAgent(server, id))));
  });
}

function rowOf(alias: AliasResponse) {
  const { name, version, policy, hold, updated_at } = alias;
  const { protected: isProtected, approvals } = policy;
  const held = hold === null ? '' : hold.since;
  return {
    cells: [
      ...[name, versionText(version), rolloutText(alias), isProtected ? 'yes' : 'no', String(approvals)],
      ...[held, updated_at],
    ],
    marked: hold !== null,
  };
}

/** What sessions get that name the agent alone. */
function outlook({ id, version, pawl: { default_alias } }: AgentResponse): string {
  const what = default_alias === null ? `the latest version, ${version}` : `what ${default_alias} stands for`;
  return `Sessions that name ${id} alone get ${what}.`;
}
