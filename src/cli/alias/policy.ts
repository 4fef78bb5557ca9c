import { columns, print, printJson } from '../output.ts';
import { agentIdOf } from './agent-id.ts';
import { changeAlias, retrieveAlias } from './alias-calls.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';
import { policyFacts } from './show.ts';

export type PolicyOptions = ReleaseOptions & {
  readonly protected?: boolean;
  readonly approvals?: number;
  /** `none` leaves the choice to whoever asks for a promotion. */
  readonly eval?: string;
  readonly reason?: string;
};

/** Shows what an alias asks of whoever moves it; options change that first. @throws CommandError, ConfigError */
export async function setPolicy(agent: string, name: string, options: PolicyOptions): Promise<void> {
  const { protected: isProtected, approvals, eval: named, reason } = options;
  const changes = { protected: isProtected, approvals, eval: named === 'none' ? null : named };
  await withReleases(options, async (server) => {
    const key = { agent_id: await agentIdOf(server, agent), name };
    const isChange = Object.values(changes).some((value) => value !== undefined);
    const alias = isChange
      ? await changeAlias(server, key, { verb: '/policy', body: { ...changes, reason } })
      : await retrieveAlias(server, key);
    if (options.output === 'json') return printJson(alias.policy);
    const facts = [['Alias', `${name} of ${key.agent_id}`], ...(await policyFacts(server, alias))];
    print(columns(facts).join('\n'));
  });
}
