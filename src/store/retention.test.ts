import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect, sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Database } from './database.ts';
import { openSeeded } from './evals.testsuite.ts';
import { insertEvents, insertInbox } from './events.ts';
import { insertFile } from './files.ts';
import { up as retention } from './migrations/0013_retention.ts';
import { openStore } from './open.ts';
import { listQuietSessions } from './retention.ts';
import { at, sampleEvent, seedSession } from './store.testsuite.ts';

test('The next old sessions are read from an index, however many there are, without sorting', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-plans-'));
  await (await openStore({ kind: 'sqlite', folder })).close();
  const file = new Sqlite(join(folder, 'pawl.db'));
  const queries: CompiledQuery[] = [];
  const db = new Kysely<Database>({
    dialect: new SqliteDialect({ database: file }),
    log: ({ query }) => void queries.push(query),
  });
  onTestFinished(async () => {
    await db.destroy();
    rmSync(folder, { recursive: true });
  });
  const of = { agent_id: 'agent_a', before: at(9), limit: 10 };
  for (const after of [null, { updated_at: at(1), id: 'sesn_a' }]) {
    queries.length = 0;
    await listQuietSessions(db, { ...of, after });
    const plan = queries.flatMap(({ sql, parameters }) =>
      file.prepare(`explain query plan ${sql}`).all(...parameters),
    );
    const index = expect.stringContaining('USING INDEX sessions_quiet (agent_id=? AND ') as unknown;
    expect(plan).toEqual([expect.objectContaining({ detail: index })]);
  }
});

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const opened = openSeeded(kind);

  test('files that were named before there was a table for it are found by the step that makes it', async () => {
    const { store } = opened;
    const known = { filename: 'a', mime_type: 'text/plain', size_bytes: 1, created_at: at(1) };
    const naming = (id: string): string => JSON.stringify({ source: { type: 'file', file_id: id } });
    await seedSession(store, 'sesn_a');
    await seedSession(store, 'sesn_b');
    await store.write(async (tx) => {
      for (const id of ['file_1', 'file_2', 'file_3']) {
        await insertFile(tx, { id, ...known, expires_at: null, expired: 0 });
      }
      await insertEvents(tx, [
        sampleEvent('sesn_a', 1, { data: naming('file_1') }),
        sampleEvent('sesn_a', 2, {
          data: `[${naming('file_1')},${naming('file_2')},${naming('file_gone')}]`,
        }),
        sampleEvent('sesn_b', 1),
      ]);
      const queued = { session_id: 'sesn_b', position: 1, type: 'user.message', data: naming('file_2') };
      await insertInbox(tx, [queued]);
    });
    const noted = () =>
      store.db.selectFrom('session_files').selectAll().orderBy('session_id').orderBy('file_id').execute();
    const written = await noted();
    await store.write(async (tx) => {
      for (const table of ['session_files', 'retention_rules'])
        await sql`drop table ${sql.table(table)}`.execute(tx);
      await sql`drop index sessions_quiet`.execute(tx);
      await retention(tx as unknown as Kysely<unknown>, store.dialect);
    });
    expect(await noted()).toEqual(written);
    expect(written).toEqual([
      { session_id: 'sesn_a', file_id: 'file_1' },
      { session_id: 'sesn_a', file_id: 'file_2' },
      { session_id: 'sesn_b', file_id: 'file_2' },
    ]);
  });
});
