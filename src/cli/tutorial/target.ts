import { randomBytes } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { type ClientSettings, loadConfig, processEnvironment } from '../../config.ts';
import { startServer } from '../../server.ts';
import { type ServerAccess, serverAccess } from '../api-client.ts';
import { createLog } from '../log.ts';

/** The server that the story is told to. */
export type Target = {
  readonly client: Anthropic;
  readonly access: ServerAccess;
  readonly embedded: boolean;
  close(): Promise<void>;
};

const requestTimeoutMs = 30_000;

/** The server at a URL, or one of our own in memory when there is none. @throws CommandError, ConfigError */
export async function openTarget(url: string | undefined, settings: ClientSettings): Promise<Target> {
  if (url === undefined) return startEmbedded();
  const access = serverAccess(url, settings);
  return { client: connect(access), access, embedded: false, close: async () => {} };
}

async function startEmbedded(): Promise<Target> {
  const key = randomBytes(24).toString('base64url');
  const { config, sources } = loadConfig({
    flags: { host: '127.0.0.1', port: '0', api_key: key, allow_no_key: 'false' },
    env: processEnvironment(),
    folder: process.cwd(),
  });
  // The story tells what matters; whoever wants the log as well has asked for it.
  const level = sources.log_level === 'default' ? 'silent' : config.log_level;
  const log = createLog(level, (line) => process.stderr.write(line));
  const server = await startServer({ config, log, in_memory: true });
  const access = { url: server.url, key, key_from: null };
  return { client: connect(access), access, embedded: true, close: server.close };
}

/** The official SDK with nothing of the environment in it but the key. */
function connect({ url, key }: ServerAccess): Anthropic {
  return new Anthropic({ baseURL: url, apiKey: key ?? 'none', timeout: requestTimeoutMs, logLevel: 'off' });
}
