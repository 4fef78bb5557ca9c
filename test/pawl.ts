import Anthropic from '@anthropic-ai/sdk';
import { loadConfig } from '../src/config.ts';
import type { Log } from '../src/core/log.ts';
import { type Server, startServer } from '../src/server.ts';
import type { Config, SettingName } from '../src/settings.ts';

/** A server for a test, and the official SDK pointed at it. */
export type TestPawl = {
  readonly server: Server;
  readonly client: Anthropic;
  readonly key: string;
  readonly url: string;
};

export const testKey = 'test-key-0123456789';

export const quietLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The configuration of a machine on which nothing is set, but for what a test sets. */
function testConfig(set: Partial<Record<SettingName, string>> = {}): Config {
  const flags = { port: '0', api_key: testKey, ...set };
  return loadConfig({ flags, env: {}, folder: '/nonexistent' }).config;
}

/** Starts a server in memory, or on the database that the settings name. The caller closes it. */
export async function startPawl(
  set: Partial<Record<SettingName, string>> = {},
  options: { log?: Log; in_memory?: boolean; shadow_pause_ms?: number } = {},
): Promise<TestPawl> {
  const in_memory = options.in_memory ?? (set.data_dir === undefined && set.database_url === undefined);
  const log = options.log ?? quietLog;
  const { shadow_pause_ms } = options;
  const server = await startServer({ config: testConfig(set), log, in_memory, shadow_pause_ms });
  const key = set.api_key ?? testKey;
  return { server, client: sdk(server.url, key), key, url: server.url };
}

/** The official SDK as a user would make it; nothing of the test machine's environment gets in. */
export function sdk(url: string, key: string, options: { maxRetries?: number } = {}): Anthropic {
  return new Anthropic({ baseURL: url, apiKey: key, authToken: null, ...options });
}
