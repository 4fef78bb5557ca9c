import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import type { SessionUsage } from '../core/usage.ts';
import { listAgentModels } from './agent-models.ts';
import { insertAgent, insertVersion } from './agents.ts';
import { sumCosts } from './costs.ts';
import type { Database } from './database.ts';
import type { Store } from './dialect.ts';
import { insertEnvironment } from './environments.ts';
import { openStore } from './open.ts';
import { insertSession, type SessionRow } from './sessions.ts';
import { at, sampleAgent, sampleEnvironment, sampleSession, sampleVersion } from './store.testsuite.ts';

/** Tokens that all differ, so that none is taken for another. */
const usage = (times: number): SessionUsage => ({
  ...{ input_tokens: 100_000 * times, output_tokens: 10_000 * times, cache_read_input_tokens: 1000 * times },
  cache_creation: { ephemeral_5m_input_tokens: 100 * times, ephemeral_1h_input_tokens: 10 * times },
});

const used = (times: number, cost: number | null): Partial<SessionRow> => ({
  ...{ turns: times, usage: JSON.stringify(usage(times)), list_cost_usd: cost },
});
const production = { resolution_reason: 'alias', resolution_alias: 'production' } as const;
const inRollout = { rollout_id: 'roll_1', weight: 500, unit: 'u', ...production };

describe.each(['memory', 'postgres'] as const)('What sessions have cost on %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;

  beforeAll(async () => {
    if (kind === 'postgres') database = await migratedDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    const sessions: [string, Partial<SessionRow>][] = [
      ['early', { ...used(1, 9), created_at: at(9) }],
      ['first', { ...used(1, 0.25), created_at: at(10) }],
      ['second', { ...used(2, 0.5), created_at: at(11), archived_at: at(12) }],
      ['unpriced', { ...used(4, null), created_at: at(12) }],
      ['idle', { created_at: at(13) }],
      ['aliased', { ...used(1, null), ...production, created_at: at(14) }],
      ['canary', { ...used(3, 2), ...inRollout, arm: 'canary', agent_version: 2, created_at: at(15) }],
      ['control', { ...used(1, 1), ...inRollout, arm: 'control', created_at: at(16) }],
      ['late', { ...used(1, 9), created_at: at(20) }],
    ];
    await store.write(async (tx) => {
      await insertEnvironment(tx, sampleEnvironment('env'));
      for (const agent of ['agent', 'other']) {
        await insertAgent(tx, sampleAgent(agent));
        await insertVersion(tx, sampleVersion(agent, 2));
      }
      for (const [id, fields] of sessions) {
        await insertSession(tx, sampleSession(id, { agent_id: 'agent', environment_id: 'env', ...fields }));
      }
      const other = { agent_id: 'other', environment_id: 'env', created_at: at(10) };
      await insertSession(tx, sampleSession('of another', { ...used(1, 9), ...other }));
    });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  const costs = async (gte: string, lt: string) => {
    const rows = await sumCosts(store.db, store.dialect, { agent_id: 'agent', gte, lt });
    return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  };
  const tokens = (times: number) => {
    const { cache_creation, ...rest } = usage(times);
    return { ...rest, ...cache_creation };
  };

  test('are added up by version, alias and arm, from a time on and before another', async () => {
    expect(await costs(at(10), at(20))).toEqual([
      {
        ...{ version: 1, alias: 'production', arm: 'control', sessions: 1, unpriced_sessions: 0 },
        ...{ turns: 1, cost_usd: 1, ...tokens(1) },
      },
      {
        ...{ version: 1, alias: 'production', arm: null, sessions: 1, unpriced_sessions: 1 },
        ...{ turns: 1, cost_usd: null, ...tokens(1) },
      },
      {
        ...{ version: 1, alias: null, arm: null, sessions: 4, unpriced_sessions: 1 },
        ...{ turns: 7, cost_usd: 0.75, ...tokens(7) },
      },
      {
        ...{ version: 2, alias: 'production', arm: 'canary', sessions: 1, unpriced_sessions: 0 },
        ...{ turns: 3, cost_usd: 2, ...tokens(3) },
      },
    ]);
  });

  test('are nothing where there are none', async () => {
    expect(await costs(at(30), at(40))).toEqual([]);
    expect(await costs(at(20), at(10))).toEqual([]);
  });

  test('go past what 32 bits can count', async () => {
    const many = { ...usage(1), input_tokens: 3_000_000_000 };
    await store.write(async (tx) => {
      for (const id of ['big', 'bigger']) {
        const fields = { agent_id: 'agent', environment_id: 'env', created_at: at(50) };
        await insertSession(tx, sampleSession(id, { ...fields, usage: JSON.stringify(many) }));
      }
    });
    expect(await costs(at(50), at(51))).toMatchObject([
      { input_tokens: 6_000_000_000, unpriced_sessions: 2 },
    ]);
  });

  test('models of agents are those of the latest versions of the newest live ones, each once', async () => {
    // A prompt may be any text, also what the JSON of PostgreSQL cannot hold.
    const system = 'NUL \0, half of a pair \ud800, and in words: \\u0000 \\ud800 \\';
    const config = (model: string) => JSON.stringify({ model: { id: model }, system });
    await store.write(async (tx) => {
      for (const [age, [id, model, archived]] of (
        [
          ['a', 'it\'s "new" \\u0000', false],
          ['b', 'shared', false],
          ['c', 'shared', false],
          ['d', 'archived', true],
        ] as const
      ).entries()) {
        const archived_at = archived ? at(200) : null;
        await insertAgent(tx, sampleAgent(id, { created_at: at(100 + age), archived_at }));
        await insertVersion(tx, sampleVersion(id, 2, config(model)));
      }
    });
    const models = async (agents: number) =>
      (await listAgentModels(store.db, store.dialect, agents)).toSorted();
    expect(await models(100)).toEqual(['it\'s "new" \\u0000', 'offline-1', 'shared']);
    expect(await models(2)).toEqual(['shared']);
  });
});

test('SQLite adds up costs over a range of the index of an agent’s sessions', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-plans-'));
  const store = await openStore({ kind: 'sqlite', folder });
  await store.close();
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
  await sumCosts(db, store.dialect, { agent_id: 'agent', gte: at(1), lt: at(2) });
  const [plan] = queries.map(({ sql, parameters }) =>
    file.prepare(`explain query plan ${sql}`).all(...parameters),
  );
  expect(plan?.[0]).toMatchObject({
    detail: 'SEARCH sessions USING INDEX sessions_of_agent (agent_id=? AND created_at>? AND created_at<?)',
  });
});
