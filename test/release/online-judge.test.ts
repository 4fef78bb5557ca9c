import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAudit } from '../../src/access/audit.ts';
import { serverActor } from '../../src/access/keys.ts';
import { silentBus } from '../../src/core/bus.ts';
import { createClock, formatTime } from '../../src/core/clock.ts';
import { createIds } from '../../src/core/ids.ts';
import { createEvaluation, type Evaluation } from '../../src/eval/evaluation.ts';
import { createMemoryQueue } from '../../src/queue/memory-queue.ts';
import { readScorers } from '../../src/release/online/online-scorers.ts';
import { createOnlineScoring, type OnlineScoring } from '../../src/release/online/online-scoring.ts';
import { createScores } from '../../src/session/scores.ts';
import type { Store } from '../../src/store/dialect.ts';
import { readScoringCounts } from '../../src/store/online-scorings.ts';
import { type DatabaseChoice, openStore } from '../../src/store/open.ts';
import type { RolloutRow } from '../../src/store/rollouts.ts';
import { findSession } from '../../src/store/sessions.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { noTelemetry } from '../no-telemetry.ts';
import { ownDuty } from '../own-duty.ts';
import { quietLog, startPawl, type TestPawl } from '../pawl.ts';
import { migratedDatabase } from '../postgres.ts';
import { converse, eventually, makeSetting, openSession } from '../story.ts';
import { seedRollout } from './seeded-rollout.ts';

/*
 * The goal: sessions of real traffic are scored by real scorers, a judge among them, on what they were asked last and
 * what they answered. The method: a server has the traffic and is closed; then its database is opened again and scored,
 * as a server does after its start, with another server to ask the judge at. On both databases.
 */

const judge = { type: 'judge', rubric: 'The answer is kind.', model: 'claude-judge', votes: 1 };

const price = { match: 'claude-*', input: 1000, output: 0, cache_read: 0, cache_write: 0, cache_write_1h: 0 };

/** The judge passes what is kind, the agent is rude when it is asked to be. */
function reply({
  system,
  messages,
}: {
  system: string | null;
  messages: readonly { text: string }[];
}): string {
  const said = messages.at(-1)?.text ?? '';
  if (system?.includes('You judge') !== true) return said.includes('rude') ? 'Go away.' : 'With pleasure!';
  const { task, answer } = JSON.parse(said) as { task: unknown; answer: string };
  const verdict = answer.includes('pleasure') ? 'pass' : 'fail';
  return JSON.stringify({ verdict, reason: `It said ${answer} to ${JSON.stringify(task)}` });
}

const databases = [
  {
    name: 'SQLite',
    open: async () => {
      const data_dir = mkdtempSync(join(tmpdir(), 'pawl-online-'));
      const choice: DatabaseChoice = { kind: 'sqlite', folder: data_dir };
      return { set: { data_dir }, choice, remove: async () => rmSync(data_dir, { recursive: true }) };
    },
  },
  {
    name: 'PostgreSQL',
    open: async () => {
      const { url: database_url, drop } = await migratedDatabase();
      const choice: DatabaseChoice = { kind: 'postgres', url: database_url };
      return { set: { database_url }, choice, remove: drop };
    },
  },
];

describe.each(databases)('Sessions of a rollout on $name', { timeout: 60_000 }, ({ open }) => {
  let model: ModelServer;
  let elsewhere: TestPawl;
  let store: Store;
  let remove: () => Promise<void>;
  let evaluation: Evaluation;
  let scoring: OnlineScoring;
  let rollout: RolloutRow;
  let ids: Readonly<Record<'kind' | 'rude' | 'long' | 'failed' | 'silent', string>>;

  beforeAll(async () => {
    model = await startModelServer({ reply });
    model.when(({ messages }) => messages.at(-1)?.text === 'Fail', 400);
    const provider = { anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' };
    const opened = await open();
    remove = opened.remove;
    const pawl = await startPawl({ ...provider, ...opened.set, model_max_retries: '0' });
    const setting = await makeSetting(pawl.client);
    const newSession = async (...messages: string[]): Promise<string> => {
      const { id } = await openSession(pawl.client, setting);
      for (const message of messages) await converse(pawl.client, id, message);
      return id;
    };
    ids = {
      kind: await newSession('Be kind'),
      rude: await newSession('Be rude'),
      long: await newSession('Be rude', 'Now be kind'),
      failed: await newSession('Fail'),
      silent: await newSession(),
    };
    await pawl.server.close();
    elsewhere = await startPawl(provider);
    store = await openStore(opened.choice);
    const clock = createClock(Date.now);
    const parts = { store, clock, ids: createIds(clock, randomBytes), log: quietLog, telemetry: noTelemetry };
    evaluation = createEvaluation({
      ...{ ...parts, audit: createAudit(parts), prices: () => [price], scorer_dir: null, scorer_urls: [] },
      ...{ queue: createMemoryQueue(), bus: silentBus },
      endpoints: { address: () => ({ base_url: elsewhere.url, api_key: elsewhere.key }) },
      ...{ servedHere: () => null, pawl_version: '0.0.0' },
    });
    const { openScorers } = evaluation;
    const recordScore = createScores(parts).record;
    scoring = createOnlineScoring({
      ...{ ...parts, recordScore, openScorers, actor: serverActor },
      duty: ownDuty(),
    });
    const scorers = readScorers([
      { name: 'kind', sample: 1, scorer: judge },
      { name: 'short', sample: 1, scorer: { type: 'regex', pattern: '^.{0,10}$' } },
      { name: 'away', sample: 1, scorer: { type: 'http', url: 'http://127.0.0.1:1/score' } },
    ]);
    rollout = await seedRollout(store, { agent_id: setting.agent.id, scorers });
  });
  afterAll(async () => {
    await scoring.stop();
    await evaluation.stop();
    await store.close();
    await elsewhere.server.close();
    await model.close();
    await remove();
  });

  const scorings = () =>
    store.db.selectFrom('online_scorings').selectAll().orderBy('session_id').orderBy('name').execute();
  const scoresOf = (id: string) =>
    store.db.selectFrom('session_scores').selectAll().where('session_id', '=', id).execute();
  const talkative = () => [ids.kind, ids.rude, ids.long];
  /** Where the machine is busy, a pattern runs out of time as well, and is tried once more after half a minute. */
  async function hurry(): Promise<void> {
    const late = store.db
      .updateTable('online_scorings')
      .where('name', '<>', 'away')
      .where('attempts', '>', 0);
    const due_at = formatTime(createClock(Date.now).now());
    const { numUpdatedRows } = await late.where('due_at', '>', due_at).set({ due_at }).executeTakeFirst();
    if (numUpdatedRows > 0n) scoring.wake();
  }
  const asking = (turns: number) => Object.values(ids).map((id) => ({ id, turns, overrides: null }));

  test('are scored on their last answer by every scorer that can', async () => {
    await store.write((tx) => scoring.enqueue(tx, rollout, asking(1)));
    scoring.wake();
    await eventually(
      'all tried',
      async () => {
        await hurry();
        return (await scorings()).every(({ due_at, attempts, name }) => {
          return due_at === null || (name === 'away' && attempts > 0);
        });
      },
      30_000,
    );
    const unscored = (await scorings()).filter(
      (row) => row.error !== null && talkative().includes(row.session_id),
    );
    expect(unscored.map(({ name, error }) => [name, error]).filter(([name]) => name !== 'away')).toEqual([]);
    const valuesOf = async (id: string) =>
      Object.fromEntries((await scoresOf(id)).map(({ name, value }) => [name, value]));
    expect(await valuesOf(ids.kind)).toEqual({ kind: 1, short: 0 });
    expect(await valuesOf(ids.rude)).toEqual({ kind: 0, short: 1 });
    expect(await valuesOf(ids.long)).toEqual({ kind: 1, short: 0 });
    expect(await valuesOf(ids.failed)).toEqual({});
    expect(await valuesOf(ids.silent)).toEqual({});
  });

  test('are judged on all that was said before, and the judge says why', async () => {
    const score = (await scoresOf(ids.long)).find(({ name }) => name === 'kind');
    const talk = [
      { role: 'user', content: 'Be rude' },
      { role: 'assistant', content: 'Go away.' },
      { role: 'user', content: 'Now be kind' },
    ];
    expect(score).toMatchObject({
      ...{ source: 'scorer', comment: `It said With pleasure! to ${JSON.stringify(talk)}` },
      actor: JSON.stringify(serverActor),
    });
  });

  test('wait for scorers that are away, and are not asked for again without an answer', async () => {
    const rows = await scorings();
    const rowOf = (id: string, name: string) =>
      rows.find((row) => row.session_id === id && row.name === name);
    expect(rowOf(ids.kind, 'away')).toMatchObject({ attempts: 1, due_at: expect.any(String) });
    for (const name of ['kind', 'short', 'away']) {
      expect(rowOf(ids.failed, name)).toMatchObject({ due_at: null, attempts: 0 });
      expect(rowOf(ids.silent, name)).toMatchObject({
        ...{ due_at: null, error: 'no turn of it has ended' },
      });
    }
  });

  test('are counted where they wait, with what their scorers cost', async () => {
    const [kind, short, away] = await readScoringCounts(store.db, rollout.id, ['kind', 'short', 'away']);
    expect(kind).toEqual({ name: 'kind', waiting: 0, given_up: 0, cost_usd: expect.any(Number) });
    expect(kind?.cost_usd).toBeGreaterThan(0);
    expect(short).toEqual({ name: 'short', waiting: 0, given_up: 0, cost_usd: 0 });
    expect(away).toEqual({ name: 'away', waiting: 3, given_up: 0, cost_usd: 0 });
  });

  test('are not asked for again with the turns that they have', async () => {
    const before = await scorings();
    await store.write((tx) => scoring.enqueue(tx, rollout, asking(1)));
    expect(await scorings()).toEqual(before);
    const changedBy = async (turns: number) => {
      await store.write((tx) => scoring.enqueue(tx, rollout, [{ id: ids.long, turns, overrides: null }]));
      const after = await scorings();
      const changed = after.filter((row, i) => JSON.stringify(row) !== JSON.stringify(before[i]));
      return changed.map(({ name }) => name);
    };
    // Its second turn is what the others have scored.
    expect(await findSession(store.db, ids.long)).toMatchObject({ scores: 2, turns: 2 });
    expect(await changedBy(2)).toEqual(['away']);
    expect(await changedBy(3)).toEqual(['away', 'kind', 'short']);
  });
});
