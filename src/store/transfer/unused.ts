import { sql } from 'kysely';
import { DatabaseError, type Dialect, type Handle } from '../dialect.ts';
import { openStore } from '../open.ts';
import { readTables } from './tables.ts';

const refusal = 'It is filled only while it is empty: name another, or remove what is there first';

/** A refusal to fill a database. `what` says which one, and what is in it. */
export function notEmpty(what: string, cause?: unknown): DatabaseError {
  return new DatabaseError(`${what}. ${refusal}`, { cause });
}

/**
 * Requires of a database that there is nothing in it but what `pawl migrate` makes. `what` is what the refusal begins with.
 * Gives the names of its tables, each after all that it refers to; none where it has not been migrated.
 * @throws DatabaseError when a table has rows, or is not Pawl's.
 */
export async function requireUnused(db: Handle, dialect: Dialect, what: string): Promise<string[]> {
  const names = (await readTables(db, dialect)).map(({ name }) => name);
  if (names.length === 0) return [];
  const known = await knownTables();
  for (const name of names) {
    if (!known.has(name) || (await hasRows(db, name))) throw notEmpty(`${what} already (${name})`);
  }
  return names;
}

/** The names of the tables of the newest schema, which are the same in every database. */
async function knownTables(): Promise<Set<string>> {
  const store = await openStore({ kind: 'memory' });
  try {
    return new Set((await readTables(store.db, store.dialect)).map(({ name }) => name));
  } finally {
    await store.close();
  }
}

async function hasRows(db: Handle, name: string): Promise<boolean> {
  // One row is there from the beginning.
  const counts = name === 'audit_head' ? sql`where seq > 0` : sql``;
  const { rows } = await sql`select 1 from ${sql.table(name)} ${counts} limit 1`.execute(db);
  return rows.length > 0;
}
