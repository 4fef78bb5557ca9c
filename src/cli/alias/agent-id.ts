import type { AgentResponse } from '../../api/wire/agents.ts';
import { isId } from '../../core/ids.ts';
import type { ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { listItems } from '../list-items.ts';

/**
 * The id of the agent that the user names. An id is taken as it is, and nobody is asked; a name has to be that of one
 * agent that is not archived.
 * @throws CommandError
 */
export async function agentIdOf(server: ServerAccess, named: string): Promise<string> {
  if (isId('agent', named)) return named;
  const agents: AgentResponse[] = [];
  for await (const agent of listItems<AgentResponse>(server, '/v1/agents')) {
    if (agent.name === named) agents.push(agent);
  }
  return onlyAgent(agents, named).id;
}

/** The one agent among those of a name. @throws CommandError when there is none, or more than one, with their ids. */
export function onlyAgent<T extends { readonly id: string }>(agents: readonly T[], name: string): T {
  const [agent, ...others] = agents;
  if (agent === undefined)
    throw new CommandError(`No agent is called ${name}, or it is archived; name its id`);
  if (others.length === 0) return agent;
  const ids = agents.map(({ id }) => id).join(', ');
  throw new CommandError(`${agents.length} agents are called ${name}; name the id: ${ids}`);
}
