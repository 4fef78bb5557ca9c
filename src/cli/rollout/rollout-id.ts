import type { AliasResponse } from '../../api/aliases.ts';
import { parseAgentReference } from '../../core/agent-reference.ts';
import { isId } from '../../core/ids.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { agentPath } from '../alias/alias-calls.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { newestRollouts } from './rollout-calls.ts';

/**
 * The id of the rollout that the user names. An id is taken as it is; an agent, or one of its aliases as in
 * `triage@staging`, stands for its rollout under way, and when none is, for its last one.
 * @throws CommandError when there is none, or when several aliases of the agent have one.
 */
export async function rolloutIdOf(server: ServerAccess, named: string): Promise<string> {
  if (isId('rollout', named)) return named;
  const { agent_id, alias } = await aliasNamed(server, named);
  const path = `${agentPath(agent_id)}/aliases`;
  const { data } = await callServer<{ readonly data: readonly AliasResponse[] }>(server, {
    method: 'GET',
    path,
  });
  const open = data.filter(
    ({ name, rollout }) => rollout !== null && (alias === undefined || name === alias),
  );
  const [one, ...others] = open;
  if (others.length > 0) {
    const names = open.map(({ name }) => `${named}@${name}`).join(', ');
    throw new CommandError(`${open.length} aliases of ${named} have a rollout; name one: ${names}`);
  }
  if (one?.rollout != null) return one.rollout.id;
  const filter = alias === undefined ? { agent_id } : { agent_id, alias };
  const [last] = (await newestRollouts(server, { ...filter, most: 1 })).data;
  if (last === undefined) throw new CommandError(`${named} has never had a rollout`);
  return last.id;
}

/** The agent that the user names, with the alias behind its `@`; undefined when there is none. @throws CommandError */
export async function aliasNamed(
  server: ServerAccess,
  named: string,
): Promise<{ readonly agent_id: string; readonly alias: string | undefined }> {
  const { id, alias } = parseAgentReference(named);
  return { agent_id: await agentIdOf(server, id), alias: alias ?? undefined };
}
