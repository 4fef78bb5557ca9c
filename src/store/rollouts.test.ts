import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import type { RolloutStatus } from '../core/rollout.ts';
import type { Database } from './database.ts';
import { openStore } from './open.ts';
import { listRollouts } from './rollouts.ts';
import { sqliteDialect } from './sqlite.ts';

test.each<[RolloutStatus, string]>([
  ['running', 'rollouts_open_by_time'],
  ['paused', 'rollouts_open_by_time'],
  ['aborted', 'rollouts_by_time'],
])('A list of rollouts that are %s reads the index %s, without sorting', async (status, index) => {
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
  const list = { name: 'rollouts', key: ['string', 'string'], backwards: false } as const;
  const request = { list, limit: 20, order: 'desc', cursor: null } as const;
  await listRollouts(db, sqliteDialect, { filter: { status }, request });
  const plan = queries.flatMap(({ sql, parameters }) =>
    file.prepare(`explain query plan ${sql}`).all(...parameters),
  );
  expect(plan).toMatchObject([{ detail: `SCAN rollouts USING INDEX ${index}` }]);
});
