import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Database } from './database.ts';
import { DatabaseError, DatabaseInUseError, type Dialect, type Store } from './dialect.ts';
import { migrate } from './migrate.ts';
import type { DirectAdapter } from './prepared.ts';
import { createConnection, createDriver } from './sqlite-driver.ts';
import { createWriteLane, type LaneDatabase } from './write-lane.ts';

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  text: 'text',
  lock: (query) => query,
  keep: (query) => query,
  // The code will not do: it is a trigger's for a restricted delete.
  isBrokenReference: (error) =>
    error instanceof Sqlite.SqliteError && error.message === 'FOREIGN KEY constraint failed',
  refuseLoneDelete: (table, { table: owner, key }) => [
    `create trigger ${table}_refuse_delete before delete on ${table}
      when exists (select 1 from ${owner} where id = old.${key})
      begin select raise(abort, '${table} rows are never changed'); end`,
  ],
  refuseChanges: (table, changes, keys = []) => [
    ...changes.map(
      (change) =>
        `create trigger ${table}_refuse_${change} before ${change} on ${table}
        begin select raise(abort, '${table} rows are never changed'); end`,
    ),
    // REPLACE asks no other trigger, unless whoever opens the database has told it to.
    ...(keys.length === 0
      ? []
      : [
          `create trigger ${table}_refuse_replace before insert on ${table}
          when ${keys.map((columns) => `exists (select 1 from ${table} where ${columns.map((one) => `${one} = new.${one}`).join(' and ')})`).join(' or ')}
          begin select raise(abort, '${table} rows are never changed'); end`,
        ]),
  ],
};

/**
 * Opens (and makes, and migrates) the database in a folder, or one in memory when the folder is null.
 * @throws DatabaseInUseError when another process has the folder's database.
 */
export async function openSqlite(folder: string | null): Promise<Store> {
  if (folder === null) return open(openHandle(':memory:'), null, null);
  let lock: Sqlite.Database | null = null;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = takeLock(folder);
    const file = join(folder, 'pawl.db');
    // Made for its owner alone, even in a folder that others may enter; SQLite's other files take its mode.
    closeSync(openSync(file, 'a', 0o600));
    return await open(openHandle(file), openHandle(file), lock);
  } catch (error) {
    lock?.close();
    if (error instanceof DatabaseInUseError || error instanceof DatabaseError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new DatabaseError(`Cannot use the database in ${folder}: ${message}`, { cause: error });
  }
}

async function open(
  writer: Sqlite.Database,
  reader: Sqlite.Database | null,
  lock: Sqlite.Database | null,
): Promise<Store> {
  const lane = createWriteLane(laneDatabase(writer));
  const tx = kyselyOver(writer, async () => {});
  // One handle serves both sides of a database in memory, and a read there must not see half a batch.
  const db = reader === null ? kyselyOver(writer, () => lane.between()) : kyselyOver(reader, async () => {});
  const store: Store = {
    dialect: sqliteDialect,
    db,
    write: (work) => lane.write(() => work(tx)),
    async close() {
      await lane.idle();
      reader?.close();
      writer.close();
      lock?.close();
    },
  };
  try {
    await migrate(tx, sqliteDialect);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function openHandle(file: string): Sqlite.Database {
  const handle = new Sqlite(file);
  handle.pragma('journal_mode = WAL');
  // FULL keeps an acknowledged commit through a power cut; the write lane makes its price bearable.
  handle.pragma('synchronous = FULL');
  handle.pragma('foreign_keys = ON');
  // Makes REPLACE ask the triggers that refuse a delete.
  handle.pragma('recursive_triggers = ON');
  handle.pragma('busy_timeout = 5000');
  // What a savepoint would undo is no use after a crash, so that it need not go to a file.
  handle.pragma('temp_store = MEMORY');
  return handle;
}

/**
 * One process owns the data: the lock lives as long as the process, however it ends.
 * @throws DatabaseInUseError when another process has it.
 */
export function takeLock(folder: string): Sqlite.Database {
  const lock = new Sqlite(join(folder, 'pawl.lock'), { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (!(error instanceof Sqlite.SqliteError) || error.code !== 'SQLITE_BUSY') throw error;
    throw new DatabaseInUseError(`Another pawl process is using ${folder}; stop it, or use another folder`, {
      cause: error,
    });
  }
}

/** Queries over a handle; `ready` is awaited before each. */
export function kyselyOver(handle: Sqlite.Database, ready: () => Promise<void>): Kysely<Database> {
  const connection = createConnection(handle);
  const run = async <R>(query: CompiledQuery<R>): Promise<R[]> => {
    await ready();
    return (await connection.executeQuery<R>(query)).rows;
  };
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new DirectSqliteAdapter(run),
      createDriver: () => createDriver(handle, { connection, ready }),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

class DirectSqliteAdapter extends SqliteAdapter implements DirectAdapter {
  readonly run: DirectAdapter['run'];

  constructor(run: DirectAdapter['run']) {
    super();
    this.run = run;
  }

  /** SQLite undoes changes of the schema like any others, so that a migration that fails leaves nothing behind. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function laneDatabase(handle: Sqlite.Database): LaneDatabase {
  const statement = (sql: string) => {
    const prepared = handle.prepare(sql);
    return () => void prepared.run();
  };
  return {
    begin: statement('begin immediate'),
    commit: statement('commit'),
    rollback: statement('rollback'),
    savepoint: statement('savepoint piece'),
    releaseSavepoint: statement('release piece'),
    rollbackToSavepoint: () => handle.exec('rollback to piece; release piece'),
  };
}
