import { sql } from 'kysely';
import type { Store } from './dialect.ts';

/**
 * What asks for the right to write, and changes nothing. SQLite has to write a page for it, if only as it was: nothing less
 * shows that its disk is full.
 */
const probes = {
  sqlite: sql`pragma user_version = 0`,
  postgres: sql`update api_keys set name = '' where 1 = 0`,
} as const;

/** Rejects when the database cannot be written to. */
export async function probeDatabase(store: Store): Promise<void> {
  await store.write((tx) => probes[store.dialect.name].execute(tx));
}
