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

/** A part of a table has so many rows at most, */
const mostRows = 1000;
/** and no more bytes than this, unless one row alone has: rows may hold a few bytes or megabytes. */
const partBytes = 500_000;

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
  const from = sql.table(table.name);
  const key = sql.join(table.key.map((column) => sql.ref(column)));
  const columns = sql.join(table.columns.map((column) => sql.ref(column)));
  let after: RawBuilder<unknown> = sql``;
  for (;;) {
    // How large they are is asked before they are read: nobody has to hold more than a part.
    const { rows: sizes } = await sql<{ bytes: number }>`
      select ${bytesOf(table)} as bytes from ${from} ${after} order by ${key} limit ${mostRows}`.execute(db);
    if (sizes.length === 0) return;
    const { rows: found } = await sql<Record<string, unknown>>`
      select ${columns} from ${from} ${after} order by ${key} limit ${fitting(sizes)}`.execute(db);
    yield found.map((one) => table.columns.map((column) => checked(one[column], table, column)));
    const last = found.at(-1);
    after = sql`where (${key}) > (${sql.join(table.key.map((column) => last?.[column]))})`;
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

/** How many bytes of text a row has. Both databases know that of a column without reading it. */
function bytesOf({ texts }: Table): RawBuilder<number> {
  const sizes = texts.map((name) => sql`coalesce(octet_length(${sql.ref(name)}), 0)`);
  return sql`${sql.join([sql`0`, ...sizes], sql` + `)}`;
}

/** How many of the rows with these sizes make up the next part: at least one. */
function fitting(sizes: readonly { readonly bytes: number }[]): number {
  let left = partBytes;
  const over = sizes.findIndex(({ bytes }) => {
    left -= bytes;
    return left < 0;
  });
  return over === -1 ? sizes.length : Math.max(1, over);
}

function checked(value: unknown, table: Table, column: string): Value {
  if (value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) return value;
  throw new DatabaseError(`${table.name}.${column} holds what cannot be carried to another database`);
}
