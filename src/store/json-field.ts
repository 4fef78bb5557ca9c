import { type RawBuilder, sql } from 'kysely';
import type { Dialect } from './dialect.ts';

/** Reads a field out of a column of JSON, by the names on the way to it, as SQL for a database. It is text, or SQLite's number. */
export function jsonField<T>(
  { name }: Dialect,
  column: string,
  path: readonly [string, ...string[]],
): RawBuilder<T> {
  if (name === 'sqlite')
    return sql<T>`json_extract(${sql.ref(column)}, ${sql.lit(['$', ...path].join('.'))})`;
  return sql<T>`(${sql.ref(column)}::jsonb #>> ${sql.lit(`{${path.join(',')}}`)})`;
}
