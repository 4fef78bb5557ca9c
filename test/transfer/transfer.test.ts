import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createFolderBlobs } from '../../src/file/folder-blobs.ts';
import { DatabaseInUseError, type Store } from '../../src/store/dialect.ts';
import { insertEvents } from '../../src/store/events.ts';
import { insertFile } from '../../src/store/files.ts';
import { migrate, newestSchema } from '../../src/store/migrate.ts';
import { openStore } from '../../src/store/open.ts';
import { sampleEvent, seedSession } from '../../src/store/store.testsuite.ts';
import { packBackup, unpackBackup } from '../../src/store/transfer/backup-file.ts';
import { copyDatabase } from '../../src/store/transfer/copy-database.ts';
import { readSnapshot } from '../../src/store/transfer/read-backup.ts';
import { BackupError, type BackupRecord, type Totals } from '../../src/store/transfer/record.ts';
import { restoreBackup } from '../../src/store/transfer/restore-backup.ts';
import { sumOf, type TableSum } from '../../src/store/transfer/rows.ts';
import { type KeptDatabase, openSnapshot } from '../../src/store/transfer/snapshot.ts';
import { readTables } from '../../src/store/transfer/tables.ts';
import { openTarget } from '../../src/store/transfer/target.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.ts';
import { eventually } from '../story.ts';

/*
 * The goal: what is carried from one database to another, through a file or not, arrives whole or not at all. The method:
 * real databases of both kinds, filled with what differs between them, and files that are damaged in every way.
 */

const made = { pawl: '0.0.0', made_at: '2026-11-23T00:00:00.000Z' };
const longTexts = 'o'.repeat(300_000);

let source: FreshDatabase;
let folder: string;
let sqlite: KeptDatabase;
let postgres: KeptDatabase;
/** A backup of the SQLite database, made once. */
let backup: Buffer;

beforeAll(async () => {
  source = await freshDatabase();
  folder = mkdtempSync(join(tmpdir(), 'pawl-transfer-'));
  sqlite = { kind: 'sqlite', folder };
  postgres = { kind: 'postgres', url: source.url };
  for (const choice of [sqlite, postgres]) await fill(choice);
  backup = await packed(sqlite);
});
afterAll(async () => {
  await source.drop();
  rmSync(folder, { recursive: true });
});

/** Rows that differ in what databases keep differently, and more than fit into one part. */
async function fill(choice: KeptDatabase): Promise<void> {
  const store = await openStore(choice);
  const numbers = { list_cost_usd: 0.1 + 0.2, active_us: 2 ** 53 - 1, attempt: 2 ** 31 - 1 };
  await seedSession(store, 'sesn_1', {
    ...numbers,
    title: '\u2028 "🧑🏽‍🚀" \\ \u0001',
    metadata: '{"a":"\\u0000"}',
  });
  await seedSession(store, 'sesn_2', { list_cost_usd: 1e-300, title: '' });
  await seedSession(store, 'sesn_é');
  await store.write(async (tx) => {
    for (let from = 1; from <= 1600; from += 400) {
      const events = Array.from({ length: 400 }, (_, i) => sampleEvent('sesn_1', from + i));
      await insertEvents(tx, events);
    }
    await insertEvents(tx, [sampleEvent('sesn_2', 1, { data: longTexts }), sampleEvent('sesn_2', 2)]);
    const facts = { mime_type: 'text/plain', created_at: '', expires_at: null };
    for (const [id, expired] of [
      ['file_here', 0],
      ['file_lost', 0],
      ['file_old', 1],
    ] as const) {
      await insertFile(tx, { id, filename: id, size_bytes: 5, expired, ...facts });
    }
  });
  await store.close();
  await createFolderBlobs(filesOf(choice)).put('file_here', Readable.from([Buffer.from('Hello')]));
}

function filesOf(choice: KeptDatabase): string {
  return join(folder, choice.kind, 'files');
}

function packed(choice: KeptDatabase): Promise<Buffer> {
  const files = createFolderBlobs(filesOf(choice));
  return buffer(packBackup(readSnapshot(() => openSnapshot(choice), { files, ...made })));
}

type Place = { readonly choice: KeptDatabase; readonly files: string };

/** An empty place for a database of a kind, with a folder of its own for files. */
async function emptyPlace(kind: string): Promise<Place & { remove(): Promise<void> }> {
  const own = mkdtempSync(join(tmpdir(), 'pawl-transfer-'));
  const database = kind === 'SQLite' ? null : await freshDatabase();
  return {
    choice: database === null ? { kind: 'sqlite', folder: own } : { kind: 'postgres', url: database.url },
    files: join(own, 'files'),
    async remove() {
      rmSync(own, { recursive: true });
      await database?.drop();
    },
  };
}

/** One that is gone after the test. */
async function freshPlace(kind: string): Promise<Place> {
  const place = await emptyPlace(kind);
  onTestFinished(() => place.remove());
  return place;
}

async function restoreInto({ choice, files }: Place, bytes: Buffer): Promise<Totals> {
  const target = await openTarget(choice);
  try {
    const records = unpackBackup(Readable.from([bytes]));
    return await restoreBackup(records, { target, files: createFolderBlobs(files) });
  } finally {
    await target.close();
  }
}

/** The sum of every table, by name. */
async function sumsOf(choice: KeptDatabase): Promise<Record<string, TableSum>> {
  const { db, dialect, close } = await openSnapshot(choice);
  const sums: Record<string, TableSum> = {};
  for (const table of await readTables(db, dialect)) sums[table.name] = await sumOf(db, table);
  await close();
  return sums;
}

async function withStore<T>(choice: KeptDatabase, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(choice);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const kinds = ['SQLite', 'PostgreSQL'] as const;
const choiceOf = (kind: string): KeptDatabase => (kind === 'SQLite' ? sqlite : postgres);

describe.each(kinds)('Of %s', (kind) => {
  test('every table of the schema is found, after those that it refers to', async () => {
    const { db, dialect, close } = await openSnapshot(choiceOf(kind));
    const tables = await readTables(db, dialect);
    await close();
    const dump = readFileSync(
      join(import.meta.dirname, `../../src/store/schema.${dialect.name}.sql`),
      'utf8',
    );
    const created = [...dump.matchAll(/^create table (\w+)/gim)].map((match) => match[1]);
    const names = tables.map(({ name }) => name);
    expect(names.toSorted()).toEqual(created.toSorted());
    expect(names.length).toBeGreaterThan(30);
    for (const [i, { references }] of tables.entries()) {
      expect(names.slice(0, i)).toEqual(expect.arrayContaining([...references]));
    }
  });

  test('no column is of a type that is not carried, and none makes its own numbers', () => {
    const dump = readFileSync(
      join(import.meta.dirname, `../../src/store/schema.${kind === 'SQLite' ? 'sqlite' : 'postgres'}.sql`),
      'utf8',
    );
    expect(dump).not.toMatch(
      /\b(blob|bytea|boolean|jsonb?|timestamptz?|numeric|serial|identity|autoincrement)\b/i,
    );
  });

  test('a backup reads the same as one of the other kind with the same rows', async () => {
    expect(await sumsOf(sqlite)).toEqual(await sumsOf(postgres));
  });

  test.each(kinds)('a backup is restored into %s with every row, and files as they were', async (into) => {
    const place = await freshPlace(into);
    const totals = await restoreInto(place, await packed(choiceOf(kind)));
    expect(totals).toMatchObject({ tables: { events: 1602, sessions: 3 }, files: 1, missing_files: 1 });
    expect(await sumsOf(place.choice)).toEqual(await sumsOf(choiceOf(kind)));
    expect(readdirSync(place.files)).toEqual(['file_here']);
    expect(readFileSync(join(place.files, 'file_here'), 'utf8')).toBe('Hello');
    await withStore(place.choice, async (store) => {
      const change = sql`update events set data = '' where session_id = 'sesn_1' and seq = 1`;
      await expect(store.write((tx) => change.execute(tx))).rejects.toThrow('events rows are never changed');
      const stray = sampleEvent('sesn_nowhere', 1);
      await expect(store.write((tx) => insertEvents(tx, [stray]))).rejects.toThrow(/foreign key/i);
      const { title, active_us } = await store.db
        .selectFrom('sessions')
        .select(['title', 'active_us'])
        .where('id', '=', 'sesn_1')
        .executeTakeFirstOrThrow();
      expect({ title, active_us }).toEqual({ title: '\u2028 "🧑🏽‍🚀" \\ \u0001', active_us: 2 ** 53 - 1 });
    });
  });

  test('it is read as it was when that began, whatever is written meanwhile', async () => {
    const place = await freshPlace(kind);
    await restoreInto(place, backup);
    const before = await sumsOf(place.choice);
    await withStore(place.choice, async (store) => {
      const snapshot = await openSnapshot(place.choice);
      // In both databases the view begins with the first thing that is read.
      const tables = await readTables(snapshot.db, snapshot.dialect);
      await store.write((tx) => insertEvents(tx, [sampleEvent('sesn_é', 1)]));
      for (const table of tables) expect(await sumOf(snapshot.db, table)).toEqual(before[table.name]);
      await snapshot.close();
    });
    expect((await sumsOf(place.choice))['events']?.rows).toBe(1603);
  });

  test.each(kinds)('a copy in %s is the same, and goes on from there', async (into) => {
    const place = await freshPlace(into);
    const files = createFolderBlobs(filesOf(choiceOf(kind)));
    let rows = 0;
    await copyDatabase({
      from: { database: choiceOf(kind), files },
      to: { database: place.choice, files: createFolderBlobs(place.files) },
      onRows: (count) => {
        rows += count;
      },
      ...made,
    });
    const sums = await sumsOf(place.choice);
    expect(sums).toEqual(await sumsOf(choiceOf(kind)));
    expect(rows).toBe(Object.values(sums).reduce((all, sum) => all + sum.rows, 0));
    await withStore(place.choice, (store) =>
      store.write((tx) => insertEvents(tx, [sampleEvent('sesn_1', 1601)])),
    );
  });

  test('data that a server is using are not copied away under it', async () => {
    const place = await freshPlace(kind);
    const to = await freshPlace('SQLite');
    await restoreInto(place, backup);
    const copying = () =>
      copyDatabase({
        from: { database: place.choice, files: null },
        to: { database: to.choice, files: createFolderBlobs(to.files) },
        onRows: () => {},
        ...made,
      });
    await withStore(place.choice, () => expect(copying()).rejects.toThrow(DatabaseInUseError));
    await copying();
    expect(await sumsOf(to.choice)).toEqual(await sumsOf(place.choice));
  });
});

describe.each(kinds)('Into %s', (kind) => {
  let place: Awaited<ReturnType<typeof emptyPlace>>;

  beforeAll(async () => {
    place = await emptyPlace(kind);
  });
  afterAll(() => place.remove());

  const changed = (change: (lines: string[]) => string[]): Buffer =>
    gzipSync(change(gunzipSync(backup).toString('utf8').split('\n')).join('\n'));
  const first = (lines: string[], pattern: RegExp): number => lines.findIndex((line) => pattern.test(line));
  const replaced = (pattern: RegExp, by: string) => (lines: string[]) => {
    const at = first(lines, pattern);
    return lines.with(at, (lines[at] ?? '').replace(pattern, by));
  };

  type Damage = readonly [what: string, damage: () => Buffer, reason: RegExp];
  const damages: readonly Damage[] = [
    ['cut short', () => backup.subarray(0, backup.length / 2), /^The backup is damaged/],
    ['of another kind', () => Buffer.from('hello'), /^The backup is damaged, or no backup$/],
    ['empty', () => gzipSync(''), /^The backup is not whole: its end is missing$/],
    [
      'of a later kind',
      () => changed(replaced(/"pawl_backup":1/, '"pawl_backup":2')),
      /^This is no backup that this/,
    ],
    ['without its end', () => changed((lines) => lines.slice(0, -2)), /its end is missing$/],
    [
      'without a row',
      () => changed((lines) => lines.toSpliced(first(lines, /^\["\{\\"seq\\":7\}/), 1)),
      /^The rows of events/,
    ],
    [
      'with a row twice',
      () =>
        changed((lines) =>
          lines.toSpliced(first(lines, /^\["\{\\"seq/), 0, lines[first(lines, /^\["\{\\"seq/)] ?? ''),
        ),
      /unique|^The rows of events/i,
    ],
    [
      'with another letter',
      () => changed(replaced(/Porter/, 'Pawter')),
      /^The rows of agent_versions are not as they were/,
    ],
    [
      'with other bytes of a file',
      () => changed(replaced(/^"SGVs/, '"SGVt')),
      /^The bytes of file_here are not/,
    ],
    [
      'with a line that is no JSON',
      () => changed(replaced(/^\["\{/, '{')),
      /^The backup has a line that cannot be read$/,
    ],
    [
      'without a table',
      () => changed((lines) => lines.filter((line) => !/"name":"inbox"\}$/.test(line))),
      /^The (tables of the )?backup/,
    ],
    ['with a row too short', () => changed(replaced(/^\["\{\\"seq\\":7\}",/, '[')), /does not fit$/],
    [
      'of a newer program',
      () => changed(replaced(/"schema":"\w+"/, '"schema":"9999_later"')),
      /was made by a newer pawl/,
    ],
    [
      'of tables with other columns',
      () => changed(replaced(/"columns":\["\w+",/, '"columns":["other",')),
      /is not as this pawl knows it/,
    ],
    [
      'with something behind its end',
      () => changed((lines) => [...lines.slice(0, -1), '{"kind":"table","name":"x"}', '']),
      /goes on after its end$/,
    ],
  ];
  // What is found before anything is written has nothing to do with the database.
  const written = /row|letter|bytes|end/;
  const tried = damages.filter(([what]) => kind === 'SQLite' || written.test(what));
  test.each(tried)(
    'a backup that is %s is not restored, and leaves nothing',
    async (_what, damage, reason) => {
      await expect(restoreInto(place, damage())).rejects.toThrow(reason);
      expect(existsSync(place.files) ? readdirSync(place.files) : []).toEqual([]);
      // It is still taken for empty.
      await (await openTarget(place.choice)).close();
    },
  );

  test('what breaks off in the middle leaves nothing', async () => {
    const stopped = copyDatabase({
      from: { database: sqlite, files: null },
      to: { database: place.choice, files: createFolderBlobs(place.files) },
      onRows: () => {
        throw new Error('Stopped');
      },
      ...made,
    });
    await expect(stopped).rejects.toThrow('Stopped');
    await (await openTarget(place.choice)).close();
  });

  test('a copy is stopped while files are on their way as well', async () => {
    const sums = Object.values(await sumsOf(sqlite));
    let left = sums.reduce((all, { rows }) => all + rows, 0);
    const stopped = copyDatabase({
      from: { database: sqlite, files: createFolderBlobs(filesOf(sqlite)) },
      to: { database: place.choice, files: createFolderBlobs(place.files) },
      onRows: (count) => {
        left -= count;
        if (left === 0 && count === 0) throw new Error('Stopped');
      },
      ...made,
    });
    await expect(stopped).rejects.toThrow('Stopped');
    await (await openTarget(place.choice)).close();
  });

  test('a whole one is restored where all of those have failed', async () => {
    await restoreInto(place, backup);
    expect(await sumsOf(place.choice)).toEqual(await sumsOf(sqlite));
  });

  test('a backup of an older schema is restored and brought up to date', async () => {
    const old = await freshPlace('SQLite');
    if (old.choice.kind !== 'sqlite') throw new Error('It is SQLite');
    // As an earlier program has left it: without the steps that came after.

    const target = await openTarget(old.choice);
    await migrate(target.db, target.dialect, '0003_release');
    await target.keep();
    await target.close();
    const handle = new Sqlite(join(old.choice.folder, 'pawl.db'));
    handle.exec(
      `insert into agents (id, latest_version, created_at, updated_at) values ('agent_1', 1, '', '')`,
    );
    handle.close();
    const bytes = await buffer(
      packBackup(readSnapshot(() => openSnapshot(old.choice), { files: null, ...made })),
    );
    const own = await freshPlace(kind);
    await restoreInto(own, bytes);
    await withStore(own.choice, async (store) => {
      const steps = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
        store.db,
      );
      expect(steps.rows.at(-1)?.name).toBe(newestSchema);
      expect(await store.db.selectFrom('agents').select('id').execute()).toEqual([{ id: 'agent_1' }]);
    });
  });

  test('nothing is restored where there is a database already', async () => {
    const own = await freshPlace(kind);
    await withStore(own.choice, (store) => seedSession(store, 'sesn_mine'));
    await expect(restoreInto(own, backup)).rejects.toThrow(
      / already.*\. It is filled only while it is empty/,
    );
    await withStore(own.choice, async (store) => {
      expect(await store.db.selectFrom('sessions').select('id').execute()).toEqual([{ id: 'sesn_mine' }]);
    });
  });

  test('what a process has left that was killed while it restored is not in the way', async () => {
    const own = await freshPlace(kind);
    const blobs = createFolderBlobs(own.files);
    await blobs.put('file_here', Readable.from([Buffer.from('Hel')]));
    if (own.choice.kind === 'sqlite') writeFileSync(join(own.choice.folder, 'pawl.db.new'), 'half');
    await restoreInto(own, backup);
    expect(readFileSync(join(own.files, 'file_here'), 'utf8')).toBe('Hello');
  });

  test.runIf(kind === 'SQLite')(
    'the log of a database that is gone is not taken for a part of the new one',
    async () => {
      const own = await freshPlace(kind);
      if (own.choice.kind !== 'sqlite') throw new Error('It is SQLite');
      const log = join(own.choice.folder, 'pawl.db-wal');
      writeFileSync(log, 'what a server that was killed had written last');
      await expect(restoreInto(own, backup)).rejects.toThrow(/already \(pawl\.db-wal\)\. /);
      rmSync(log);
      await restoreInto(own, backup);
    },
  );

  test('a file that is there with other bytes is left alone', async () => {
    const own = await freshPlace(kind);
    await createFolderBlobs(own.files).put('file_here', Readable.from([Buffer.from('Other')]));
    await expect(restoreInto(own, backup)).rejects.toThrow(BackupError);
    expect(readFileSync(join(own.files, 'file_here'), 'utf8')).toBe('Other');
  });
});

test('a connection to PostgreSQL that breaks in the middle leaves nothing, and is no end of the process', async () => {
  const place = await freshPlace('PostgreSQL');
  const target = await openTarget(place.choice);
  async function* breaking(): AsyncGenerator<BackupRecord> {
    for await (const record of unpackBackup(Readable.from([backup]))) {
      yield record;
      if (record.kind !== 'rows') continue;
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(target.db).catch(() => {});
    }
  }
  const files = createFolderBlobs(place.files);
  await expect(restoreBackup(breaking(), { target, files })).rejects.toThrow();
  await target.close();
  await restoreInto(place, backup);
});

test('files stay when nobody knows whether the database has kept what it was given', async () => {
  const place = await freshPlace('PostgreSQL');
  const target = await openTarget(place.choice);
  const unsure = {
    ...target,
    async keep() {
      await target.keep();
      throw new Error('The answer was lost');
    },
  };
  const restoring = restoreBackup(unpackBackup(Readable.from([backup])), {
    target: unsure,
    files: createFolderBlobs(place.files),
  });
  await expect(restoring).rejects.toThrow('The answer was lost');
  await target.close();
  expect(readdirSync(place.files)).toEqual(['file_here']);
  expect(await sumsOf(place.choice)).toEqual(await sumsOf(sqlite));
});

test('a backup that nobody reads to its end lets go of the database', async () => {
  const bytes = packBackup(readSnapshot(() => openSnapshot(postgres), { files: null, ...made }));
  for await (const _ of bytes) break;
  await withStore(postgres, async ({ db }) => {
    await eventually('the end of its transaction', async () => {
      const idle = sql`select 1 from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'`;
      return (await idle.execute(db)).rows.length === 0;
    });
  });
});
