import { sql } from 'kysely';
import type { Store } from './dialect.ts';

/** Rejects when the database cannot be written to. Changes nothing, but for that it needs the right to. */
export async function probeDatabase(store: Store): Promise<void> {
  await store.write((tx) =>
    tx.updateTable('api_keys').set({ name: '' }).where(sql<boolean>`1 = 0`).execute(),
  );
}
