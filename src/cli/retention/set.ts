import type { RetentionResponse } from '../../api/retention.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer, type ServerRequest } from '../api-client.ts';
import { printJson } from '../output.ts';
import { printRetention, retentionPath } from './show.ts';

/** The options of `pawl retention set`. */
export type RuleOptions = ReleaseOptions & { readonly export?: boolean; readonly reason?: string };

/** Gives an agent a rule of its own; null days keep its sessions for ever. @throws CommandError, ConfigError */
export async function setRetention(agent: string, days: number | null, options: RuleOptions): Promise<void> {
  const { export: exports, reason } = options;
  await change(agent, { method: 'POST', body: { days, export: exports, reason } }, options);
}

/** Takes the rule of an agent away. @throws CommandError, ConfigError */
export async function clearRetention(agent: string, options: ReleaseOptions): Promise<void> {
  await change(agent, { method: 'DELETE' }, options);
}

async function change(
  agent: string,
  request: Omit<ServerRequest, 'path'>,
  options: ReleaseOptions,
): Promise<void> {
  await withReleases(options, async (server) => {
    const path = retentionPath(await agentIdOf(server, agent));
    const retention = await callServer<RetentionResponse>(server, { ...request, path });
    if (options.output === 'json') return printJson(retention);
    printRetention([retention]);
  });
}
