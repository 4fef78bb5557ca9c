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

/**
 * The same out of JSON that may hold any text. PostgreSQL's has no place for NUL and for halves of surrogate pairs, which
 * are left out first. So that no words are taken for them, a backslash is first written in its other form.
 */
export function jsonFieldBesideAnyText<T>(
  dialect: Dialect,
  column: string,
  path: readonly [string, ...string[]],
): RawBuilder<T> {
  if (dialect.name === 'sqlite') return jsonField(dialect, column, path);
  const plain = sql`replace(${sql.ref(column)}, ${sql.lit('\\\\')}, ${sql.lit('\\u005c')})`;
  const fit = sql`regexp_replace(${plain}, ${sql.lit('\\\\u(0000|d[89a-f][0-9a-f]{2})')}, '', 'g')`;
  return sql<T>`(${fit}::jsonb #>> ${sql.lit(`{${path.join(',')}}`)})`;
}
