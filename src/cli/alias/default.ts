import type { ReleaseSettingsResponse } from '../../api/aliases.ts';
import { plain } from '../../core/plain-text.ts';
import { callServer } from '../api-client.ts';
import { print, printJson } from '../output.ts';
import { agentIdOf } from './agent-id.ts';
import { agentPath } from './alias-calls.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';

/**
 * Names the alias that decides for sessions that name the agent alone; `none` gives those the latest version.
 * @throws CommandError, ConfigError
 */
export async function setDefault(
  agent: string,
  alias: string,
  options: ReleaseOptions & { readonly reason?: string },
): Promise<void> {
  await withReleases(options, async (server) => {
    const id = await agentIdOf(server, agent);
    const body = { default_alias: alias === 'none' ? null : alias, reason: options.reason };
    const path = `${agentPath(id)}/settings`;
    const settings = await callServer<ReleaseSettingsResponse>(server, { method: 'POST', path, body });
    if (options.output === 'json') return printJson(settings);
    const { default_alias } = settings;
    const what = default_alias === null ? 'the latest version' : `what ${default_alias} stands for`;
    print(plain(`Sessions that name ${id} alone get ${what} from now on.`));
  });
}
