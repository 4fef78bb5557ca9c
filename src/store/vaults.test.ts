import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PageRequest } from '../core/page.ts';
import type { Database } from './database.ts';
import { openStore } from './open.ts';
import { listActiveCredentials, listCredentials, listVaults } from './vaults.ts';

const folder = mkdtempSync(join(tmpdir(), 'pawl-plans-'));
const queries: CompiledQuery[] = [];
let file: Sqlite.Database;
let db: Kysely<Database>;

beforeAll(async () => {
  await (await openStore({ kind: 'sqlite', folder })).close();
  file = new Sqlite(join(folder, 'pawl.db'));
  db = new Kysely<Database>({
    dialect: new SqliteDialect({ database: file }),
    log: ({ query }) => void queries.push(query),
  });
});
afterAll(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true });
});

const list = { name: 'vaults', key: ['string', 'string'], backwards: false } as const;
const page: PageRequest = { list, limit: 20, order: 'desc', cursor: null };
const open = { include_archived: false };

test.each<[string, () => Promise<unknown>, string]>([
  ['vaults', () => listVaults(db, open, page), 'vaults_live'],
  [
    ...(['the credentials of a vault'] as const),
    () => listCredentials(db, { ...open, vault_id: 'v' }, page),
    'vault_credentials_live',
  ],
  ['what a vault is full of', () => listActiveCredentials(db, 'v'), 'vault_credentials_live'],
])('SQLite reads no archived ones for %s', async (_what, read, index) => {
  queries.length = 0;
  await read();
  const plans = queries.flatMap(({ sql, parameters }) =>
    file.prepare<unknown[], { detail: string }>(`explain query plan ${sql}`).all(...parameters),
  );
  expect(plans).toHaveLength(1);
  expect(plans[0]?.detail).toContain(`USING INDEX ${index}`);
});
