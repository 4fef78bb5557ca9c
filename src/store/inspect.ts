import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import pg from 'pg';
import { newestSchema } from './migrate.ts';
import type { DatabaseChoice } from './open.ts';
import { messageOf, ownerLock } from './ownership.ts';

/** What can be said of a database without changing it. */
export type DatabaseInspection = {
  /** The newest step of its schema; null while there is none, which the first start changes. */
  readonly schema: string | null;
  /** Whether a server is serving from it now, which is no problem. */
  readonly in_use: boolean;
  /** Why a server could not use it; null when it could. */
  readonly problem: string | null;
};

const connectTimeoutMs = 5000;

/** Looks at a database: makes nothing, migrates nothing and takes no lock that a server needs. */
export async function inspectStore(choice: DatabaseChoice): Promise<DatabaseInspection> {
  try {
    if (choice.kind === 'memory') return judged(null, false);
    return choice.kind === 'sqlite' ? inspectSqlite(choice.folder) : await inspectPostgres(choice.url);
  } catch (error) {
    return { schema: null, in_use: false, problem: messageOf(error) };
  }
}

function judged(schema: string | null, inUse: boolean): DatabaseInspection {
  const newer = schema !== null && newestSchema !== undefined && schema > newestSchema;
  const problem = newer
    ? `Its schema ${schema} is newer than this program, which knows ${newestSchema}`
    : null;
  return { schema, in_use: inUse, problem };
}

const newestStep = 'select name from kysely_migration order by name desc limit 1';

function inspectSqlite(folder: string): DatabaseInspection {
  const file = join(folder, 'pawl.db');
  if (!existsSync(file)) {
    const problem = problemWithFolder(nearest(resolve(folder)));
    return problem === null ? judged(null, false) : { schema: null, in_use: false, problem };
  }
  const inUse = isLocked(join(folder, 'pawl.lock'));
  const database = new Sqlite(file, { readonly: true, fileMustExist: true });
  try {
    const row = hasMigrations(database)
      ? (database.prepare(newestStep).get() as { name: string } | undefined)
      : undefined;
    const found = judged(row?.name ?? null, inUse);
    return mayWrite(file) ? found : { ...found, problem: `This user may not write to ${file}` };
  } finally {
    database.close();
  }
}

function hasMigrations(database: Sqlite.Database): boolean {
  const query = "select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'";
  return database.prepare(query).get() !== undefined;
}

/** A server holds its lock file exclusively, so that even reading it is refused. */
function isLocked(file: string): boolean {
  if (!existsSync(file)) return false;
  const lock = new Sqlite(file, { readonly: true, timeout: 0 });
  try {
    lock.prepare('select 1 from sqlite_master').get();
    return false;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_BUSY') return true;
    throw error;
  } finally {
    lock.close();
  }
}

/** What is there of a path: itself, or the first above it. */
function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}

/** The types of file systems that only look like folders, /proc and /sys, in `statfs(2)` of Linux. */
const kernelsOwn = [0x9f_a0, 0x62_65_65_72];

/** Why nothing can be made at a place. Of one of the kernel's, a superuser is told that it may write there. */
function problemWithFolder(place: string): string | null {
  if (!statSync(place).isDirectory()) return `${place} is a file, and no folder`;
  if (kernelsOwn.includes(statfsSync(place).type)) return `Nothing can be kept in ${place}`;
  return mayWrite(place) ? null : `This user may not write to ${place}`;
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

// The lock that a serving process holds (see ownership.ts), as pg_locks shows it: in two halves.
const lockHolders = `select 1 from pg_locks where locktype = 'advisory' and classid = 0 and objid = ${ownerLock}
  and database = (select oid from pg_database where datname = current_database())`;

async function inspectPostgres(url: string): Promise<DatabaseInspection> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const holders = await client.query(lockHolders);
    const table = await client.query<{ found: boolean }>(
      "select to_regclass('kysely_migration') is not null as found",
    );
    const steps = table.rows[0]?.found === true ? await client.query<{ name: string }>(newestStep) : null;
    return judged(steps?.rows[0]?.name ?? null, holders.rows.length > 0);
  } finally {
    await client.end().catch(() => {});
  }
}
