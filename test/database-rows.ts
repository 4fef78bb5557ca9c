import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';

/** A look into a server's database from outside the server. */
export type DatabaseRows = {
  query(text: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
};

/** Opens the SQLite database of a data folder for reading, or the PostgreSQL database at a URL. */
export async function openRows(
  place: { readonly data_dir: string } | { readonly database_url: string },
): Promise<DatabaseRows> {
  if ('data_dir' in place) {
    const file = new Sqlite(join(place.data_dir, 'pawl.db'), { readonly: true });
    return {
      query: async (text) => file.prepare(text).all() as Record<string, unknown>[],
      close: async () => void file.close(),
    };
  }
  const client = new Client({ connectionString: place.database_url });
  await client.connect();
  return {
    query: async (text) => (await client.query(text)).rows,
    close: () => client.end(),
  };
}
