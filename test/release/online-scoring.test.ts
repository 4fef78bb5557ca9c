import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Clock, createClock, formatTime } from '../../src/core/clock.ts';
import { createIds } from '../../src/core/ids.ts';
import type { Log } from '../../src/core/log.ts';
import type { SessionScorers, SessionScoring } from '../../src/eval/session-scoring.ts';
import { createOnlineScoring, type OnlineScoring } from '../../src/release/online/online-scoring.ts';
import { createScores } from '../../src/session/scores.ts';
import type { Store } from '../../src/store/dialect.ts';
import { readScoringCounts } from '../../src/store/online-scorings.ts';
import { openStore } from '../../src/store/open.ts';
import { type RolloutRow, updateRollout } from '../../src/store/rollouts.ts';
import { findLatestScores } from '../../src/store/scores.ts';
import { deleteSession, findSession, updateSession } from '../../src/store/sessions.ts';
import { at, seedSession } from '../../src/store/store.testsuite.ts';
import { ownDuty } from '../own-duty.ts';
import { seedRollout } from './seeded-rollout.ts';

/*
 * The goal: what is asked for is scored once, a few sessions at a time, tried again when it should be, and given up when
 * it must be. The method: scorers that say what the test wants, and timers that it moves. Real scorers on real sessions,
 * on both databases, are in `online-judge.test.ts`.
 */

const secondMs = 1000;
const scored = (value: number): SessionScoring => ({ kind: 'scored', value, reason: null, cost_usd: 0 });
const unscored: SessionScoring = { kind: 'unscored', reason: 'the judge is away', cost_usd: 0 };
const kind = { name: 'kind', sample: 1, scorer: { type: 'regex', name: 'kind', pattern: 'x' } };
const mostTurns = 10_000;
const quietTurns = 50;

let store: Store;
let clock: Clock;
let time: number;
let broken: boolean;
let asked: string[];
let atOnce: { now: number; most: number };
let closed: number;
let logged: string[];
let answer: (
  sessionId: string,
  signal: AbortSignal,
  name: string,
) => SessionScoring | Promise<SessionScoring>;
let scoring: OnlineScoring;
let rollout: RolloutRow;

beforeEach(async () => {
  time = 1_800_000_000_000;
  clock = createClock(() => time);
  store = await openStore({ kind: 'memory' });
  broken = false;
  asked = [];
  atOnce = { now: 0, most: 0 };
  closed = 0;
  logged = [];
  answer = () => scored(1);
  scoring = start();
  const { agent_id } = await seedSession(store, 'first');
  rollout = await seedRollout(store, { agent_id, scorers: [kind] });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await scoring.stop();
  await store.close();
});

function start(): OnlineScoring {
  const { record: recordScore } = createScores({ store, clock, ids: createIds(clock, randomBytes) });
  const deps = { store: breakable(), clock, log: note(), openScorers, duty: ownDuty() };
  return createOnlineScoring({ ...deps, recordScore, actor: { key_id: null, name: 'pawl', role: 'editor' } });
}

function openScorers(): SessionScorers {
  return {
    async score({ id }, { config }, signal) {
      asked.push(id);
      atOnce.now++;
      atOnce.most = Math.max(atOnce.most, atOnce.now);
      try {
        return await answer(id, signal, config.name);
      } finally {
        atOnce.now--;
      }
    },
    async close() {
      closed++;
    },
  };
}

function breakable(): Store {
  return {
    ...store,
    write: async (work) => {
      if (broken) throw new Error('The disk is full');
      return store.write(work);
    },
  };
}

function note(): Log {
  const write = (_fields: object, message: string): void => void logged.push(message);
  return { debug: () => {}, info: write, warn: write, error: write };
}

const ask = (...sessions: { id: string; turns: number; overrides?: string }[]): Promise<void> =>
  store.write((tx) =>
    scoring.enqueue(
      tx,
      rollout,
      sessions.map((one) => ({ overrides: null, ...one })),
    ),
  );

async function scoresOf(id: string): Promise<unknown> {
  return (await findLatestScores(store.db, [id])).get(id) ?? {};
}

async function count(id: string): Promise<number | undefined> {
  return (await findSession(store.db, id))?.scores;
}

/** Lets everything happen that needs no time to pass, until something is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await isSo()); turns++) {
    if (turns === mostTurns) throw new Error(`After ${turns} turns it is not so: ${isSo}`);
    await turn();
  }
}

/** Nothing happens any more, unless time passes. */
async function rest(): Promise<void> {
  let quiet = 0;
  let before = '';
  await until(() => {
    const now = JSON.stringify([asked.length, closed, logged.length]);
    quiet = now === before && atOnce.now === 0 ? quiet + 1 : 0;
    before = now;
    return quiet === quietTurns;
  });
}

function pass(ms: number): void {
  time += ms;
  vi.advanceTimersByTime(ms);
}

describe('A session', () => {
  test('is scored once for as many turns as it has, and its rollout will count the score', async () => {
    await store.write((tx) => updateSession(tx, 'first', { rollout_id: rollout.id, turns: 2, unseen: 0 }));
    await ask({ id: 'first', turns: 1 });
    scoring.wake();
    await until(async () => (await count('first')) === 1);
    expect(await scoresOf('first')).toEqual({ kind: 1 });
    expect(await findSession(store.db, 'first')).toMatchObject({ unseen: 1 });
    // The score was of its second turn already.
    await ask({ id: 'first', turns: 2 });
    scoring.wake();
    await rest();
    expect(asked).toEqual(['first']);
    answer = () => scored(0.5);
    await store.write((tx) => updateSession(tx, 'first', { turns: 3 }));
    await ask({ id: 'first', turns: 3 });
    scoring.wake();
    await until(async () => (await count('first')) === 2);
    expect(await scoresOf('first')).toEqual({ kind: 0.5 });
  });

  test('that the scorer cannot score is tried again after 30 seconds and 5 minutes, and then given up', async () => {
    answer = () => unscored;
    await ask({ id: 'first', turns: 1 });
    scoring.wake();
    await rest();
    expect(asked).toHaveLength(1);
    pass(29 * secondMs);
    await rest();
    expect(asked).toHaveLength(1);
    pass(2 * secondMs);
    await until(() => asked.length === 2);
    await rest();
    pass(299 * secondMs);
    await rest();
    expect(asked).toHaveLength(2);
    pass(2 * secondMs);
    await until(() => logged.length === 1);
    await rest();
    pass(86_400 * secondMs);
    await rest();
    expect(asked).toHaveLength(3);
    expect(logged).toEqual(['A session could not be scored']);
    const [row] = await store.db.selectFrom('online_scorings').selectAll().execute();
    expect(row).toMatchObject({ attempts: 2, due_at: null, error: 'the judge is away' });
    expect(await scoresOf('first')).toEqual({});
  });

  test('whose scorer throws is tried again, as one that it cannot score', async () => {
    answer = () => Promise.reject(new Error('There is no such module\nat all'));
    await ask({ id: 'first', turns: 1 });
    scoring.wake();
    await rest();
    const [row] = await store.db.selectFrom('online_scorings').selectAll().execute();
    expect(row).toMatchObject({ attempts: 1, error: 'There is no such module' });
    answer = () => scored(1);
    pass(31 * secondMs);
    await until(async () => (await count('first')) === 1);
  });

  test.each<[string, () => Promise<void> | void, string]>([
    [
      'has no answer',
      () => {
        answer = () => ({ kind: 'no_answer', reason: 'it failed' });
      },
      'it failed',
    ],
    [
      'is of a rollout that is over',
      () => store.write((tx) => updateRollout(tx, rollout.id, { status: 'aborted', ended_at: at(9) })),
      'the rollout is over',
    ],
    [
      'has as many scores as there may be',
      () => store.write((tx) => updateSession(tx, 'first', { scores: 1000 })),
      'session first has 1000 scores and takes no more',
    ],
  ])('that %s is given up at once', async (_what, make, error) => {
    await ask({ id: 'first', turns: 1 });
    await make();
    scoring.wake();
    const row = () => store.db.selectFrom('online_scorings').selectAll().executeTakeFirst();
    await until(async () => (await row())?.due_at === null);
    expect(await row()).toMatchObject({ error });
    expect(await scoresOf('first')).toEqual({});
  });

  test('that is deleted meanwhile, or was before, holds up nobody', async () => {
    await seedSession(store, 'second');
    answer = async (id) => {
      if (id === 'first') await store.write((tx) => deleteSession(tx, 'first'));
      return scored(1);
    };
    await ask({ id: 'first', turns: 1 }, { id: 'gone', turns: 1 });
    await ask({ id: 'second', turns: 1 });
    scoring.wake();
    await until(async () => (await count('second')) === 1);
    await rest();
    expect(asked.toSorted()).toEqual(['first', 'second']);
  });

  test('that is asked for again while it is scored is scored once more, and only that counts', async () => {
    const first = Promise.withResolvers<SessionScoring>();
    answer = () => (asked.length === 1 ? first.promise : scored(1));
    await ask({ id: 'first', turns: 1 });
    scoring.wake();
    await until(() => asked.length === 1);
    await store.write((tx) => updateSession(tx, 'first', { turns: 2 }));
    await ask({ id: 'first', turns: 2 });
    scoring.wake();
    first.resolve(scored(0));
    await until(async () => (await count('first')) === 1);
    await rest();
    expect(asked).toHaveLength(2);
    expect(await scoresOf('first')).toEqual({ kind: 1 });
  });
});

async function seed(names: readonly string[], sessions: number): Promise<string[]> {
  const scorers = names.map((name) => ({ ...kind, name, scorer: { ...kind.scorer, name } }));
  const settings = JSON.stringify({ ...JSON.parse(rollout.settings), scorers });
  await store.write((tx) => updateRollout(tx, rollout.id, { settings }));
  rollout = { ...rollout, settings };
  const ids = Array.from({ length: sessions }, (_, i) => `s${i}`);
  for (const id of ids) await seedSession(store, id);
  return ids;
}

/** Whether each of the sessions has a score of that name. */
async function haveScores(ids: readonly string[], name: string): Promise<boolean> {
  const scores = await findLatestScores(store.db, ids);
  return ids.every((id) => scores.get(id)?.[name] !== undefined);
}

describe('All sessions are scored in the end', () => {
  const soon = () => turn(scored(1));

  test('by a scorer that is alone, at most three at a time', async () => {
    const ids = await seed(['kind'], 11);
    answer = soon;
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    for (let i = 0; i < 5; i++) scoring.wake();
    await until(() => haveScores(ids, 'kind'));
    expect(atOnce.most).toBe(3);
    await rest();
    expect(asked.toSorted()).toEqual(ids.toSorted());
    expect(closed).toBe(1);
  });

  test('by more scorers than there are lanes, four at a time and in turn', async () => {
    const names = ['one', 'two', 'three', 'four', 'five', 'six'];
    const ids = await seed(names, 5);
    const turns: string[] = [];
    answer = (_id, _signal, name) => {
      turns.push(name);
      return soon();
    };
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    scoring.wake();
    for (const name of names) await until(() => haveScores(ids, name));
    expect(new Set(turns.slice(0, 12)).size).toBe(6);
    expect(atOnce.most).toBe(4);
  });

  test('by more scorers than are looked at at once', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `n${100 + i}`);
    const ids = await seed(names, 1);
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    // All but the last have to wait.
    const others = store.db.updateTable('online_scorings').where('name', '<>', 'n219');
    await others.set({ due_at: formatTime(clock.now() + 600_000_000) }).execute();
    scoring.wake();
    await rest();
    pass(2 * secondMs);
    await until(() => haveScores(ids, 'n219'));
    expect(asked).toHaveLength(1);
  });
});

describe('A scorer that hangs', () => {
  /** Until the test lets them go. */
  let hanging: ((scoring: SessionScoring) => void)[];
  const hangs = ['a', 'b', 'c', 'd'];

  beforeEach(() => {
    hanging = [];
    answer = (_id, signal, name) => {
      if (!hangs.includes(name)) return scored(1);
      const { promise, resolve } = Promise.withResolvers<SessionScoring>();
      hanging.push(resolve);
      signal.addEventListener('abort', () => resolve(unscored));
      return promise;
    };
  });

  /** So many are hanging, and nobody else is begun. */
  async function untilHanging(number: number): Promise<void> {
    await until(() => hanging.length === number);
    for (let turns = 0; turns < quietTurns; turns++) await turn();
    expect(hanging).toHaveLength(number);
  }

  test('does not hold up another one of its rollout', async () => {
    const ids = await seed(['a', 'quick'], 6);
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    scoring.wake();
    await until(() => haveScores(ids, 'quick'));
  });

  test('does not hold up a rollout that begins later', async () => {
    const ids = await seed(['a'], 6);
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    scoring.wake();
    await untilHanging(3);
    const { agent_id } = await seedSession(store, 'other');
    rollout = await seedRollout(store, { agent_id, scorers: [] });
    await seed(['quick'], 0);
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    scoring.wake();
    await until(() => haveScores(ids, 'quick'));
    await untilHanging(3);
  });

  test('holds up nobody for more than five seconds together with others that hang', async () => {
    const ids = await seed([...hangs, 'quick'], 6);
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    scoring.wake();
    await untilHanging(4);
    expect(await haveScores(ids, 'quick')).toBe(false);
    pass(6 * secondMs);
    await until(() => haveScores(ids, 'quick'));
    await untilHanging(6);
  });

  test('three times in a row is left alone for longer and longer, until it answers', async () => {
    const ids = await seed(['a'], 9);
    await ask(...ids.map((id) => ({ id, turns: 1 })));
    scoring.wake();
    await untilHanging(3);
    const endAfter = async (ms: number, ending: SessionScoring) => {
      pass(ms);
      for (const resolve of hanging.splice(0)) resolve(ending);
      await until(() => atOnce.now === 0);
      await untilHanging(0);
    };
    await endAfter(60 * secondMs, unscored);
    for (const pauseMs of [30 * secondMs, 60 * secondMs, 120 * secondMs]) {
      pass(pauseMs - secondMs);
      await untilHanging(0);
      pass(2 * secondMs);
      await untilHanging(1);
      await endAfter(60 * secondMs, unscored);
    }
    pass(241 * secondMs);
    await untilHanging(1);
    answer = () => scored(1);
    hanging.splice(0)[0]?.(scored(1));
    await until(async () => (await findLatestScores(store.db, ids)).size === ids.length);
  });
});

test('What became of scorings is counted with what every attempt cost, and logged when one is given up', async () => {
  const counts = async () => (await readScoringCounts(store.db, rollout.id, ['kind']))[0];
  await seedSession(store, 'second');
  answer = (id) =>
    id === 'first' ? { ...unscored, cost_usd: 0.25 } : { kind: 'no_answer', reason: 'it failed' };
  await ask({ id: 'first', turns: 1 }, { id: 'second', turns: 1 });
  scoring.wake();
  await rest();
  expect(await counts()).toEqual({ name: 'kind', waiting: 1, given_up: 0, cost_usd: 0.25 });
  pass(31 * secondMs);
  await rest();
  pass(301 * secondMs);
  await rest();
  expect(await counts()).toEqual({ name: 'kind', waiting: 0, given_up: 1, cost_usd: 0.75 });
  expect(logged).toContain('A session could not be scored');
  // What it cost is known also of a session that is gone before it is scored.
  answer = async (id) => {
    await store.write((tx) => deleteSession(tx, id));
    return { ...scored(1), cost_usd: 0.25 };
  };
  await ask({ id: 'first', turns: 2 });
  expect(await counts()).toMatchObject({ waiting: 1, given_up: 0 });
  scoring.wake();
  await until(async () => (await counts())?.cost_usd === 1);
});

test('Only sampled sessions are scored, by the scorers in whose sample they are', async () => {
  const ids = Array.from({ length: 200 }, (_, i) => `s${i}`);
  for (const id of ids) await seedSession(store, id);
  const scorers = [kind, { ...kind, name: 'some', sample: 0.2 }];
  rollout = { ...rollout, settings: JSON.stringify({ scorers }) };
  await ask(...ids.map((id) => ({ id, turns: 1 })));
  const rows = await store.db.selectFrom('online_scorings').selectAll().execute();
  expect(rows.filter(({ name }) => name === 'kind')).toHaveLength(200);
  const some = rows.filter(({ name }) => name === 'some').length;
  expect(some).toBeGreaterThan(20);
  expect(some).toBeLessThan(60);
});

test('Sessions that have ended no turn, or have overrides, are not scored', async () => {
  await ask({ id: 'first', turns: 0 }, { id: 'first', turns: 1, overrides: '{}' });
  expect(await store.db.selectFrom('online_scorings').selectAll().execute()).toEqual([]);
});

describe('What is under way when the server stops', () => {
  test('is left as it was, and scored once by the next one', async () => {
    answer = (_id, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(unscored)));
    await ask({ id: 'first', turns: 1 });
    scoring.wake();
    await until(() => asked.length === 1);
    await scoring.stop();
    expect(closed).toBe(1);
    const [row] = await store.db.selectFrom('online_scorings').selectAll().execute();
    expect(row).toMatchObject({ attempts: 0, error: null });
    answer = () => scored(1);
    scoring = start();
    scoring.wake();
    await until(async () => (await count('first')) === 1);
    await rest();
    expect(asked).toHaveLength(2);
  });

  test('is not begun by a wake that comes too late', async () => {
    await ask({ id: 'first', turns: 1 });
    await scoring.stop();
    scoring.wake();
    await rest();
    expect(asked).toEqual([]);
  });
});

test('While scores cannot be written, no scorer is asked again and again', async () => {
  await ask({ id: 'first', turns: 1 });
  broken = true;
  scoring.wake();
  await until(() => logged.length === 1);
  await rest();
  expect(asked).toHaveLength(1);
  broken = false;
  scoring.wake();
  await rest();
  expect(asked).toHaveLength(1);
  pass(31 * secondMs);
  await until(async () => (await count('first')) === 1);
  expect(asked).toHaveLength(2);
});
