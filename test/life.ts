import { once } from 'node:events';
import type Anthropic from '@anthropic-ai/sdk';
import { onTestFinished } from 'vitest';
import { openRows } from './database-rows.ts';
import { sdk, startPawl, testKey } from './pawl.ts';
import { type Running, startNode } from './pawl-process.ts';
import { programs } from './programs.ts';

/** A server until it is killed. */
export type Life = {
  readonly url: string;
  readonly key: string;
  readonly client: Anthropic;
  /** How many sessions it took up when it started; null on PostgreSQL, where that comes later. */
  readonly took: number | null;
  alive(): boolean;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
};

/** Starts a server with these settings in a process of its own, and resolves once it listens. */
export async function live(settings: Record<string, string>): Promise<Life> {
  const flags = { api_key: testKey, anthropic_api_key: 'upstream-key', ...settings };
  const running: Running = startNode([programs.server, JSON.stringify(flags)]);
  const [, url = '', took] = await running.printed(/^(\S+) took up (\d+|what others leave)\n/);
  return {
    ...{ url, key: testKey, client: sdk(url, testKey, { maxRetries: 0 }) },
    took: /^\d+$/.test(took ?? '') ? Number(took) : null,
    alive: () => running.child.exitCode === null && running.child.signalCode === null,
    async kill() {
      running.child.kill('SIGKILL');
      if (running.child.signalCode === null && running.child.exitCode === null)
        await once(running.child, 'exit');
      if (settings['database_url'] !== undefined) await passTheTime(settings['database_url']);
    },
  };
}

/** Gives what a process had taken to others, as if nobody had heard of it for long, instead of waiting until then. */
async function passTheTime(database_url: string): Promise<void> {
  const rows = await openRows({ database_url });
  try {
    await rows.query(`update pgboss.job set state = 'retry', start_after = now() where state = 'active'`);
  } finally {
    await rows.close();
  }
}

/**
 * Starts a server with these settings in the process of the test, which takes a fraction of the time: for a life that is
 * not to be killed, such as the one in which a test sees what the lives before have left. `kill` only closes it.
 */
export async function liveHere(settings: Record<string, string>): Promise<Life> {
  const { server, url, key } = await startPawl({ anthropic_api_key: 'upstream-key', ...settings });
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= server.close();
    return closing;
  };
  onTestFinished(close);
  return {
    ...{ url, key, client: sdk(url, key, { maxRetries: 0 }) },
    took: server.recovered,
    alive: () => closing === null,
    kill: close,
  };
}
