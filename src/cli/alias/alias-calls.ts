import type { AliasResponse } from '../../api/aliases.ts';
import type { EvalResponse } from '../../api/evals.ts';
import type { AgentResponse } from '../../api/wire/agents.ts';
import { callServer, type ServerAccess } from '../api-client.ts';

/** Which alias of which agent, by its id. */
export type AliasKey = { readonly agent_id: string; readonly name: string };

/** Where the API has an alias. */
export function aliasPath({ agent_id, name }: AliasKey): string {
  return `${agentPath(agent_id)}/aliases/${encodeURIComponent(name)}`;
}

/** Where the API has what it adds to an agent. */
export function agentPath(agentId: string): string {
  return `/pawl/v1/agents/${encodeURIComponent(agentId)}`;
}

/** An alias as it is now. @throws CommandError, RefusedError with status 404 when nobody has ever said anything of it. */
export async function retrieveAlias(server: ServerAccess, key: AliasKey): Promise<AliasResponse> {
  return callServer<AliasResponse>(server, { method: 'GET', path: aliasPath(key) });
}

/** Changes an alias. `verb` is empty for setting it. @throws CommandError */
export async function changeAlias(
  server: ServerAccess,
  key: AliasKey,
  { verb, body }: { readonly verb: '' | '/release' | '/policy'; readonly body: object },
): Promise<AliasResponse> {
  return callServer<AliasResponse>(server, { method: 'POST', path: `${aliasPath(key)}${verb}`, body });
}

/** An agent at a version, or at its latest. @throws CommandError */
export async function retrieveAgent(
  server: ServerAccess,
  id: string,
  version?: number,
): Promise<AgentResponse> {
  const query = version === undefined ? '' : `?version=${version}`;
  return callServer<AgentResponse>(server, {
    method: 'GET',
    path: `/v1/agents/${encodeURIComponent(id)}${query}`,
  });
}

/** What people call an eval. @throws CommandError */
export async function evalName(server: ServerAccess, id: string): Promise<string> {
  const path = `/pawl/v1/evals/${encodeURIComponent(id)}`;
  return (await callServer<EvalResponse>(server, { method: 'GET', path })).name;
}
