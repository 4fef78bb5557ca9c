import type { AliasResponse } from '../../api/aliases.ts';
import { counted } from '../../core/quantities.ts';
import type { ServerAccess } from '../api-client.ts';
import { columns, print, printJson } from '../output.ts';
import { agentIdOf } from './agent-id.ts';
import { evalName, retrieveAgent, retrieveAlias } from './alias-calls.ts';
import { versionText } from './print-table.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';
import { rolloutText } from './rollout-text.ts';

/** Shows what an alias stands for, and what it asks of whoever moves it. @throws CommandError, ConfigError */
export async function showAlias(agent: string, name: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const agent_id = await agentIdOf(server, agent);
    const alias = await retrieveAlias(server, { agent_id, name });
    if (options.output === 'json') return printJson(alias);
    const { pawl } = await retrieveAgent(server, agent_id);
    const decides =
      pawl.default_alias === name
        ? 'sessions that name the agent alone, too'
        : `sessions of ${agent_id}@${name}`;
    const facts = [
      ['Alias', `${name} of ${agent_id}`],
      ['Version', `${versionText(alias.version)}, after ${counted(alias.move, 'move')}`],
      ['Decides for', decides],
      ['Rollout', rolloutText(alias) || 'none'],
      ['Held', holdText(alias)],
      ...(await policyFacts(server, alias)),
      ['Changed', alias.updated_at],
    ];
    print(columns(facts).join('\n'));
  });
}

/** What an alias asks of whoever moves it, fact by fact. @throws CommandError */
export async function policyFacts(server: ServerAccess, { policy }: AliasResponse): Promise<string[][]> {
  const { protected: isProtected, approvals, eval: eval_id } = policy;
  return [
    ['Protected', isProtected ? 'yes: once set, it moves by promotion and rollback alone' : 'no'],
    ['Approvals', String(approvals)],
    ['Eval', eval_id === null ? 'the choice of whoever asks' : await evalName(server, eval_id)],
  ];
}

function holdText({ hold }: AliasResponse): string {
  return hold === null ? 'no' : `since ${hold.since}, rolled back by ${hold.by}: ${hold.reason}`;
}
