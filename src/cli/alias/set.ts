import { plain } from '../../core/plain-text.ts';
import { RefusedError, type ServerAccess } from '../api-client.ts';
import { print, printJson } from '../output.ts';
import { agentIdOf } from './agent-id.ts';
import { type AliasKey, changeAlias, retrieveAlias } from './alias-calls.ts';
import { type ReleaseOptions, withReleases } from './release-server.ts';

export type AliasSetOptions = ReleaseOptions & {
  readonly from?: number | 'none';
  readonly reason?: string;
};

/**
 * Lets an alias stand for a version, or for none. What it stands for is read first, unless the user says it; should
 * it move in between, nothing is done.
 * @throws CommandError, ConfigError
 */
export async function setAlias(
  agent: string,
  { alias: name, version: wanted }: { readonly alias: string; readonly version: number | 'none' },
  options: AliasSetOptions,
): Promise<void> {
  await withReleases(options, async (server) => {
    const key = { agent_id: await agentIdOf(server, agent), name };
    const version = numberOrNull(wanted);
    const from = options.from === undefined ? await versionNow(server, key) : numberOrNull(options.from);
    const { reason } = options;
    const alias = await changeAlias(server, key, { verb: '', body: { version, from, reason } });
    if (options.output === 'json') return printJson(alias);
    const subject = `${name} of ${key.agent_id}`;
    print(
      plain(
        from === version
          ? `${subject} stands for ${inWords(version)}, as before.`
          : `${subject} stands for ${inWords(version)} now, and stood for ${inWords(from)} before.`,
      ),
    );
  });
}

async function versionNow(server: ServerAccess, key: AliasKey): Promise<number | null> {
  try {
    return (await retrieveAlias(server, key)).version;
  } catch (error) {
    // An agent that does not exist is found out about when the alias is set.
    if (error instanceof RefusedError && error.status === 404) return null;
    throw error;
  }
}

function numberOrNull(version: number | 'none'): number | null {
  return version === 'none' ? null : version;
}

function inWords(version: number | null): string {
  return version === null ? 'no version' : `version ${version}`;
}
