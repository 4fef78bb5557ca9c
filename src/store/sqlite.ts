import { closeSync, fdatasync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Database } from './database.ts';
import { DatabaseError, DatabaseInUseError, type Dialect, type Store } from './dialect.ts';
import { migrate } from './migrate.ts';
import type { DirectAdapter } from './prepared.ts';
import { createConnection, createDriver, type Run, runOn } from './sqlite-driver.ts';
import { createWriteLane, type LaneDatabase, type WriteLane } from './write-lane.ts';

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
  if (folder === null) return openInMemory();
  let lock: Sqlite.Database | null = null;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = takeLock(folder);
    const file = fileIn(folder);
    // Made for its owner alone, even in a folder that others may enter; SQLite's other files take its mode.
    closeSync(openSync(file, 'a', 0o600));
    return await openFile(folder, lock);
  } catch (error) {
    lock?.close();
    if (error instanceof DatabaseInUseError || error instanceof DatabaseError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new DatabaseError(`Cannot use the database in ${folder}: ${message}`, { cause: error });
  }
}

function fileIn(folder: string): string {
  return join(folder, 'pawl.db');
}

/** One handle serves both sides, and a read must not see half a batch. */
function openInMemory(): Promise<Store> {
  const writer = openHandle(':memory:', cacheKb.writer);
  const lane = createWriteLane(laneDatabase(writer, null));
  const run = runOn(writer);
  const db = kyselyWith(writer, run, () => (lane.isOpen() ? lane.between() : null));
  return opened({ lane, db, tx: kyselyWith(writer, run, null), close: () => writer.close() });
}

function openFile(folder: string, lock: Sqlite.Database): Promise<Store> {
  const writer = openHandle(fileIn(folder), cacheKb.writer);
  const reader = openHandle(fileIn(folder), cacheKb.reader);
  const log = openSync(`${fileIn(folder)}-wal`, 'r+');
  // The log may have been made a moment ago: without its name in the folder, what is in it would be lost.
  syncFolder(folder);
  const lane = createWriteLane(laneDatabase(writer, () => promisify(fdatasync)(log)));
  const [write, read] = [runOn(writer), runOn(reader)];
  // While no transaction is open, the writer sees what is committed, and has it in memory: the reader has to fetch the
  // pages again after each commit.
  const beside: Run = (query) => (lane.isOpen() ? read(query) : write(query));
  const db = kyselyWith(reader, beside, () => (lane.isSyncing() ? lane.between() : null));
  const close = (): void => {
    reader.close();
    writer.close();
    closeSync(log);
    lock.close();
  };
  return opened({ lane, db, tx: kyselyWith(writer, write, null), close });
}

function syncFolder(folder: string): void {
  const open = openSync(folder, 'r');
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}

type Parts = {
  readonly lane: WriteLane;
  readonly db: Kysely<Database>;
  readonly tx: Kysely<Database>;
  readonly close: () => void;
};

async function opened({ lane, db, tx, close }: Parts): Promise<Store> {
  const store: Store = {
    dialect: sqliteDialect,
    db,
    write: (work) => lane.write(() => work(tx)),
    async close() {
      await lane.idle();
      close();
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

/** The writer reads as well, but while a transaction is open. The binding would take 16 MB for each, which is much beside the rest. */
const cacheKb = { writer: 4000, reader: 500 } as const;

function openHandle(file: string, cache_kb: number): Sqlite.Database {
  const handle = new Sqlite(file);
  handle.pragma('journal_mode = WAL');
  // The write lane brings each commit to the disk before anybody is told, without holding up the event loop as FULL
  // would. NORMAL brings the log there before it is copied into the database.
  handle.pragma('synchronous = NORMAL');
  handle.pragma('foreign_keys = ON');
  // Makes REPLACE ask the triggers that refuse a delete.
  handle.pragma('recursive_triggers = ON');
  handle.pragma('busy_timeout = 5000');
  // What a savepoint would undo is no use after a crash, so that it need not go to a file.
  handle.pragma('temp_store = MEMORY');
  handle.pragma(`cache_size = -${cache_kb}`);
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

/** Queries over a handle. */
export function kyselyOver(handle: Sqlite.Database): Kysely<Database> {
  return kyselyWith(handle, runOn(handle), null);
}

/** What there is to wait for before a query; null when there is nothing. */
type Ready = () => Promise<void> | null;

/** Queries that are run in this way, each when it is ready. */
function kyselyWith(handle: Sqlite.Database, run: Run, ready: Ready | null): Kysely<Database> {
  const connection = createConnection(run);
  const direct: DirectAdapter['run'] = async <R>(query: CompiledQuery<R>) => {
    const wait = ready?.() ?? null;
    if (wait !== null) await wait;
    return run<R>(query).rows;
  };
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new DirectSqliteAdapter(direct),
      createDriver: () =>
        createDriver(handle, { connection, ready: async () => (await ready?.()) ?? undefined }),
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

function laneDatabase(handle: Sqlite.Database, sync: LaneDatabase['sync']): LaneDatabase {
  const statement = (sql: string) => {
    const prepared = handle.prepare(sql);
    return () => void prepared.run();
  };
  return {
    begin: statement('begin immediate'),
    commit: statement('commit'),
    sync,
    rollback: statement('rollback'),
    savepoint: statement('savepoint piece'),
    releaseSavepoint: statement('release piece'),
    rollbackToSavepoint: () => handle.exec('rollback to piece; release piece'),
  };
}
