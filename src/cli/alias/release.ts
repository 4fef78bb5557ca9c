import { plain } from '../../core/plain-text.ts';
import { print, printJson } from '../output.ts';
import { agentIdOf } from './agent-id.ts';
import { changeAlias } from './alias-calls.ts';
import { versionText } from './print-table.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';

/** Lets an alias move again that was rolled back. @throws CommandError, ConfigError */
export async function releaseAlias(
  agent: string,
  name: string,
  options: ReleaseOptions & { readonly reason?: string },
): Promise<void> {
  await withReleases(options, async (server) => {
    const key = { agent_id: await agentIdOf(server, agent), name };
    const body = { reason: options.reason };
    const alias = await changeAlias(server, key, { verb: '/release', body });
    if (options.output === 'json') return printJson(alias);
    print(
      plain(
        `${name} of ${key.agent_id} is free to move; it stands for version ${versionText(alias.version)}.`,
      ),
    );
  });
}
