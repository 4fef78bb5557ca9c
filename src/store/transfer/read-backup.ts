import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sql } from 'kysely';
import { DatabaseError, type Dialect, type Handle, type Store } from '../dialect.ts';
import type { BackupRecord, Manifest } from './record.ts';
import { createSum, readRows } from './rows.ts';
import { readTables } from './tables.ts';

/** A database that does not change while it is read. */
export type Snapshot = { readonly db: Handle; readonly dialect: Dialect };

/** A snapshot, which the database keeps until it is closed. */
export type OpenSnapshot = Snapshot & { close(): Promise<void> };

/** Where the bytes of files are read; null when they stay where they are. */
export type FileBytes = { get(name: string): Promise<Readable | null> } | null;

/** Bytes of files come in pieces of this size at most. */
const pieceSize = 65_536;

/**
 * Everything that a database holds, and the bytes of its files, piece by piece and never all at once.
 * @throws DatabaseError, and whatever reading the bytes throws.
 */
export async function* readBackup(
  { db, dialect }: Snapshot,
  { files, ...made }: Pick<Manifest, 'pawl' | 'made_at'> & { readonly files: FileBytes },
): AsyncGenerator<BackupRecord, void> {
  const tables = await readTables(db, dialect);
  yield {
    kind: 'manifest',
    schema: await schemaOf(db),
    ...made,
    database: dialect.name === 'sqlite' ? 'SQLite' : 'PostgreSQL',
    files: files === null ? 'apart' : 'included',
    tables: tables.map(({ name, columns }) => ({ name, columns })),
  };
  const counts: Record<string, number> = {};
  for (const table of tables) {
    yield { kind: 'table', name: table.name };
    const sum = createSum();
    for await (const rows of readRows(db, table)) {
      sum.add(rows);
      yield { kind: 'rows', rows };
    }
    const total = sum.total();
    counts[table.name] = total.rows;
    yield { kind: 'table_end', ...total };
  }
  const brought = { files: 0, missing_files: 0 };
  for await (const { id, size_bytes } of files === null ? [] : filesIn(db)) {
    yield { kind: 'file', id, size_bytes };
    const sha256 = yield* readFile(await files?.get(id));
    yield { kind: 'file_end', sha256 };
    brought[sha256 === null ? 'missing_files' : 'files']++;
  }
  yield { kind: 'totals', tables: counts, ...brought };
}

/** The same of a snapshot that is opened when its reading begins, and closed when that ends, however it does. */
export async function* readSnapshot(
  open: () => Promise<OpenSnapshot>,
  options: Parameters<typeof readBackup>[1],
): AsyncGenerator<BackupRecord, void> {
  const snapshot = await open();
  try {
    yield* readBackup(snapshot, options);
  } finally {
    await snapshot.close();
  }
}

/** The same of a database that only its store can see, which nobody writes to while it is read into memory. */
export async function* readInMemory(
  { write, dialect }: Store,
  options: Parameters<typeof readBackup>[1],
): AsyncGenerator<BackupRecord, void> {
  yield* await write(async (db) => {
    const records: BackupRecord[] = [];
    for await (const record of readBackup({ db, dialect }, options)) records.push(record);
    return records;
  });
}

async function* readFile(bytes: Readable | null | undefined): AsyncGenerator<BackupRecord, string | null> {
  if (bytes === null || bytes === undefined) return null;
  const hash = createHash('sha256');
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(chunk);
    for (let from = 0; from < chunk.length; from += pieceSize) {
      yield { kind: 'bytes', bytes: chunk.subarray(from, from + pieceSize) };
    }
  }
  return hash.digest('hex');
}

/** The newest step of the schema of a database. @throws DatabaseError when it has none. */
async function schemaOf(db: Handle): Promise<string> {
  const newest = sql<{ name: string }>`select name from kysely_migration order by name desc limit 1`;
  const found = await newest.execute(db).catch(() => null);
  const [row] = found?.rows ?? [];
  if (row === undefined) throw new DatabaseError('The database holds no data of Pawl');
  return row.name;
}

const filesTogether = 500;

/** The files whose bytes are to be there: those of expired ones are removed. */
async function* filesIn(db: Handle): AsyncGenerator<{ id: string; size_bytes: number }> {
  for (let after = ''; ; ) {
    const page = await db
      .selectFrom('files')
      .select(['id', 'size_bytes'])
      .where('expired', '=', 0)
      .where('id', '>', after)
      .orderBy('id')
      .limit(filesTogether)
      .execute();
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < filesTogether) return;
    after = last.id;
  }
}
