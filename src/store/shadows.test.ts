import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { beforeAll, describe, expect, test } from 'vitest';
import { insertAgent } from './agents.ts';
import { insertAlias } from './aliases.ts';
import type { Database } from './database.ts';
import { insertEnvironment } from './environments.ts';
import { openSeeded } from './evals.testsuite.ts';
import { deleteSession, insertSession, updateSession } from './sessions.ts';
import {
  beginShadowPair,
  countWaitingPairs,
  findPairedSessions,
  findShadow,
  finishShadow,
  insertShadow,
  insertShadowPairs,
  listCopyable,
  listDuePairs,
  listShadowPairs,
  listUnfinishedShadows,
  type ShadowPairRow,
  type ShadowRow,
  updateShadow,
  updateShadowPair,
} from './shadows.ts';
import { at, sampleAgent, sampleEnvironment, sampleSession } from './store.testsuite.ts';

const agent_id = 'agent_shadowed';
const shadow: ShadowRow = {
  ...{ id: 'shdw_a', agent_id, alias: 'production', baseline_version: 1, candidate_version: 1, sample: 0.5 },
  ...{ max_sessions: 10, eval_id: null, status: 'running', ended_reason: null, seen_until: at(1) },
  ...{ begun: 0, copies_archived: 0, actor: '{}', created_at: at(1), updated_at: at(1), ended_at: null },
};

function pair(session_id: string, fields: Partial<ShadowPairRow> = {}): ShadowPairRow {
  return {
    ...{ shadow_id: shadow.id, session_id, shadow_session_id: null, status: 'open', seen_turns: 0, turns: 0 },
    ...{ tally: null, reason: null, created_at: at(2) },
    ...fields,
  };
}

describe.each(['SQLite', 'PostgreSQL'])('Shadows on %s', (kind) => {
  const opened = openSeeded(kind);
  const session = (id: string, fields: Parameters<typeof sampleSession>[1]) =>
    opened.store.write((tx) =>
      insertSession(tx, sampleSession(id, { agent_id, environment_id: 'env_a', ...fields })),
    );
  const byAlias = { resolution_reason: 'alias', resolution_alias: 'production' } as const;

  beforeAll(async () => {
    await opened.store.write(async (tx) => {
      await insertAgent(tx, sampleAgent(agent_id));
      await insertEnvironment(tx, sampleEnvironment('env_a'));
      await insertAlias(tx, {
        ...{ agent_id, name: 'production', version: 1, move: 1, hold: null, policy: '{}' },
        ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null },
        ...{ created_at: at(1), updated_at: at(1) },
      });
      await insertShadow(tx, shadow);
    });
  });

  test('sessions that an alias gave a version since a moment are found, oldest first, page by page', async () => {
    const { db } = opened.store;
    await session('sesn_early', { ...byAlias, created_at: at(1) });
    await session('sesn_b', { ...byAlias, created_at: at(3) });
    await session('sesn_c', { ...byAlias, created_at: at(3) });
    await session('sesn_pinned', { resolution_reason: 'pinned', created_at: at(3) });
    await session('sesn_overridden', { ...byAlias, overrides: '{}', created_at: at(3) });
    await session('sesn_d', { ...byAlias, created_at: at(4) });
    const of = { agent_id, alias: 'production', version: 1, since: at(2), limit: 2 };
    const first = await listCopyable(db, { ...of, after: undefined });
    expect(first.map(({ id }) => id)).toEqual(['sesn_b', 'sesn_c']);
    const second = await listCopyable(db, { ...of, after: first.at(-1) });
    expect(second.map(({ id }) => id)).toEqual(['sesn_d']);
    expect(await listCopyable(db, { ...of, version: 2, after: undefined })).toEqual([]);
  });

  test('pairs are due when their session has gone on or is gone, with a copy or without one', async () => {
    const { store } = opened;
    const due = async (which: 'begun' | 'waiting', limit = 10): Promise<string[]> =>
      (await listDuePairs(store.db, shadow.id, { which, limit })).map(({ session_id }) => session_id);
    await store.write((tx) => insertShadowPairs(tx, [pair('sesn_b'), pair('sesn_c'), pair('sesn_d')]));
    expect([await due('begun'), await due('waiting')]).toEqual([[], []]);
    await store.write(async (tx) => {
      for (const id of ['sesn_b', 'sesn_c', 'sesn_d']) await updateSession(tx, id, { turns: 1 });
      await beginShadowPair(tx, pair('sesn_d'), 'sesn_copy');
    });
    expect([await due('begun'), await due('waiting')]).toEqual([['sesn_d'], ['sesn_b', 'sesn_c']]);
    expect([await due('waiting', 1), await due('waiting', 0)]).toEqual([['sesn_b'], []]);
    expect((await findShadow(store.db, shadow.id))?.begun).toBe(1);
    expect(await countWaitingPairs(store.db, shadow.id)).toBe(2);
    await store.write(async (tx) => {
      await updateShadowPair(tx, pair('sesn_d'), { seen_turns: 1, turns: 1 });
      await updateShadowPair(tx, pair('sesn_c'), { status: 'skipped', reason: 'tools' });
      await deleteSession(tx, 'sesn_b');
    });
    expect([await due('begun'), await due('waiting')]).toEqual([[], ['sesn_b']]);
    // One that is known stays as it is.
    await store.write((tx) => insertShadowPairs(tx, [pair('sesn_d')]));
    const [known, ...others] = await listShadowPairs(store.db, shadow.id, { after: 'sesn_c', limit: 5 });
    expect(known).toMatchObject({ session_id: 'sesn_d', turns: 1, shadow_session_id: 'sesn_copy' });
    expect(others).toEqual([]);
    const asked = ['sesn_b', 'sesn_d', 'sesn_new'];
    expect(await findPairedSessions(store.db, shadow.id, asked)).toEqual(new Set(['sesn_b', 'sesn_d']));
    expect(await findPairedSessions(store.db, shadow.id, [])).toEqual(new Set());
  });

  test('one that is over is changed no more, and is unfinished until its copies are archived', async () => {
    const { store } = opened;
    await store.write((tx) => finishShadow(tx, shadow.id));
    expect(await listUnfinishedShadows(store.db)).toEqual([shadow.id]);
    const over = { status: 'stopped', ended_reason: 'enough', ended_at: at(5) } as const;
    expect(await store.write((tx) => updateShadow(tx, shadow.id, over))).toBe(true);
    expect(await store.write((tx) => updateShadow(tx, shadow.id, { ended_reason: 'late' }))).toBe(false);
    expect(await findShadow(store.db, shadow.id)).toEqual({ ...shadow, ...over, begun: 1 });
    expect(await listUnfinishedShadows(store.db)).toEqual([shadow.id]);
    await store.write((tx) => finishShadow(tx, shadow.id));
    expect(await listUnfinishedShadows(store.db)).toEqual([]);
  });
});

describe('The pairs that are due', () => {
  const queries: CompiledQuery[] = [];

  test('are read from an index in its order, and their sessions one by one, however many there are', async () => {
    const file = new Sqlite(':memory:');
    const recorder = new Kysely<Database>({
      dialect: new SqliteDialect({ database: file }),
      log: ({ query }) => void queries.push(query),
    });
    file.exec(readFileSync(join(import.meta.dirname, 'schema.sqlite.sql'), 'utf8'));
    for (const which of ['begun', 'waiting'] as const) {
      await listDuePairs(recorder, shadow.id, { which, limit: 10 });
      const { sql, parameters } = queries.at(-1) ?? { sql: '', parameters: [] };
      const plan = file
        .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
        .all(...parameters);
      const text = plan.map(({ detail }) => detail).join('\n');
      expect(text).toContain(`USING INDEX shadow_pairs_${which} (shadow_id=?)`);
      expect(text).toContain('SEARCH sessions');
      expect(text).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    await recorder.destroy();
  });
});
