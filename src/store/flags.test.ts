import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import { insertAgent, insertVersion } from './agents.ts';
import { type AliasRow, insertAlias } from './aliases.ts';
import type { Database } from './database.ts';
import type { Store } from './dialect.ts';
import { listFlags } from './flags.ts';
import { openStore } from './open.ts';
import { at, sampleAgent, sampleVersion } from './store.testsuite.ts';

function aliasRow(agent_id: string, name: string, fields: Partial<AliasRow> = {}): AliasRow {
  return {
    ...{ agent_id, name, version: 1, move: 1, hold: null, policy: '{}' },
    ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null },
    ...{ created_at: at(1), updated_at: at(1) },
    ...fields,
  };
}

const rollout = { rollout_id: 'roll_1', canary_salt: 'salt', canary_version: 2, canary_weight: 500 };

describe.each(['memory', 'postgres'] as const)('The flags on %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;

  beforeAll(async () => {
    if (kind === 'postgres') database = await migratedDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    await store.write(async (tx) => {
      for (const [age, id] of ['oldest', 'older', 'gone', 'bare', 'newest'].entries()) {
        const archived_at = id === 'gone' ? at(9) : null;
        await insertAgent(tx, sampleAgent(id, { created_at: at(age), archived_at }));
        await insertVersion(tx, { ...sampleVersion(id, 2), effective_hash: 'hash of 2' });
        if (id !== 'bare') await insertAlias(tx, aliasRow(id, 'production', { version: 2 }));
      }
      await insertAlias(tx, aliasRow('older', 'beta', rollout));
      await insertAlias(tx, aliasRow('older', 'unset', { version: null }));
    });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  const namesOf = async (agent_id: string | undefined, limit: number) => {
    const rows = await listFlags(store.db, { agent_id, limit });
    return rows.map((row) => `${row.agent_id}@${row.alias}`);
  };

  test('are of live agents, the newest first, and stand for a version', async () => {
    const all = ['newest@production', 'older@beta', 'older@production', 'oldest@production'];
    expect(await namesOf(undefined, 10)).toEqual(all);
  });

  test('are of one agent when it is named', async () => {
    expect(await namesOf('older', 10)).toEqual(['older@beta', 'older@production']);
    for (const id of ['gone', 'bare', 'nobody']) expect(await namesOf(id, 10)).toEqual([]);
  });

  test('are no more than so many, of no more agents than that', async () => {
    expect(await namesOf(undefined, 1)).toEqual(['newest@production']);
    // The second of the newest agents has none.
    expect(await namesOf(undefined, 2)).toEqual(['newest@production']);
    expect(await namesOf(undefined, 3)).toEqual(['newest@production', 'older@beta', 'older@production']);
    expect(await namesOf('older', 1)).toEqual(['older@beta']);
  });

  test('have the rollout and both hashes', async () => {
    const [beta, production] = await listFlags(store.db, { agent_id: 'older', limit: 10 });
    expect(beta).toEqual({
      ...{ agent_id: 'older', alias: 'beta', version: 1, hash: 'hash', canary_hash: 'hash of 2' },
      rollout: { id: 'roll_1', salt: 'salt', version: 2, weight: 500 },
    });
    expect(production).toMatchObject({
      version: 2,
      hash: 'hash of 2',
      canary_hash: null,
      rollout: null,
    });
  });
});

test('SQLite finds the flags without reading agents that are archived', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-flags-'));
  await (await openStore({ kind: 'sqlite', folder })).close();
  const file = new Sqlite(join(folder, 'pawl.db'));
  const queries: CompiledQuery[] = [];
  const log = ({ query }: { query: CompiledQuery }) => void queries.push(query);
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: file }), log });
  for (const agent_id of [undefined, 'a']) await listFlags(db, { agent_id, limit: 10 });
  const plans = queries.map((query) => {
    const rows = file.prepare(`explain query plan ${query.sql}`).all(...query.parameters);
    return (rows as { detail: string }[]).map(({ detail }) => detail).join('; ');
  });
  expect(plans[0]).toMatch(/SCAN agents USING INDEX agents_live/);
  expect(plans[1]).toMatch(/SEARCH agents USING/);
  // Aliases and versions are looked up by their keys, and nothing else is read whole.
  for (const plan of plans) {
    expect(plan.match(/SCAN (?!live\b|agents USING INDEX agents_live)\w+/g)).toBeNull();
    expect(plan).toMatch(/SEARCH aliases .*SEARCH stable .*SEARCH canary/);
  }
  await db.destroy();
  rmSync(folder, { recursive: true });
});
