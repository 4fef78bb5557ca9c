import { once } from 'node:events';
import type Anthropic from '@anthropic-ai/sdk';
import { sdk, testKey } from '../pawl.ts';
import { startNode } from '../pawl-process.ts';
import { serverProcess } from '../server-process.ts';

/** A server in a process of its own, until it is killed. */
export type Life = {
  readonly url: string;
  readonly key: string;
  readonly client: Anthropic;
  /** Kills it as `kill -9` does, and resolves when it is gone. */
  kill(): Promise<void>;
};

/** Starts a server with these settings, by their names. It is killed at the end of its test. */
export async function startLife(settings: Readonly<Record<string, string>>): Promise<Life> {
  const flags = { api_key: testKey, anthropic_api_key: 'upstream-key', ...settings };
  const { child, printed } = startNode([serverProcess, JSON.stringify(flags)]);
  const [, url = ''] = await printed(/^(\S+) took up \d+\n/);
  return {
    ...{ url, key: testKey, client: sdk(url, testKey, { maxRetries: 0 }) },
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
