import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { DatabaseError, DatabaseInUseError } from './dialect.ts';

/** Any number, as long as every Pawl process asks for the same one. */
export const ownerLock = 7295_0001;

export const connectTimeoutMs = 10_000;
const regainEveryMs = 250;
/** How long PostgreSQL may take to notice that an old connection of ours is gone, and let go of its lock. */
const patienceMs = 20_000;

/** The share of one process in a database. */
export type Ownership = {
  /** @throws DatabaseInUseError while somebody else has the database for himself. */
  require(): void;
  release(): Promise<void>;
};

/**
 * Servers share a database. Who fills an empty one has it for himself, as did servers of before that knew of no others.
 */
export type Share = 'shared' | 'alone';

/**
 * Holds a lock of PostgreSQL for as long as this process lives, so that those who cannot be there at the same time find out at
 * their start. The lock hangs on a connection of its own; when that breaks, it is taken again.
 * @throws DatabaseInUseError when others stand in the way; @throws DatabaseError when there is no connection.
 */
export async function takeOwnership(url: string, share: Share): Promise<Ownership> {
  const closing = new AbortController();
  let lost: DatabaseInUseError | null = null;
  let regaining = Promise.resolve();
  let client = await lock(url, share);
  watch(client);

  function watch(watched: pg.Client): void {
    watched.once('end', () => {
      if (!closing.signal.aborted) regaining = regain();
    });
  }

  async function regain(): Promise<void> {
    const end = Date.now() + patienceMs;
    while (!closing.signal.aborted) {
      try {
        client = await lock(url, share);
        watch(client);
        lost = null;
        return;
      } catch (error) {
        if (error instanceof DatabaseInUseError && Date.now() > end) lost = error;
      }
      await wait(regainEveryMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  return {
    require() {
      if (lost !== null) throw lost;
    },
    async release() {
      closing.abort();
      await regaining;
      await client.end().catch(() => {});
    },
  };
}

const inUse: Readonly<Record<Share, string>> = {
  shared:
    'Another pawl has this PostgreSQL database for itself: it fills it, or is of a version that shares it with nobody',
  alone: 'Another pawl process is at work on this PostgreSQL database',
};

async function lock(url: string, share: Share): Promise<pg.Client> {
  let client: pg.Client | null = null;
  try {
    // A URL that cannot be read is an error here already.
    client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
      keepAlive: true,
    });
    client.on('error', () => {});
    await client.connect();
    const query = `select pg_try_advisory_lock${share === 'shared' ? '_shared' : ''}($1) as taken`;
    const answer = await client.query<{ taken: boolean }>(query, [ownerLock]);
    if (answer.rows[0]?.taken === true) return client;
  } catch (error) {
    await client?.end().catch(() => {});
    throw new DatabaseError(`Cannot connect to PostgreSQL: ${messageOf(error)}`, { cause: error });
  }
  await client.end().catch(() => {});
  throw new DatabaseInUseError(inUse[share]);
}

/** The sentence of an error, or of each where several addresses were tried. */
export function messageOf(error: unknown): string {
  // A refused connection to a name with several addresses has an empty message of its own.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
