import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/postgres.ts';
import type { Database } from './database.ts';
import { DatabaseError, type Store } from './dialect.ts';
import { migrate, newestSchema } from './migrate.ts';
import { openStore } from './open.ts';
import { postgresDialect } from './postgres.ts';
import { seedSession } from './store.testsuite.ts';

let folder: string;
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
    expect(before.map((row) => row.name)).toEqual([newestSchema]);
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

test('of several processes that migrate one SQLite file at once, one does it and all succeed', async () => {
  const file = join(folder, 'race.db');
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const source = `
    import Sqlite from 'better-sqlite3';
    import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
    import { createDriver } from ${module('sqlite-driver.ts')};
    import { migrate } from ${module('migrate.ts')};
    import { sqliteDialect } from ${module('sqlite.ts')};
    const handle = new Sqlite(${JSON.stringify(file)});
    const db = new Kysely({ dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => createDriver(handle, async () => {}),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    } });
    process.stdin.resume().once('data', async () => {
      await migrate(db, sqliteDialect);
      console.log(JSON.stringify(handle.prepare('select name from kysely_migration').all()));
      process.exit();
    });
    console.log('ready');`;
  const children = Array.from({ length: 3 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', source], {
      cwd: import.meta.dirname,
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  await Promise.all(children.map((child) => once(child.stdout, 'readable')));
  for (const child of children) child.stdin.write('go\n');
  const outputs = await Promise.all(children.map((child) => text(child.stdout)));
  const migrated = `ready\n[{"name":"${newestSchema}"}]\n`;
  expect(outputs).toEqual([migrated, migrated, migrated]);
});

describe('On an empty PostgreSQL database', () => {
  let empty: FreshDatabase;
  const connections: Kysely<Database>[] = [];
  const connect = (): Kysely<Database> => {
    const dialect = new PostgresDialect({ pool: new pg.Pool({ connectionString: empty.url }) });
    const db = new Kysely<Database>({ dialect });
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

  test('a step that fails leaves nothing behind, and says what is in its way', async () => {
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
    for (const db of many) expect((await appliedIn({ db })).map((row) => row.name)).toEqual([newestSchema]);
  });
});
