import { type RawBuilder, sql } from 'kysely';

/**
 * Whether a text holds another one, which is not empty. Capital and small letters are the same; to SQLite, only those of
 * ASCII. Put so that both databases understand it.
 */
export function holds(text: RawBuilder<string | null>, part: string): RawBuilder<boolean> {
  return sql<boolean>`replace(lower(${text}), lower(cast(${part} as text)), '') <> lower(${text})`;
}

/** The same of one of several columns. */
export function oneHolds(columns: readonly string[], part: string): RawBuilder<boolean> {
  const each = columns.map((column) => holds(sql.ref<string | null>(column), part));
  return sql<boolean>`(${sql.join(each, sql` or `)})`;
}
