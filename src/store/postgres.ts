import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';
import { DatabaseError, DatabaseInUseError, type Dialect, type Store } from './dialect.ts';
import { migrate } from './migrate.ts';

export const postgresDialect: Dialect = {
  name: 'postgres',
  lock: (query) => query.forUpdate(),
  // From PostgreSQL 18 on, a restricted delete has a code of its own.
  isBrokenReference: (error) => ['23503', '23001'].includes(String(codeOf(error))),
  refuseChanges: (table, changes) => [
    `create function ${table}_refuse() returns trigger language plpgsql as
      $$ begin raise exception '${table} rows are never changed'; end $$`,
    ...changes.map(
      (change) =>
        `create trigger ${table}_refuse_${change} before ${change} on ${table}
        for each row execute function ${table}_refuse()`,
    ),
    `create trigger ${table}_refuse_truncate before truncate on ${table}
      for each statement execute function ${table}_refuse()`,
  ],
};

/** Any number, as long as every Pawl process asks for the same one. */
export const ownerLock = 7295_0001;
const maxConnections = 10;
const connectTimeoutMs = 10_000;
/** How often a transaction that lost a race is run again. */
const maxRaces = 5;

/**
 * Connects to (and migrates) a PostgreSQL database.
 * @throws DatabaseInUseError when another process serves from it; @throws DatabaseError when it cannot be used.
 */
export async function openPostgres(url: string): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    types: { getTypeParser: typeParser } as pg.CustomTypesConfig,
  });
  // An idle connection that breaks is replaced at its next use, so there is nothing to do here.
  pool.on('error', () => {});
  const owner = await takeOwnership(pool);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const store: Store = {
    dialect: postgresDialect,
    db,
    write: (work) => runAgain(() => db.transaction().execute(work)),
    async close() {
      owner.release(true);
      await db.destroy();
    },
  };
  try {
    await migrate(db, postgresDialect);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

/** Holds a session-level lock for as long as this process lives, so that a second one finds out at its start. */
async function takeOwnership(pool: pg.Pool): Promise<pg.PoolClient> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    await pool.end();
    throw new DatabaseError(`Cannot connect to PostgreSQL: ${messageOf(error)}`, { cause: error });
  }
  client.on('error', () => {});
  const answer = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
    ownerLock,
  ]);
  if (answer.rows[0]?.taken === true) return client;
  client.release(true);
  await pool.end();
  throw new DatabaseInUseError('Another pawl process is serving from this PostgreSQL database');
}

async function runAgain<T>(attempt: () => Promise<T>): Promise<T> {
  for (let races = 0; ; races++) {
    try {
      return await attempt();
    } catch (error) {
      if (races >= maxRaces || !isLostRace(error)) throw error;
    }
  }
}

function isLostRace(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** The SQLSTATE of an error; null when it has none. */
function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

const int8 = 20;

function typeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === int8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}

/** The sentence of an error, or of each where several addresses were tried. */
export function messageOf(error: unknown): string {
  // A refused connection to a name with several addresses has an empty message of its own.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
