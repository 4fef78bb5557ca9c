import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migratedDatabase } from '../../test/postgres.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { deleteSession, findSession, updateSession } from '../store/sessions.ts';
import { seedSession } from '../store/store.testsuite.ts';
import { createScores, type NewScore, type Scores } from './scores.ts';

/*
 * The goal: a score is kept once and changes nothing else that anybody sees, and a rollout learns of it. The method: the
 * rows of sessions before and after, on both databases.
 */

const databases = [
  {
    name: 'SQLite',
    open: async () => {
      const store = await openStore({ kind: 'memory' });
      return { store, close: () => store.close() };
    },
  },
  {
    name: 'PostgreSQL',
    open: async () => {
      const { url, drop } = await migratedDatabase();
      const store = await openStore({ kind: 'postgres', url });
      return { store, close: () => store.close().then(drop) };
    },
  },
];

const actor = { key_id: 'apikey_1', name: 'shop', role: 'editor' } as const;
const score = (name: string, value: number): NewScore => ({
  name,
  value,
  comment: null,
  source: 'api',
  actor,
});
const page = (limit: number) => {
  const list = { name: 'session_scores', key: ['number'], backwards: false } as const;
  return { list, limit, order: 'asc', cursor: null } as const;
};

describe.each(databases)('Scores in $name', ({ open }) => {
  let store: Store;
  let close: () => Promise<void>;
  let scores: Scores;
  let sessions = 0;

  beforeAll(async () => {
    ({ store, close } = await open());
    const clock = createClock(Date.now);
    scores = createScores({ store, clock, ids: createIds(clock, randomBytes) });
  });
  afterAll(() => close());

  const seed = (fields: Parameters<typeof seedSession>[2] = {}) =>
    seedSession(store, `sesn_${++sessions}`, fields);

  test('are counted, and leave the rest of the session as it was', async () => {
    const before = await seed({ archived_at: '2026-01-01T00:00:00.000000Z', status: 'terminated' });
    const kept = await scores.add(
      { session_id: before.id, agent_id: before.agent_id },
      score('helpful', 0.25),
    );
    expect(kept).toMatchObject({ position: 1, name: 'helpful', value: 0.25, actor, source: 'api' });
    expect(await findSession(store.db, before.id)).toEqual({ ...before, scores: 1 });
    expect((await scores.list(before.id, page(9))).data).toEqual([kept]);
  });

  test('of a session in a rollout are to be counted by its next look, and nobody has touched the session', async () => {
    const place = { rollout_id: 'roll_1', arm: 'canary', weight: 500, unit: 'u', unseen: 0 } as const;
    const before = await seed(place);
    await scores.add({ session_id: before.id }, score('helpful', 1));
    expect(await findSession(store.db, before.id)).toEqual({ ...before, scores: 1, unseen: 1 });
  });

  test('that are given at the same time all count, each in a place of its own', async () => {
    const { id } = await seed();
    const given = Array.from({ length: 20 }, (_, i) => scores.add({ session_id: id }, score('s', i / 20)));
    const places = (await Promise.all(given)).map(({ position }) => position);
    expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(await findSession(store.db, id)).toMatchObject({ scores: 20 });
    const first = await scores.list(id, page(15));
    expect(first.data.map(({ position }) => position)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(first.next_page).not.toBeNull();
  });

  test('are refused for another agent, for a session that is gone, and when there are a thousand; nothing changes', async () => {
    const { id, agent_id } = await seed();
    await expect(
      scores.add({ session_id: id, agent_id: 'agent_2' }, score('helpful', 1)),
    ).rejects.toMatchObject({
      code: 'invalid_request',
      message: `agent_id: must be ${agent_id}, the agent of session ${id}, or be left out`,
    });
    await store.write((tx) => updateSession(tx, id, { scores: 1000 }));
    await expect(scores.add({ session_id: id }, score('helpful', 1))).rejects.toMatchObject({
      code: 'score_limit',
    });
    expect((await scores.list(id, page(9))).data).toEqual([]);
    await store.write((tx) => deleteSession(tx, id));
    const gone = { code: 'session_not_found' };
    await expect(scores.add({ session_id: id }, score('helpful', 1))).rejects.toMatchObject(gone);
    await expect(scores.list(id, page(9))).rejects.toMatchObject(gone);
  });

  test('go with their session, and never without it', async () => {
    const { id } = await seed();
    await scores.add({ session_id: id }, score('helpful', 1));
    const remove = () => store.db.deleteFrom('session_scores').where('session_id', '=', id).execute();
    await expect(remove()).rejects.toThrow('never changed');
    const change = store.db.updateTable('session_scores').set({ value: 0 }).where('session_id', '=', id);
    await expect(change.execute()).rejects.toThrow('never changed');
    await store.write((tx) => deleteSession(tx, id));
    const left = await store.db
      .selectFrom('session_scores')
      .where('session_id', '=', id)
      .selectAll()
      .execute();
    expect(left).toEqual([]);
  });
});
