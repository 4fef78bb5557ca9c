import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { expect, test } from 'vitest';
import type { Database } from './database.ts';
import { listPendingScorings, listWaitingScorers, readScoringCounts } from './online-scorings.ts';
import { openStore } from './open.ts';

test('SQLite finds what is to be scored, and counts it, by indexes that hold little else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-scorings-'));
  await (await openStore({ kind: 'sqlite', folder })).close();
  const file = new Sqlite(join(folder, 'pawl.db'));
  const queries: CompiledQuery[] = [];
  const log = ({ query }: { query: CompiledQuery }) => void queries.push(query);
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: file }), log });
  const scorer = { rollout_id: 'roll', name: 'kind' };
  await listWaitingScorers(db, { after: scorer, limit: 10 });
  await listPendingScorings(db, scorer, 10);
  await readScoringCounts(db, 'roll', ['kind']);
  const plans = queries.map((query) => {
    const rows = file.prepare(`explain query plan ${query.sql}`).all(...query.parameters);
    return (rows as { detail: string }[]).map(({ detail }) => detail).join('; ');
  });
  const due = 'SEARCH online_scorings USING';
  expect(plans).toEqual([
    `${due} COVERING INDEX online_scorings_due ((rollout_id,name)>(?,?))`,
    `${due} INDEX online_scorings_due (rollout_id=? AND name=? AND due_at>?)`,
    `${due} COVERING INDEX online_scorings_due (rollout_id=?)`,
    `${due} COVERING INDEX online_scorings_given_up (rollout_id=?)`,
    expect.stringMatching(/^SEARCH online_costs USING .*\(rollout_id=\?\)$/),
  ]);
  await db.destroy();
  rmSync(folder, { recursive: true });
});
