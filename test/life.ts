import { once } from 'node:events';
import type Anthropic from '@anthropic-ai/sdk';
import { sdk, testKey } from './pawl.ts';
import { type Running, startNode } from './pawl-process.ts';
import { serverProcess } from './server-process.ts';

/** A server in a process of its own, until it is killed. */
export type Life = {
  readonly client: Anthropic;
  /** How many sessions it took up when it started. */
  readonly took: number;
  alive(): boolean;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
};

/** Starts a server with these settings, and resolves once it listens. */
export async function live(settings: Record<string, string>): Promise<Life> {
  const flags = { api_key: testKey, anthropic_api_key: 'upstream-key', ...settings };
  const running: Running = startNode([serverProcess, JSON.stringify(flags)]);
  const [, url = '', took] = await running.printed(/^(\S+) took up (\d+)\n/);
  return {
    client: sdk(url, testKey, { maxRetries: 0 }),
    took: Number(took),
    alive: () => running.child.exitCode === null && running.child.signalCode === null,
    async kill() {
      running.child.kill('SIGKILL');
      if (running.child.signalCode === null && running.child.exitCode === null)
        await once(running.child, 'exit');
    },
  };
}
