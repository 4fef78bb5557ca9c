import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFolderBlobs } from '../../src/file/folder-blobs.ts';
import { openStore } from '../../src/store/open.ts';
import { seedSession } from '../../src/store/store.testsuite.ts';
import { copyDatabase } from '../../src/store/transfer/copy-database.ts';
import type { KeptDatabase } from '../../src/store/transfer/snapshot.ts';
import { freshDatabase } from '../postgres.ts';

/*
 * The goal: a database that was only migrated is as good as an empty one, and nothing that anybody may want is removed. The
 * method: `pawl migrate` and a server that starts and ends both leave what opening a store does.
 */

describe.each(['SQLite', 'PostgreSQL'])('On %s, a database that was only migrated', (kind) => {
  let folder: string;
  let target: KeptDatabase;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pawl-unused-'));
    const database = kind === 'SQLite' ? null : await freshDatabase();
    target = database === null ? { kind: 'sqlite', folder } : { kind: 'postgres', url: database.url };
    remove = async () => database?.drop();
    await write(source(), (store) => seedSession(store, 'sesn_copied'));
  });

  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await remove();
  });

  const source = (): KeptDatabase => ({ kind: 'sqlite', folder: join(folder, 'source') });

  async function write(
    choice: KeptDatabase,
    work: (store: Awaited<ReturnType<typeof openStore>>) => unknown,
  ) {
    const store = await openStore(choice);
    await work(store);
    await store.close();
  }

  const copy = () =>
    copyDatabase({
      from: { database: source(), files: null },
      to: { database: target, files: createFolderBlobs(join(folder, 'files')) },
      ...{ onRows: () => {}, pawl: '0.0.0', made_at: '2026-11-23T00:00:00.000Z' },
    });

  test('is filled like one without tables, and refuses afterwards what it has to', async () => {
    await write(target, () => {});
    await copy();
    await write(target, async ({ db }) => {
      expect(await db.selectFrom('sessions').select('id').execute()).toEqual([{ id: 'sesn_copied' }]);
      const change = db.updateTable('agent_versions').set({ version: 7 }).execute();
      await expect(change).rejects.toThrow('never changed');
    });
    await expect(copy()).rejects.toThrow(/ already \(\w+\)\. It is filled only while it is empty/);
  });

  test('is left as it is where another program has a table there', async () => {
    await write(target, ({ db }) => sql`create table theirs (id text primary key)`.execute(db));
    await expect(copy()).rejects.toThrow(/ already \(theirs\)\. /);
    await write(target, ({ db }) => sql`select id from theirs`.execute(db));
  });
});
