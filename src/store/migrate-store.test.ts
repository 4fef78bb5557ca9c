import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/postgres.ts';
import { eventually } from '../../test/story.ts';
import type { Database } from './database.ts';
import { DatabaseError, DatabaseInUseError } from './dialect.ts';
import { migrate, newestSchema, stepsAfter } from './migrate.ts';
import { migrateStore, missingSteps, type Waiting } from './migrate-store.ts';
import { up as init } from './migrations/0001_init.ts';
import { type DatabaseChoice, openStore } from './open.ts';
import { postgresDialect } from './postgres.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

const kyselysLock = '3853314791062309107';
const impatient: Waiting = { patience_ms: 0, onWait: () => {} };
const every = stepsAfter(null);

/** An empty database, and what keeps others from migrating it until it is let go. */
type Empty = { readonly choice: DatabaseChoice; hold(): Promise<() => Promise<void>> };

async function sqlite(): Promise<Empty> {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-migrate-store-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return {
    choice: { kind: 'sqlite', folder },
    async hold() {
      const lock = new Sqlite(join(folder, 'pawl.lock'));
      lock.pragma('locking_mode = EXCLUSIVE');
      lock.exec('begin exclusive');
      return async () => void lock.close();
    },
  };
}

async function postgres(): Promise<Empty & { readonly url: string }> {
  const { url, drop } = await freshDatabase();
  cleanups.push(drop);
  return {
    ...{ url, choice: { kind: 'postgres', url } },
    async hold() {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(`select pg_advisory_lock(${kyselysLock})`);
      return () => client.end();
    },
  };
}

function connect(url: string): Kysely<Database> {
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => {});
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  cleanups.push(() => db.destroy());
  return db;
}

describe.each<readonly [string, () => Promise<Empty>]>([
  ['SQLite', sqlite],
  ['PostgreSQL', postgres],
])('On %s', (_name, make) => {
  test('an empty database gets every step, and one that is up to date is left alone, in use or not', async () => {
    const { choice } = await make();
    expect(await missingSteps(choice)).toEqual({ from: null, steps: every });
    expect(await migrateStore(choice, impatient)).toEqual({ from: null, steps: every });
    const nothing = { from: newestSchema, steps: [] };
    expect(await missingSteps(choice)).toEqual(nothing);
    expect(await migrateStore(choice, impatient)).toEqual(nothing);
    const store = await openStore(choice);
    expect(await migrateStore(choice, impatient)).toEqual(nothing);
    await store.close();
  });

  test('whoever is second waits, says so once, and goes on as soon as it can', async () => {
    const { choice, hold } = await make();
    const letGo = await hold();
    await expect(migrateStore(choice, impatient)).rejects.toThrow(DatabaseInUseError);
    expect((await missingSteps(choice)).steps).toEqual(every);
    const waits: string[] = [];
    const onWait = (): void => {
      waits.push('waits');
      void letGo();
    };
    expect((await migrateStore(choice, { patience_ms: 60_000, onWait })).steps).toEqual(every);
    expect(waits).toEqual(['waits']);
  });

  test('a database that cannot be used is said to be so', async () => {
    const { choice } = await make();
    const nowhere: DatabaseChoice =
      choice.kind === 'postgres'
        ? { kind: 'postgres', url: 'postgres://pawl:hunter2@127.0.0.1:1/pawl' }
        : { kind: 'sqlite', folder: join(import.meta.filename, 'pawl') };
    const migrating = migrateStore(nowhere, impatient);
    await expect(migrating).rejects.toThrow(DatabaseError);
    await expect(migrating).rejects.toThrow(/^The database cannot be used: (?!.*hunter2)/);
  });
});

describe('On PostgreSQL', () => {
  test('an older database gets the steps that it lacks', async () => {
    const { choice, url } = await postgres();
    const db = connect(url);
    const older = { '0001_init': { up: (tx: Kysely<unknown>) => init(tx, postgresDialect) } };
    const migrator = new Migrator({ db, provider: { getMigrations: async () => older } });
    expect((await migrator.migrateToLatest()).error).toBeUndefined();
    expect(await migrateStore(choice, impatient)).toEqual({ from: '0001_init', steps: every.slice(1) });
    expect((await missingSteps(choice)).steps).toEqual([]);
  });

  test('of many at once all succeed, servers that start among them', async () => {
    const { choice, url } = await postgres();
    const patient: Waiting = { patience_ms: 60_000, onWait: () => {} };
    const servers = [1, 2].map(() => migrate(connect(url), postgresDialect));
    const changes = await Promise.all([1, 2, 3].map(() => migrateStore(choice, patient)));
    await Promise.all(servers);
    for (const { steps } of changes) expect([[], every]).toContainEqual(steps);
    expect((await missingSteps(choice)).steps).toEqual([]);
  });

  test('a server that starts waits for the same lock', async () => {
    const { url, hold } = await postgres();
    const letGo = await hold();
    const starting = migrate(connect(url), postgresDialect);
    const watcher = new pg.Client({ connectionString: url });
    await watcher.connect();
    await eventually('a lock that is waited for', async () => {
      const query = "select 1 from pg_locks where locktype = 'advisory' and not granted";
      return (await watcher.query(query)).rowCount;
    });
    await watcher.end();
    await letGo();
    await starting;
  });
});
