import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from '../database.ts';
import { DatabaseError } from '../dialect.ts';
import type { DatabaseChoice } from '../open.ts';
import { messageOf } from '../ownership.ts';
import { postgresDialect } from '../postgres.ts';
import { kyselyOver, sqliteDialect } from '../sqlite.ts';
import type { OpenSnapshot } from './read-backup.ts';

/** A database that outlasts a process. */
export type KeptDatabase = Exclude<DatabaseChoice, { kind: 'memory' }>;

/**
 * Reads a database as it is at this moment, whoever writes to it meanwhile. It takes no lock that a server needs:
 * in SQLite's WAL mode readers and the writer leave each other alone, also in different processes, and PostgreSQL gives a
 * transaction of its own view. It changes nothing and migrates nothing.
 * @throws DatabaseError when it cannot be opened.
 */
export function openSnapshot(choice: KeptDatabase): Promise<OpenSnapshot> {
  return choice.kind === 'sqlite' ? sqliteSnapshot(choice.folder) : postgresSnapshot(choice.url);
}

async function sqliteSnapshot(folder: string): Promise<OpenSnapshot> {
  const handle = new Sqlite(databaseFileIn(folder), { readonly: true });
  handle.exec('begin');
  return {
    db: kyselyOver(handle),
    dialect: sqliteDialect,
    close: async () => void handle.close(),
  };
}

/** The file of the SQLite database in a folder. @throws DatabaseError when there is none. */
export function databaseFileIn(folder: string): string {
  const file = join(folder, 'pawl.db');
  if (existsSync(file)) return file;
  throw new DatabaseError(`There is no database in ${folder}`);
}

async function postgresSnapshot(url: string): Promise<OpenSnapshot> {
  const db = connectOnce(url, queryTimeoutMs);
  try {
    const beginning = db.startTransaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    const tx = await beginning.execute();
    return {
      db: tx,
      dialect: postgresDialect,
      async close() {
        // A connection that broke has ended the transaction already.
        await tx
          .rollback()
          .execute()
          .catch(() => {});
        await db.destroy();
      },
    };
  } catch (error) {
    await db.destroy();
    throw new DatabaseError(`Cannot connect to PostgreSQL: ${messageOf(error)}`, { cause: error });
  }
}

const connectTimeoutMs = 10_000;
/** For one query; each reads or writes no more than a part of a table. */
const queryTimeoutMs = 120_000;
const int8 = 20;

/** One connection to PostgreSQL, on which all queries run, each of them for so many milliseconds at most; zero is no bound. */
export function connectOnce(url: string, query_timeout: number): Kysely<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout,
    keepAlive: true,
  });
  // Whoever uses a connection that breaks is told by the query.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
    client.setTypeParser(int8, Number);
  });
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}
