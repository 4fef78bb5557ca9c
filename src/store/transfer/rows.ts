import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { DatabaseError, type Handle } from '../dialect.ts';
import type { Table } from './tables.ts';

/** What a column may hold: both databases have text and numbers, and the schema uses nothing else. */
export type Value = string | number | null;

/** The values of a row, in the order of the columns of its table. */
export type Row = readonly Value[];

/** What there is of a table: how many rows, and a hash over them. */
export type TableSum = { readonly rows: number; readonly sha256: string };

/** Adds rows up. Equal rows in the same order have equal sums, whichever database they are read from. */
export type Sum = { add(rows: readonly Row[]): void; total(): TableSum };

/** The first part of a table is read with so many rows. */
const firstRows = 50;
const mostRows = 1000;
/** How much text a part is to have: rows may hold a few bytes or megabytes, and all of them have to fit into memory. */
const partSize = 500_000;

/** A row as it is hashed and as it stands in a file: a JSON array, which has no line break in it. */
export function lineOf(row: Row): string {
  return JSON.stringify(row);
}

/** Begins a sum: SHA-256 over the lines of the rows, each with a line break. */
export function createSum(): Sum {
  const hash = createHash('sha256');
  let count = 0;
  return {
    add(rows) {
      count += rows.length;
      for (const row of rows) hash.update(`${lineOf(row)}\n`);
    },
    total: () => ({ rows: count, sha256: hash.digest('hex') }),
  };
}

/**
 * The rows of a table in the order of its primary key, which is the same in both databases, some at a time.
 * @throws DatabaseError when a column holds what the other database could not keep.
 */
export async function* readRows(db: Handle, table: Table): AsyncGenerator<Row[]> {
  const key = sql.join(table.key.map((column) => sql.ref(column)));
  let after: RawBuilder<unknown> = sql``;
  for (let limit = firstRows; ; ) {
    const { rows: found } = await sql<Record<string, unknown>>`
      select ${sql.join(table.columns.map((column) => sql.ref(column)))} from ${sql.table(table.name)} ${after}
      order by ${key} limit ${sql.lit(limit)}`.execute(db);
    const rows = found.map((one) => table.columns.map((column) => checked(one[column], table, column)));
    if (rows.length > 0) yield rows;
    const last = found.at(-1);
    if (last === undefined || found.length < limit) return;
    after = sql`where (${key}) > (${sql.join(table.key.map((column) => last[column]))})`;
    limit = fitting(rows);
    // SQLite answers at once, so that nobody else would have a turn before the end of the table.
    await turn();
  }
}

/** Counts and hashes a table as it is in a database. */
export async function sumOf(db: Handle, table: Table): Promise<TableSum> {
  const sum = createSum();
  for await (const rows of readRows(db, table)) sum.add(rows);
  return sum.total();
}

/** How many rows like these have the size of a part. */
function fitting(rows: readonly Row[]): number {
  const size = rows.reduce((all, row) => all + row.reduce<number>((sum, value) => sum + sizeOf(value), 0), 0);
  return Math.min(mostRows, Math.max(1, Math.floor((partSize * rows.length) / size)));
}

function sizeOf(value: Value): number {
  return typeof value === 'string' ? value.length + 8 : 8;
}

function checked(value: unknown, table: Table, column: string): Value {
  if (value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) return value;
  throw new DatabaseError(`${table.name}.${column} holds what cannot be carried to another database`);
}
