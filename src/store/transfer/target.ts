import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type ControlledTransaction, sql } from 'kysely';
import type { Database } from '../database.ts';
import { DatabaseError, type Dialect } from '../dialect.ts';
import { messageOf, takeOwnership } from '../ownership.ts';
import { postgresDialect } from '../postgres.ts';
import { kyselyOver, sqliteDialect, takeLock } from '../sqlite.ts';
import { connectOnce, type KeptDatabase, openSnapshot } from './snapshot.ts';
import { notEmpty, requireUnused } from './unused.ts';

/** An empty database that is being filled, in one transaction. */
export type Target = {
  readonly db: ControlledTransaction<Database>;
  readonly dialect: Dialect;
  /** Keeps everything that was written, down to the disk. */
  keep(): Promise<void>;
  /** Throws everything away that was not kept, and lets the database go. */
  close(): Promise<void>;
};

/**
 * Opens a database that has no tables yet, or nothing in them. Nobody sees what is written before all of it is kept: in PostgreSQL it is
 * one transaction, and SQLite's is a file beside, which then gets its name.
 * @throws DatabaseInUseError; @throws DatabaseError when something is in it, or it cannot be used.
 */
export function openTarget(choice: KeptDatabase): Promise<Target> {
  return choice.kind === 'sqlite' ? sqliteTarget(choice.folder) : postgresTarget(choice.url);
}

/** What SQLite keeps beside a database. It would take the log of one that is gone for a part of the one that is put there. */
const logFiles = ['pawl.db-wal', 'pawl.db-journal'];

async function sqliteTarget(folder: string): Promise<Target> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = takeLock(folder);
  const file = join(folder, 'pawl.db');
  const beside = join(folder, 'pawl.db.new');
  let handle: Sqlite.Database | null = null;
  try {
    const what = `There is a database in ${folder}`;
    const log = logFiles.find((name) => existsSync(join(folder, name)));
    if (log !== undefined) throw notEmpty(`${what} already (${log})`);
    if (existsSync(file)) await requireUnusedFile(folder, what);
    // One that a process has left when it was killed.
    rmSync(beside, { force: true });
    closeSync(openSync(beside, 'a', 0o600));
    const opened = new Sqlite(beside);
    handle = opened;
    // Should this fail half way, the file is thrown away as a whole.
    opened.pragma('journal_mode = OFF');
    opened.pragma('synchronous = OFF');
    opened.pragma('foreign_keys = ON');
    const db = await kyselyOver(opened).startTransaction().execute();
    return {
      ...{ db, dialect: sqliteDialect },
      async keep() {
        await db.commit().execute();
        opened.close();
        syncPath(beside);
        renameSync(beside, file);
        syncPath(folder);
      },
      async close() {
        opened.close();
        rmSync(beside, { force: true });
        lock.close();
      },
    };
  } catch (error) {
    handle?.close();
    lock.close();
    throw error;
  }
}

async function requireUnusedFile(folder: string, what: string): Promise<void> {
  try {
    const { db, dialect, close } = await openSnapshot({ kind: 'sqlite', folder });
    try {
      await requireUnused(db, dialect, what);
    } finally {
      await close();
    }
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    // Whatever it is, it is not empty.
    throw notEmpty(`${what} already (pawl.db)`, error);
  }
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

async function postgresTarget(url: string): Promise<Target> {
  // A server that starts meanwhile would fill it as well.
  const ownership = await takeOwnership(url, 'alone');
  // A step of the schema takes as long as it takes.
  const connection = connectOnce(url, 0);
  let begun: ControlledTransaction<Database> | null = null;
  const close = async (): Promise<void> => {
    // A connection that broke has ended the transaction already.
    if (begun !== null && !begun.isCommitted)
      await begun
        .rollback()
        .execute()
        .catch(() => {});
    await connection.destroy();
    await ownership.release();
  };
  try {
    const db = await connection.startTransaction().execute();
    begun = db;
    await dropUnused(db);
    return { db, dialect: postgresDialect, keep: () => db.commit().execute(), close };
  } catch (error) {
    await close();
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError(`Cannot use PostgreSQL: ${messageOf(error)}`, { cause: error });
  }
}

/** Makes room for the schema of the backup, which may be an older one. Tables in other schemas are not in the way. */
async function dropUnused(db: ControlledTransaction<Database>): Promise<void> {
  const names = await requireUnused(db, postgresDialect, 'The PostgreSQL database has tables');
  if (names.length === 0) return;
  const tables = [...names, 'kysely_migration', 'kysely_migration_lock'];
  await sql`drop table ${sql.join(tables.map((name) => sql.table(name)))}`.execute(db);
  const guards = names.flatMap((name) => [`${name}_keep`, `${name}_refuse`]);
  await sql`drop function if exists ${sql.join(guards.map((name) => sql`${sql.table(name)}()`))}`.execute(db);
}
