import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { createAudit } from '../src/access/audit.ts';
import { createClock } from '../src/core/clock.ts';
import { createIds } from '../src/core/ids.ts';
import { mostExamined, type Order, type PageRequest } from '../src/core/page.ts';
import { readAgentOverviews } from '../src/release/agent-overviews.ts';
import { readVersionOverviews } from '../src/release/version-overviews.ts';
import { readSessionRows } from '../src/session/session-rows.ts';
import { insertAgent, insertVersion } from '../src/store/agents.ts';
import { insertAlias } from '../src/store/aliases.ts';
import { insertComparison, insertVerdict, listComparisons } from '../src/store/comparisons.ts';
import { insertEnvironment } from '../src/store/environments.ts';
import { insertEvalRun } from '../src/store/eval-runs.ts';
import {
  firstPage,
  openSeeded,
  sampleComparison,
  sampleRun,
  sampleVerdict,
} from '../src/store/evals.testsuite.ts';
import { insertEvents } from '../src/store/events.ts';
import { insertKey, listKeys } from '../src/store/keys.ts';
import { listPromotions, updatePromotion } from '../src/store/promotions.ts';
import { listRollouts, updateRollout } from '../src/store/rollouts.ts';
import type { SessionRowFilter } from '../src/store/session-rows.ts';
import { insertSession, type SessionRow } from '../src/store/sessions.ts';
import {
  at,
  sampleAgent,
  sampleEnvironment,
  sampleEvent,
  sampleKey,
  sampleSession,
  sampleVersion,
} from '../src/store/store.testsuite.ts';
import { seedRollout } from './release/seeded-rollout.ts';

/*
 * The goal: a list that somebody looks through finds what it should, in order, page by page, and looks at no more than a part
 * of a large table. The method: the same rows in both databases, and each list read to its end.
 */

const everything = { include_archived: true, created_at: {} };

type Walked<T> = { readonly data: readonly T[]; readonly next_page: string | null };

/** Reads a list to its end, and says how many pages it took. */
async function walk<T>(
  read: (request: PageRequest) => Promise<Walked<T>>,
  { limit, order, key }: { limit: number; order: Order; key: readonly ('string' | 'number')[] },
): Promise<{ readonly found: T[]; readonly pages: number }> {
  const list = { name: 'any', key, backwards: true };
  const found: T[] = [];
  let cursor: PageRequest['cursor'] = null;
  for (let pages = 1; ; pages++) {
    const { data, next_page } = await read({ list, limit, order, cursor });
    found.push(...data);
    if (next_page === null) return { found, pages };
    const [, , , ...parts] = JSON.parse(Buffer.from(next_page.slice(5), 'base64url').toString()) as [];
    cursor = { list: 'any', order, direction: 'next', key: parts };
  }
}

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const opened = openSeeded(kind);

  describe('Agents', () => {
    const named = (name: string) =>
      JSON.stringify({ name, description: `about ${name}`, model: { id: 'm' } });
    const add = async (id: string, name: string, fields: Parameters<typeof sampleAgent>[1] = {}) => {
      const { agent, version } = sampleAgent(id, fields);
      await opened.store.write((tx) =>
        insertAgent(tx, {
          agent,
          version: { ...version, config: named(name), author: 'Ann', message: name },
        }),
      );
    };
    const read = (filter: object, order: Order = 'asc', limit = 2) =>
      walk(
        (request) =>
          readAgentOverviews(opened.store, { include_archived: false, sort: 'name', ...filter }, request),
        { limit, order, key: ['string', 'string'] },
      );

    test('come by name or by time, page by page, and are found by a part of the name or by their id', async () => {
      await add('agent_1', 'Zoe', { created_at: at(1), updated_at: at(9) });
      await add('agent_2', 'émile %_', { created_at: at(2) });
      await add('agent_3', 'anna', { created_at: at(3) });
      await add('agent_4', 'Anna', { created_at: at(4) });
      await add('agent_5', 'Old anna', { created_at: at(5), archived_at: at(6) });
      const idsOf = async (...of: Parameters<typeof read>) => (await read(...of)).found.map(({ id }) => id);
      expect((await idsOf({})).slice(0, 2)).toEqual(['agent_3', 'agent_4']);
      expect((await idsOf({})).toSorted()).toEqual(['agent_1', 'agent_2', 'agent_3', 'agent_4']);
      expect(await idsOf({}, 'desc')).toEqual((await idsOf({})).toReversed());
      expect(await idsOf({ sort: 'created_at' })).toEqual(['agent_1', 'agent_2', 'agent_3', 'agent_4']);
      expect((await idsOf({ sort: 'updated_at' }, 'desc')).at(0)).toBe('agent_1');
      expect(await idsOf({ search: 'ANN' })).toEqual(['agent_3', 'agent_4']);
      expect(await idsOf({ search: 'ann', include_archived: true })).toHaveLength(3);
      expect(await idsOf({ search: '%_' })).toEqual(['agent_2']);
      expect(await idsOf({ search: 'agent_1' })).toEqual(['agent_1']);
      expect(await idsOf({ search: 'agent' })).toEqual([]);
    });

    test('have what is live, what is on its way and the newest verdict', async () => {
      const { store } = opened;
      await add('agent_live', 'live');
      const other = { endpoint: 'elsewhere' };
      await store.write(async (tx) => {
        await insertVersion(tx, { ...sampleVersion('agent_live', 2), message: 'Better', author: 'Bob' });
        const alias = { agent_id: 'agent_live', move: 1, policy: '{}', created_at: at(1), updated_at: at(1) };
        const canary = { rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null };
        await insertAlias(tx, { ...alias, ...canary, name: 'production', version: 1, hold: null });
        await insertAlias(tx, { ...alias, ...canary, name: 'held', version: 2, hold: '{}' });
        for (const [i, fields] of [{}, {}, other].entries()) {
          const run = { agent_id: 'agent_live', ...fields };
          await insertEvalRun(tx, sampleRun(`erun_b${i}`, { ...run, agent_version: 1 }));
          await insertEvalRun(tx, sampleRun(`erun_c${i}`, { ...run, agent_version: 2 }));
          const pair = { baseline_run_id: `erun_b${i}`, candidate_run_id: `erun_c${i}` };
          await insertComparison(tx, sampleComparison(`cmp_o${i}`, { ...pair, ended_at: at(5 + i) }));
          await insertVerdict(tx, { ...sampleVerdict(`cmp_o${i}`), verdict: i === 1 ? 'fail' : 'pass' });
        }
      });
      const { found } = await read({ search: 'agent_live' });
      expect(found).toMatchObject([
        {
          latest_version: { version: 2, author: 'Bob', message: 'Better' },
          aliases: [
            { name: 'held', version: 2, held: true, rollout: null },
            { name: 'production', version: 1, held: false, rollout: null },
          ],
          last_verdict: {
            ...{ verdict: 'fail', comparison_id: 'cmp_o1', baseline: 1, candidate: 2, created_at: at(6) },
          },
          open_promotions: 0,
        },
      ]);
      const of = (filter: object) => listComparisons(store.db, filter, firstPage());
      const ids = async (filter: object) => (await of(filter)).map(({ id }) => id);
      expect(await ids({ verdict: 'fail' })).toEqual(['cmp_o1']);
      expect(await ids({ agent_id: 'agent_live', agent_version: 2, verdict: 'pass' })).toEqual([
        'cmp_o0',
        'cmp_o2',
      ]);
      expect(await ids({ agent_id: 'agent_live', agent_version: 1 })).toEqual([]);
      expect(await ids({ agent_version: 999_999_999_999 })).toEqual([]);
      const versions = (search?: string) =>
        walk((request) => readVersionOverviews(store, { agent_id: 'agent_live', search }, request), {
          ...{ limit: 1, order: 'desc', key: ['number'] },
        });
      const live = { alias: 'production', arm: 'control', weight: 100 };
      expect((await versions()).found).toMatchObject([
        { version: 2, live: [{ ...live, alias: 'held' }] },
        { version: 1, live: [live] },
      ]);
      expect((await versions('bETTER')).found.map(({ version }) => version)).toEqual([2]);
      expect((await versions('ann')).found.map(({ version }) => version)).toEqual([1]);
    });
  });

  describe('Sessions', () => {
    const add = (id: string, fields: Partial<SessionRow>) =>
      opened.store.write((tx) =>
        insertSession(tx, sampleSession(id, { agent_id: 'agent_s', environment_id: 'env_s', ...fields })),
      );
    const read = (filter: Partial<SessionRowFilter>, order: Order = 'desc', limit = 2) =>
      walk((request) => readSessionRows(opened.store, { ...everything, ...filter }, request), {
        ...{ limit, order, key: ['string', 'string'] },
      });
    const idsOf = async (...of: Parameters<typeof read>) => (await read(...of)).found.map(({ id }) => id);

    test('are found by what they are, and say why they failed', async () => {
      const { store } = opened;
      await store.write(async (tx) => {
        await insertAgent(tx, sampleAgent('agent_s'));
        await insertEnvironment(tx, sampleEnvironment('env_s'));
      });
      const aliased = { resolution_reason: 'alias', resolution_alias: 'production' } as const;
      const canary = { ...aliased, rollout_id: 'roll_1', arm: 'canary', weight: 500, unit: 'u' } as const;
      await add('sesn_plain', { title: 'A 100% plain one', created_at: at(1) });
      await add('sesn_canary', { ...canary, created_at: at(2), overrides: '{}' });
      const metadata = JSON.stringify({ 'x"targeting_key': 'eve', targeting_key: 'kä"the\\' });
      await add('sesn_keyed', { metadata, created_at: at(3), ...aliased });
      const failed = { turns: 2, failed_turns: 1, last_seq: 30, created_at: at(4) };
      await add('sesn_failed', { ...failed, list_cost_usd: 0.5 });
      await add('sesn_mended', { ...failed, created_at: at(5) });
      await add('sesn_running', { ...failed, status: 'running', created_at: at(6) });
      const idle = (type: string) => JSON.stringify({ type: 'session.status_idle', stop_reason: { type } });
      const error = JSON.stringify({
        type: 'session.error',
        error: { type: 'billing_error', message: 'No money' },
      });
      for (const id of ['sesn_failed', 'sesn_mended', 'sesn_running']) {
        const events = [
          sampleEvent(id, 20, { type: 'session.error', data: error }),
          sampleEvent(id, 21, { type: 'session.status_idle', data: idle('retries_exhausted') }),
        ];
        if (id === 'sesn_mended') {
          events.push(sampleEvent(id, 30, { type: 'session.status_idle', data: idle('end_turn') }));
        }
        await store.write((tx) => insertEvents(tx, events));
      }
      const { found } = await read({});
      expect(found).toMatchObject([
        { id: 'sesn_running', failure: null },
        { id: 'sesn_mended', failure: null },
        {
          ...{ id: 'sesn_failed', cost_usd: 0.5, turns: 2, failed_turns: 1, tokens: 0 },
          failure: {
            stop_reason: 'retries_exhausted',
            error: { type: 'billing_error', message: 'No money' },
          },
        },
        { id: 'sesn_keyed', targeting_key: 'kä"the\\', overridden: false, alias: 'production' },
        {
          id: 'sesn_canary',
          reason: 'canary',
          overridden: true,
          rollout: { id: 'roll_1', arm: 'canary', weight: 5 },
        },
        {
          id: 'sesn_plain',
          agent: { id: 'agent_s', version: 1, name: 'Porter' },
          rollout: null,
          failure: null,
        },
      ]);
      expect(await idsOf({}, 'asc', 4)).toEqual(found.map(({ id }) => id).toReversed());
      expect(await idsOf({ alias: 'production' })).toEqual(['sesn_keyed', 'sesn_canary']);
      expect(await idsOf({ arm: 'canary', rollout_id: 'roll_1' })).toEqual(['sesn_canary']);
      expect(await idsOf({ arm: 'control' })).toEqual([]);
      expect(await idsOf({ failed: true })).toEqual(['sesn_running', 'sesn_mended', 'sesn_failed']);
      expect(await idsOf({ failed: false })).toHaveLength(3);
      expect(await idsOf({ targeting_key: 'kä"the\\' })).toEqual(['sesn_keyed']);
      expect(await idsOf({ targeting_key: 'eve' })).toEqual([]);
      expect(await idsOf({ title: '0% PLAIN' })).toEqual(['sesn_plain']);
      expect(await idsOf({ id: 'sesn_keyed' })).toEqual(['sesn_keyed']);
      expect(await idsOf({ agent_id: 'agent_s', statuses: ['running'] })).toEqual(['sesn_running']);
    });

    test('that no index finds are looked for a part at a time, forwards and backwards', async () => {
      const { store } = opened;
      const names = Object.keys(sampleSession('x')).filter(
        (name) => !['id', 'created_at', 'agent_id'].includes(name),
      );
      const kept = sql.join(names.map((name) => sql.ref(name)));
      await store.write((tx) => insertAgent(tx, sampleAgent('agent_m')));
      const number = sql`substr(cast(100000 + n.i as ${sql.raw(kind === 'SQLite' ? 'text' : 'varchar')}), 2)`;
      // Half as many again as are looked at for a page, all with one creation time but for their ids.
      await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(mostExamined * 1.5)})
        insert into sessions (id, created_at, agent_id, ${kept})
        select 'sesn_m' || ${number}, ${at(50)}, 'agent_m', ${kept} from sessions, n where id = 'sesn_plain'`.execute(
        store.db,
      );
      const [first, last] = ['sesn_m00001', 'sesn_m14999'];
      await store.write((tx) =>
        tx.updateTable('sessions').set({ title: 'needle' }).where('id', 'in', [first, last]).execute(),
      );
      const filter = { agent_id: 'agent_m', title: 'needle' };
      for (const order of ['asc', 'desc'] as const) {
        const { found, pages } = await read(filter, order, 5);
        expect(found.map(({ id }) => id)).toEqual(order === 'asc' ? [first, last] : [last, first]);
        expect(pages).toBe(2);
      }
      expect((await read({ ...filter, title: 'nothing' })).pages).toBe(2);
      expect((await read({ ...filter, id: last })).pages).toBe(1);
      const list = { name: 'any', key: ['string', 'string'] as const, backwards: true };
      const behind = { list: 'any', order: 'desc', direction: 'prev', key: [at(50), first] } as const;
      const request = { list, limit: 5, order: 'desc', cursor: behind } as const;
      const back = await readSessionRows(store, { ...everything, ...filter }, request);
      expect(back).toMatchObject({ data: [], prev_page: expect.stringContaining('page_') });
    });
  });

  test('Promotions and rollouts are found by a part of their reason or of the agent, and by their id', async () => {
    const { store } = opened;
    const { agent, version } = sampleAgent('agent_r');
    const config = JSON.stringify({ ...JSON.parse(version.config), name: "Desk's 50% \\u0000" });
    await store.write((tx) => insertAgent(tx, { agent, version: { ...version, config } }));
    const rollout = await seedRollout(store, { agent_id: 'agent_r', scorers: [] });
    const reason = 'Refunds go astray';
    await store.write(async (tx) => {
      await updateRollout(tx, rollout.id, { reason });
      await updatePromotion(tx, rollout.promotion_id, { reason });
    });
    const request = firstPage();
    const { db, dialect } = store;
    for (const search of ["desk's 50%", 'REFUNDS']) {
      const found = await listPromotions(db, dialect, { filter: { search }, request });
      expect(found.map(({ id }) => id)).toEqual([rollout.promotion_id]);
      expect(await listRollouts(db, dialect, { filter: { search }, request })).toMatchObject([
        { id: rollout.id },
      ]);
    }
    expect(await listRollouts(db, dialect, { filter: { search: rollout.id }, request })).toHaveLength(1);
    expect(await listPromotions(db, dialect, { filter: { search: 'promo' }, request })).toEqual([]);
    expect(await listRollouts(db, dialect, { filter: { search: '50_' }, request })).toEqual([]);
  });

  test('Keys are found by a part of the name and by role', async () => {
    const { store } = opened;
    const clause = { name: "Rita's 50% key", role: 'releaser' };
    await store.write(async (tx) => {
      await insertKey(tx, sampleKey('apikey_rita', clause));
      await insertKey(tx, sampleKey('apikey_other'));
    });
    const ids = async (filter: object) => (await listKeys(store.db, firstPage(), filter)).map(({ id }) => id);
    expect(await ids({ search: "rita's 50%" })).toEqual(['apikey_rita']);
    expect(await ids({ role: 'editor' })).toEqual(['apikey_other']);
    expect(await ids({ search: 'rita', role: 'editor' })).toEqual([]);
  });

  test('Audit entries are found by what was done, by whom, when and how it ended', async () => {
    const { store } = opened;
    let nowMs = 1_800_000_000_000;
    const clock = createClock(() => nowMs);
    const ids = createIds(clock, (size) => new Uint8Array(size));
    const audit = createAudit({ store, clock, ids });
    const ann = { key_id: 'apikey_ann', name: 'Ann', role: 'admin' } as const;
    const bob = { ...ann, key_id: 'apikey_bob', name: 'Bob' };
    const facts = [
      { action: 'key.created', actor: ann },
      { action: 'alias.moved', actor: bob },
      { action: 'alias.moved', actor: ann },
    ];
    await store.write(async (tx) => {
      for (const fact of facts) {
        nowMs += 1000;
        const rest = { outcome: 'done', reason: null, before: null, after: null } as const;
        await audit.append(tx, { ...fact, ...rest, subject: { type: 'agent', id: 'agent_1' } });
      }
    });
    const seqs = async (filter: object, order: Order = 'desc') => {
      const key = ['number'] as const;
      return (await walk((request) => audit.list(filter, request), { limit: 1, order, key })).found.map(
        ({ seq }) => seq,
      );
    };
    const head = (await seqs({}))[0] ?? 0;
    const [one, two, three] = [head - 2, head - 1, head];
    expect(await seqs({ action: 'alias.moved' })).toEqual([three, two]);
    expect(await seqs({ action: 'alias.moved', actor: 'Ann' })).toEqual([three]);
    expect(await seqs({ actor: 'apikey_bob' }, 'asc')).toEqual([two]);
    expect(await seqs({ outcome: 'refused' })).toEqual([]);
    const since = (ms: number) => new Date(1_800_000_000_000 + ms).toISOString().replace('Z', '000Z');
    expect(await seqs({ from: since(2000) })).toEqual([three, two]);
    expect(await seqs({ from: since(1000), before: since(3000), actor: 'Ann' })).toEqual([one]);
    expect(await seqs({ from: since(9000) })).toEqual([]);
    expect(await seqs({ before: since(0), actor: 'Ann' })).toEqual([]);
  });
});
