import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sql } from 'kysely';
import { DatabaseError } from '../dialect.ts';
import { migrate, newestSchema } from '../migrate.ts';
import { BackupError, type BackupRecord, type Manifest, type Totals } from './record.ts';
import { type Row, sumOf, type TableSum } from './rows.ts';
import { readTables, type Table } from './tables.ts';
import type { Target } from './target.ts';
import { verifyBackup } from './verify-backup.ts';

/** Where the bytes of files are put. */
export type FilePlace = {
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<number>;
  get(name: string): Promise<Readable | null>;
  remove(name: string): Promise<void>;
};

/** How many values one statement may have; SQLite takes 32,766. */
const mostValues = 20_000;

/**
 * Fills an empty database with a backup: the schema as it was, every row, the bytes of files; reads everything back
 * and compares it with the sums of the backup; brings the schema up to date; and only then keeps it. When anything
 * fails before that, the database stays empty, and the files that were put are removed. The caller closes the target.
 * @throws BackupError, DatabaseError, and whatever the database and the place for files throw.
 */
export async function restoreBackup(
  records: AsyncIterable<BackupRecord>,
  { target, files }: { readonly target: Target; readonly files: FilePlace },
): Promise<Totals> {
  const iterator = verifyBackup(records);
  const put: string[] = [];
  let tables = new Map<string, Table>();
  let table: Table | undefined;
  const sums: [Table, TableSum][] = [];
  try {
    for (;;) {
      const { value: record, done } = await iterator.next();
      if (done === true) {
        for (const [one, sum] of sums) await requireSum(target, one, sum);
        await migrate(target.db, target.dialect);
        // When this fails it may have been kept all the same, and would be without its files.
        put.length = 0;
        await target.keep();
        return record;
      }
      if (record.kind === 'manifest') tables = await makeTables(target, record);
      else if (record.kind === 'table') table = tables.get(record.name);
      else if (record.kind === 'rows' && table !== undefined) await insertRows(target, table, record.rows);
      else if (record.kind === 'table_end' && table !== undefined) {
        sums.push([table, { rows: record.rows, sha256: record.sha256 }]);
      } else if (record.kind === 'file') await placeFile(iterator, files, { ...record, put });
    }
  } catch (error) {
    for (const id of put) await files.remove(id).catch(() => {});
    throw error;
  } finally {
    await iterator.return({ tables: {}, files: 0, missing_files: 0 });
  }
}

/** Makes the tables as they were when the backup was made, with nothing in them. */
async function makeTables({ db, dialect }: Target, manifest: Manifest): Promise<Map<string, Table>> {
  const { schema } = manifest;
  if (newestSchema === undefined || schema > newestSchema) {
    throw new BackupError(
      `The backup was made by a newer pawl (${manifest.pawl}) than this one; use that or a later version`,
    );
  }
  await migrate(db, dialect, schema);
  const tables = new Map((await readTables(db, dialect)).map((table) => [table.name, table]));
  for (const { name, columns } of manifest.tables) {
    if (tables.get(name)?.columns.join() !== columns.join()) {
      throw new BackupError(`The table ${name} of the backup is not as this pawl knows it at ${schema}`);
    }
  }
  if (tables.size !== manifest.tables.length) {
    throw new BackupError(`The backup lacks tables that this pawl knows at ${schema}`);
  }
  // What the schema begins with comes with the backup as well.
  for (const name of tables.keys()) await sql`delete from ${sql.table(name)}`.execute(db);
  return tables;
}

async function insertRows({ db }: Target, table: Table, rows: readonly Row[]): Promise<void> {
  const columns = sql.join(table.columns.map((column) => sql.ref(column)));
  const together = Math.max(1, Math.floor(mostValues / table.columns.length));
  for (let from = 0; from < rows.length; from += together) {
    const values = rows.slice(from, from + together).map((row) => {
      if (row.length !== table.columns.length) throw new BackupError(`A row of ${table.name} does not fit`);
      return sql`(${sql.join(row)})`;
    });
    await sql`insert into ${sql.table(table.name)} (${columns}) values ${sql.join(values)}`.execute(db);
  }
}

async function requireSum({ db }: Target, table: Table, sum: TableSum): Promise<void> {
  const found = await sumOf(db, table);
  if (found.rows === sum.rows && found.sha256 === sum.sha256) return;
  throw new DatabaseError(`The table ${table.name} does not read back as it was written; nothing was kept`);
}

/** Puts the bytes of a file where files are, unless they are there already, and reads them back. */
async function placeFile(
  records: AsyncIterator<BackupRecord>,
  files: FilePlace,
  { id, size_bytes, put }: { readonly id: string; readonly size_bytes: number; readonly put: string[] },
): Promise<void> {
  let sha256: string | null = null;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { value: record } = await records.next();
      if (record.kind === 'bytes') yield record.bytes;
      else {
        if (record.kind === 'file_end') sha256 = record.sha256;
        return;
      }
    }
  }
  const pieces = bytes();
  const there = await hashOf(files, id);
  if (there?.size === size_bytes) {
    for await (const _ of pieces);
  } else {
    // What a process has left when it was killed.
    if (there !== null) await files.remove(id);
    put.push(id);
    await files.put(id, pieces);
  }
  if (sha256 === null) return put.includes(id) ? files.remove(id) : undefined;
  if ((await hashOf(files, id))?.sha256 === sha256) return;
  throw new BackupError(`There is a file ${id} already, with other bytes`);
}

async function hashOf(files: FilePlace, id: string): Promise<{ size: number; sha256: string } | null> {
  const bytes = await files.get(id);
  if (bytes === null) return null;
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}
