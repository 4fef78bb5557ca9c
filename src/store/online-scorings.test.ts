import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { expect, test } from 'vitest';
import { seedRollout } from '../../test/release/seeded-rollout.ts';
import type { Database } from './database.ts';
import {
  addScoringCost,
  listPendingScorings,
  listWaitingScorers,
  readScoringCounts,
} from './online-scorings.ts';
import { openStore } from './open.ts';
import { seedSession } from './store.testsuite.ts';

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

test('Scorers cost nothing at first, and an unknown sum once a price is not known', async () => {
  const store = await openStore({ kind: 'memory' });
  const { agent_id } = await seedSession(store, 'first');
  const { id: rollout_id } = await seedRollout(store, { agent_id, scorers: [] });
  const costs = async () => {
    const counts = await readScoringCounts(store.db, rollout_id, ['kind', 'other']);
    return counts.map(({ cost_usd }) => cost_usd);
  };
  expect(await readScoringCounts(store.db, rollout_id, [])).toEqual([]);
  expect(await costs()).toEqual([0, 0]);
  const sums: unknown[] = [];
  for (const cost of [0.25, 0.5, null, 0.25]) {
    await store.write((tx) => addScoringCost(tx, { rollout_id, name: 'kind' }, cost));
    sums.push(await costs());
  }
  expect(sums).toEqual([
    [0.25, 0],
    [0.75, 0],
    [null, 0],
    [null, 0],
  ]);
  await store.close();
});
