import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';
import { DatabaseError, DatabaseInUseError } from './dialect.ts';
import { inspectStore } from './inspect.ts';
import { migrate, stepsAfter } from './migrate.ts';
import { type DatabaseChoice, openStore } from './open.ts';
import { connectTimeoutMs, takeOwnership } from './ownership.ts';
import { postgresDialect } from './postgres.ts';

/** What a database needs, or has been given. */
export type SchemaChange = {
  /** Its newest step before them; null when there was none. */
  readonly from: string | null;
  /** The steps that it lacks, or has been given, in order; none when it is up to date. */
  readonly steps: readonly string[];
};

/** What to do while another process has the database. */
export type Waiting = {
  /** How long to wait for it at most. */
  readonly patience_ms: number;
  /** Called once, when the wait begins. */
  readonly onWait: () => void;
};

const retryEveryMs = 250;

/**
 * Brings a database up to date without serving from it. On PostgreSQL servers may go on meanwhile; on SQLite only one
 * process has the database at a time. A database that is up to date is left alone, whoever has it.
 * @throws DatabaseInUseError when another process still has it after the wait.
 * @throws DatabaseError when it is newer than this program, cannot be used, or a step fails.
 */
export async function migrateStore(
  choice: DatabaseChoice,
  { patience_ms, onWait }: Waiting,
): Promise<SchemaChange> {
  const end = Date.now() + patience_ms;
  for (let tries = 0; ; tries++) {
    const change = await missingSteps(choice);
    if (change.steps.length === 0) return change;
    try {
      await bringUpToDate(choice);
      return change;
    } catch (error) {
      if (!(error instanceof DatabaseInUseError) || Date.now() >= end) throw error;
    }
    if (tries === 0) onWait();
    await wait(retryEveryMs);
  }
}

/**
 * What a database lacks, without changing it.
 * @throws DatabaseError when it is newer than this program, or cannot be used.
 */
export async function missingSteps(choice: DatabaseChoice): Promise<SchemaChange> {
  const { schema, problem } = await inspectStore(choice);
  if (problem !== null) throw new DatabaseError(`The database cannot be used: ${problem}`);
  return { from: schema, steps: stepsAfter(schema) };
}

async function bringUpToDate(choice: DatabaseChoice): Promise<void> {
  if (choice.kind === 'postgres') return migratePostgres(choice.url);
  const store = await openStore(choice);
  await store.close();
}

/** The lock that Kysely takes to migrate, on whose behalf a starting server waits as well. */
const migrationLock = '3853314791062309107';

async function migratePostgres(url: string): Promise<void> {
  // Beside servers, but not beside somebody who fills the database.
  const ownership = await takeOwnership(url, 'shared');
  // One connection, because a lock that it has it may take again. No time-out: a step may take as long as it takes.
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  try {
    const taking = sql<{ taken: boolean }>`select pg_try_advisory_lock(${migrationLock}) as taken`;
    const { rows } = await taking.execute(db);
    if (rows[0]?.taken !== true) {
      throw new DatabaseInUseError('Another process is migrating this PostgreSQL database');
    }
    await migrate(db, postgresDialect);
  } finally {
    await db.destroy();
    await ownership.release();
  }
}
