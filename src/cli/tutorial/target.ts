import type Anthropic from '@anthropic-ai/sdk';
import { type ClientSettings, loadConfig, processEnvironment } from '../../config.ts';
import { startServer } from '../../server.ts';
import { callServer, RefusedError, type ServerAccess, serverAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { createLog } from '../log.ts';
import { sdkClient } from '../sdk-client.ts';

/** The server that the story is told to. */
export type Target = {
  readonly client: Anthropic;
  readonly access: ServerAccess;
  readonly embedded: boolean;
  close(): Promise<void>;
};

const patience = { timeout: 30_000, maxRetries: 2 };

/** The server at a URL, or one of our own in memory when there is none. @throws CommandError, ConfigError */
export async function openTarget(url: string | undefined, settings: ClientSettings): Promise<Target> {
  if (url === undefined) return startEmbedded();
  const access = serverAccess(url, settings);
  return { client: sdkClient(access, patience), access, embedded: false, close: async () => {} };
}

/** Makes sure that a server can be told the story. @throws CommandError, also for a hosted Managed Agents API. */
export async function requirePawl(access: ServerAccess): Promise<void> {
  try {
    await callServer(access, { method: 'GET', path: '/pawl/v1/evals?limit=1' });
  } catch (error) {
    if (!(error instanceof RefusedError && error.status === 404)) throw error;
    throw new CommandError(
      `The server at ${access.url} is not Pawl, or too old: it has no evals. Without --url the story is told here; \`pawl eval run FILE --endpoint ${access.url}\` evaluates an agent that is there`,
      { cause: error },
    );
  }
}

async function startEmbedded(): Promise<Target> {
  const { config, sources } = loadConfig({
    flags: { host: '127.0.0.1', port: '0', allow_no_key: 'false' },
    env: processEnvironment(),
    folder: process.cwd(),
  });
  // The story tells what matters; whoever wants the log as well has asked for it.
  const level = sources.log_level === 'default' ? 'silent' : config.log_level;
  const log = createLog(level, (line) => process.stderr.write(line));
  const server = await startServer({ config, log, in_memory: true, for_one_command: true });
  const access = { url: server.url, key: server.own_key, key_from: null };
  return { client: sdkClient(access, patience), access, embedded: true, close: server.close };
}

/** The story has a second person in it, whose key it makes. @throws CommandError when it may not. */
export async function requireAdmin(access: ServerAccess): Promise<void> {
  try {
    await callServer(access, { method: 'GET', path: '/pawl/v1/keys?limit=1' });
  } catch (error) {
    if (!(error instanceof RefusedError && error.status === 403)) throw error;
    throw new CommandError(
      `The tutorial makes a key for a second person, who reviews; for that it needs an admin's key to ${access.url}`,
      { cause: error },
    );
  }
}
