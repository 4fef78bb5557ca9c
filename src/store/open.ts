import type { Store } from './dialect.ts';
import { openSqlite } from './sqlite.ts';

/** Which database to use. */
export type DatabaseChoice =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly url: string };

/**
 * Opens a database and brings its schema up to date.
 * @throws DatabaseInUseError, DatabaseError
 */
export async function openStore(choice: DatabaseChoice): Promise<Store> {
  if (choice.kind === 'memory') return openSqlite(null);
  if (choice.kind === 'sqlite') return openSqlite(choice.folder);
  // Loaded only where it is used: most servers have no PostgreSQL.
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(choice.url);
}
