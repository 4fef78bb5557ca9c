import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { connectTimeoutMs } from './ownership.ts';

/** A line to whoever has the same database open. */
export type SignalLine = {
  /** Says something to all others; whoever is not connected misses it. Rejects when the database cannot be reached. */
  notify(payload: string): Promise<void>;
  close(): Promise<void>;
};

type Listening = {
  readonly onPayload: (payload: string) => void;
  /** Called whenever the line was down and is there again. */
  readonly onAgain: () => void;
};

/** The most bytes that PostgreSQL takes in one notification, less a few. */
export const mostSignalBytes = 7900;
const channel = 'pawl';
const firstPauseMs = 250;
const lastPauseMs = 5000;
const aliveEveryMs = 10_000;

/**
 * Listens on a connection of its own, which is made anew whenever it breaks.
 * @throws the database's error when it cannot be reached at first
 */
export async function openSignalLine(url: string, { onPayload, onAgain }: Listening): Promise<SignalLine> {
  const closing = new AbortController();
  const { signal } = closing;
  let mending = Promise.resolve();
  let client = await connect();
  // A network that swallows packets says nothing: whoever asks now and then finds out.
  const pulse = setInterval(
    () => void client.query('select 1').catch(() => client.end()),
    aliveEveryMs,
  ).unref();

  async function connect(): Promise<pg.Client> {
    const made = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
      keepAlive: true,
    });
    made.on('error', () => {});
    made.on('notification', ({ payload }) => {
      if (payload !== undefined) onPayload(payload);
    });
    try {
      await made.connect();
      await made.query(`listen ${channel}`);
    } catch (error) {
      await made.end().catch(() => {});
      throw error;
    }
    made.once('end', () => {
      if (!signal.aborted) mending = mend();
    });
    return made;
  }

  async function mend(): Promise<void> {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, lastPauseMs)) {
      try {
        client = await connect();
        onAgain();
        return;
      } catch {
        await wait(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }

  return {
    async notify(payload) {
      await client.query('select pg_notify($1, $2)', [channel, payload]);
    },
    async close() {
      closing.abort();
      clearInterval(pulse);
      await mending;
      await client.end().catch(() => {});
    },
  };
}
