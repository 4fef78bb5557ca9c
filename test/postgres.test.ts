import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from './postgres.ts';

let first: FreshDatabase;
let second: FreshDatabase;

beforeAll(async () => {
  [first, second] = await Promise.all([freshDatabase(), freshDatabase()]);
});

afterAll(async () => {
  await Promise.all([first.drop(), second.drop()]);
});

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

test('the server is a release that PostgreSQL still maintains', async ({ annotate }) => {
  const rows = await query(first.url, `select current_setting('server_version') as version`);
  const { version } = rows[0] as { version: string };
  await annotate(`PostgreSQL ${version}`);
  expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(14);
});

test('a fresh database holds no tables and speaks UTF-8', async () => {
  const tables = await query(first.url, `select tablename from pg_tables where schemaname = 'public'`);
  expect(tables).toEqual([]);
  expect(await query(first.url, 'show server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
});

test('two databases do not see each other', async () => {
  await query(first.url, 'create table note (id integer)');
  await expect(query(second.url, 'select * from note')).rejects.toMatchObject({ code: '42P01' });
});

test('a dropped database is gone, whoever is still connected to it', async () => {
  const third = await freshDatabase();
  const client = new Client({ connectionString: third.url });
  client.on('error', () => undefined);
  await client.connect();
  await third.drop();
  await expect(query(third.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
  await client.end().catch(() => undefined);
});
