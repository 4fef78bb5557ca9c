import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import Sqlite from 'better-sqlite3';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/postgres.ts';
import type { Database } from './database.ts';
import { DatabaseError, type Store } from './dialect.ts';
import { migrate } from './migrate.ts';
import { openStore } from './open.ts';
import { postgresDialect } from './postgres.ts';
import { seedSession } from './store.testsuite.ts';

let folder: string;
/** Every step there is a file for, in order. */
const schemas = readdirSync(join(import.meta.dirname, 'migrations'))
  .map((file) => file.replace('.ts', ''))
  .toSorted();

let database: FreshDatabase;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-migrate-'));
  database = await freshDatabase();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

type Applied = { name: string; timestamp: string };

async function appliedIn(store: Pick<Store, 'db'>): Promise<Applied[]> {
  return (await sql<Applied>`select name, timestamp from kysely_migration order by name`.execute(store.db))
    .rows;
}

describe.each([
  { name: 'SQLite', open: () => openStore({ kind: 'sqlite', folder }) },
  { name: 'PostgreSQL', open: () => openStore({ kind: 'postgres', url: database.url }) },
])('On $name', ({ open }) => {
  test('migrating again changes nothing', async () => {
    const first = await open();
    const session = await seedSession(first, 'sesn_1');
    const before = await appliedIn(first);
    await first.close();
    const second = await open();
    expect(before.map((row) => row.name)).toEqual(schemas);
    expect(await appliedIn(second)).toEqual(before);
    expect(await second.db.selectFrom('sessions').selectAll().execute()).toEqual([session]);
    await second.close();
  });

  test('a database of a newer program is refused and left alone', async () => {
    const store = await open();
    const later = sql`insert into kysely_migration (name, timestamp) values ('9999_later', 'then')`;
    await store.write((tx) => later.execute(tx));
    await store.close();
    const opening = open();
    await expect(opening).rejects.toThrow(DatabaseError);
    await expect(opening).rejects.toThrow(/^The database was made by a newer pawl than this one; use that/);
    // The refusal has let go of the database as well.
    await expect(open()).rejects.toThrow(DatabaseError);
  });
});

test('a step that fails on SQLite leaves nothing behind, so that the next start can do it all', async () => {
  const own = join(folder, 'half');
  mkdirSync(own);
  const handle = new Sqlite(join(own, 'pawl.db'));
  handle.exec('create table inbox (mine text)');
  const opening = openStore({ kind: 'sqlite', folder: own });
  await expect(opening).rejects.toThrow(DatabaseError);
  await expect(opening).rejects.toThrow(/could not be brought up to date: table inbox already exists/);
  const names = `select name from sqlite_master where type = 'table' and name not like 'kysely%'`;
  const left = handle.prepare(names).all();
  handle.exec('drop table inbox');
  handle.close();
  expect(left).toEqual([{ name: 'inbox' }]);
  await (await openStore({ kind: 'sqlite', folder: own })).close();
});

test('of several processes that start on one new folder at once, one at a time opens it', async () => {
  const own = join(folder, 'race');
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const source = `
    import { openSqlite } from ${module('sqlite.ts')};
    import { DatabaseInUseError } from ${module('dialect.ts')};
    process.stdin.resume().once('data', async () => {
      try {
        await (await openSqlite(${JSON.stringify(own)})).close();
        console.log('opened');
      } catch (error) {
        console.log(error instanceof DatabaseInUseError ? 'in use' : error);
      }
      process.exit();
    });
    console.log('ready');`;
  const children = Array.from({ length: 3 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  await Promise.all(children.map((child) => once(child.stdout, 'readable')));
  for (const child of children) child.stdin.write('go\n');
  const outputs = await Promise.all(children.map((child) => text(child.stdout)));
  expect(outputs).toContain('ready\nopened\n');
  for (const output of outputs) expect(output).toMatch(/^ready\n(opened|in use)\n$/);
  const store = await openStore({ kind: 'sqlite', folder: own });
  expect((await appliedIn(store)).map((row) => row.name)).toEqual(schemas);
  await store.close();
});

describe('On an empty PostgreSQL database', () => {
  let empty: FreshDatabase;
  const connections: Kysely<Database>[] = [];
  const connect = (): Kysely<Database> => {
    const pool = new pg.Pool({ connectionString: empty.url });
    // The database is dropped while connections may still be on their way out.
    pool.on('error', () => {});
    const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
    connections.push(db);
    return db;
  };

  beforeAll(async () => {
    empty = await freshDatabase();
  });
  afterAll(async () => {
    for (const db of connections) await db.destroy();
    await empty.drop();
  });

  test('a step that fails leaves nothing behind and says what is in its way', async () => {
    const db = connect();
    await sql`create table inbox (mine text)`.execute(db);
    const migrating = migrate(db, postgresDialect);
    await expect(migrating).rejects.toThrow(DatabaseError);
    await expect(migrating).rejects.toThrow(
      /could not be brought up to date: relation "inbox" already exists/,
    );
    const tables = await sql<{ tablename: string }>`
      select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely%'`.execute(
      db,
    );
    expect(tables.rows).toEqual([{ tablename: 'inbox' }]);
    await sql`drop table inbox`.execute(db);
  });

  test('of many that migrate at once, one does it and all succeed', async () => {
    const many = Array.from({ length: 8 }, connect);
    await Promise.all(many.map((db) => migrate(db, postgresDialect)));
    for (const db of many) expect((await appliedIn({ db })).map((row) => row.name)).toEqual(schemas);
  });
});
