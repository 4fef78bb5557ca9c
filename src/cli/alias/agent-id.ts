import type { AgentResponse } from '../../api/wire/agents.ts';
import { isId } from '../../core/ids.ts';
import type { ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { listItems } from './list-items.ts';

/**
 * The id of the agent that the user names. An id is taken as it is, and nobody is asked; a name has to be that of one
 * agent that is not archived.
 * @throws CommandError
 */
export async function agentIdOf(server: ServerAccess, named: string): Promise<string> {
  if (isId('agent', named)) return named;
  const ids: string[] = [];
  for await (const { id, name } of listItems<AgentResponse>(server, '/v1/agents')) {
    if (name === named) ids.push(id);
  }
  const [id, ...others] = ids;
  if (id === undefined) throw new CommandError(`No agent is called ${named}, or it is archived; name its id`);
  if (others.length === 0) return id;
  throw new CommandError(`${ids.length} agents are called ${named}; name the id: ${ids.join(', ')}`);
}
