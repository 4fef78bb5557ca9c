import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';
import type { Dialect, Store } from './dialect.ts';
import { migrate } from './migrate.ts';
import { connectTimeoutMs, takeOwnership } from './ownership.ts';

export const postgresDialect: Dialect = {
  name: 'postgres',
  text: 'text collate "C"',
  lock: (query) => query.forUpdate(),
  keep: (query) => query.forKeyShare(),
  // From PostgreSQL 18 on, a restricted delete has a code of its own.
  isBrokenReference: (error) => ['23503', '23001'].includes(String(codeOf(error))),
  refuseLoneDelete: (table, { table: owner, key }) => [
    `create function ${table}_keep() returns trigger language plpgsql as $$ begin
      if exists (select 1 from ${owner} where id = old.${key}) then
        raise exception '${table} rows are never changed';
      end if;
      return old;
    end $$`,
    `create trigger ${table}_refuse_delete before delete on ${table}
      for each row execute function ${table}_keep()`,
  ],
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

const maxConnections = 10;
const queryTimeoutMs = 120_000;
/** How often a transaction that lost a race is run again. */
const maxRaces = 5;

/**
 * Connects to (and migrates) a PostgreSQL database.
 * @throws DatabaseInUseError when another process has it for itself; @throws DatabaseError when it cannot be used.
 */
export async function openPostgres(url: string): Promise<Store> {
  const ownership = await takeOwnership(url, 'shared');
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    // A network that swallows packets must not hold a request for ever.
    keepAlive: true,
    query_timeout: queryTimeoutMs,
    types: { getTypeParser: typeParser } as pg.CustomTypesConfig,
  });
  // A connection that breaks is replaced at its next use, and whoever was using it is told by its query.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const store: Store = {
    dialect: postgresDialect,
    db,
    async write(work) {
      ownership.require();
      return runAgain(() => db.transaction().execute(work));
    },
    async close() {
      await db.destroy();
      await ownership.release();
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
