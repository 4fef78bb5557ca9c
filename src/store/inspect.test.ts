import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { freshDatabase } from '../../test/postgres.ts';
import { inspectStore } from './inspect.ts';
import { newestSchema } from './migrate.ts';
import { type DatabaseChoice, openStore } from './open.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

type Database = { readonly choice: DatabaseChoice; execute(sql: string): Promise<void> };

async function sqlite(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-inspect-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return {
    choice: { kind: 'sqlite', folder },
    async execute(sql) {
      new Sqlite(join(folder, 'pawl.db')).exec(sql).close();
    },
  };
}

async function postgres(): Promise<Database> {
  const { url, drop } = await freshDatabase();
  cleanups.push(drop);
  return {
    choice: { kind: 'postgres', url },
    async execute(sql) {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(sql);
      await client.end();
    },
  };
}

test.each([
  ['SQLite', sqlite],
  ['PostgreSQL', postgres],
])('%s is seen empty, in use, at rest, and newer than this program', async (_name, make) => {
  const { choice, execute } = await make();
  expect(await inspectStore(choice)).toEqual({ schema: null, in_use: false, problem: null });
  const store = await openStore(choice);
  expect(await inspectStore(choice)).toEqual({ schema: newestSchema, in_use: true, problem: null });
  await store.close();
  expect(await inspectStore(choice)).toEqual({ schema: newestSchema, in_use: false, problem: null });
  await execute("insert into kysely_migration (name, timestamp) values ('9999_later', '2030-01-01')");
  expect(await inspectStore(choice)).toMatchObject({
    schema: '9999_later',
    problem: expect.stringContaining('newer than this program'),
  });
});

test('Looking leaves no file behind', async () => {
  const folder = join(tmpdir(), 'pawl-inspect-nothing-here');
  expect(await inspectStore({ kind: 'sqlite', folder })).toEqual({
    schema: null,
    in_use: false,
    problem: null,
  });
  expect(() => rmSync(folder, { recursive: true })).toThrow('ENOENT');
});

test('A place where no folder can be is a problem', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-inspect-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const place of [file, join(file, 'deeper')]) {
    expect(await inspectStore({ kind: 'sqlite', folder: place })).toEqual({
      ...{ schema: null, in_use: false, problem: `${file} is a file, and no folder` },
    });
  }
  expect(readdirSync(folder)).toEqual(['file']);
});

test.runIf(process.platform === 'linux')('A place that is the kernel’s own is a problem', async () => {
  for (const place of ['/proc', '/sys']) {
    const { problem } = await inspectStore({ kind: 'sqlite', folder: join(place, 'pawl') });
    expect(problem).toContain(place);
  }
});

test('A file that is no database is a problem', async () => {
  const { choice, execute } = await sqlite();
  await execute('create table other (a)');
  expect(await inspectStore(choice)).toEqual({ schema: null, in_use: false, problem: null });
});
