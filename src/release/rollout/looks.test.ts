import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/postgres.ts';
import { createAudit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { createVersions, type Versions } from '../../agent/versions.ts';
import { createClock } from '../../core/clock.ts';
import { createIds } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { firstPolicy } from '../../core/release.ts';
import type { Arm } from '../../core/rollout.ts';
import { createWatchers } from '../../eval/watchers.ts';
import { insertAgent, insertVersion } from '../../store/agents.ts';
import { insertAlias } from '../../store/aliases.ts';
import type { Store } from '../../store/dialect.ts';
import { insertEnvironment } from '../../store/environments.ts';
import { openStore } from '../../store/open.ts';
import { insertPromotion } from '../../store/promotions.ts';
import {
  findRollout,
  keepDeparture,
  lockRollout,
  type RolloutRow,
  saveUnits,
  updateRollout,
} from '../../store/rollouts.ts';
import { deleteSession, insertSession, lockSession, type SessionRow } from '../../store/sessions.ts';
import {
  at,
  sampleAgent,
  sampleEnvironment,
  sampleSession,
  sampleVersion,
} from '../../store/store.testsuite.ts';
import { createAliases } from '../aliases.ts';
import type { EvidenceRoom } from '../evidence.ts';
import type { Notify } from '../notify.ts';
import type { PromotionDetails } from '../promotion.ts';
import { createPromotionRecords } from '../promotion-records.ts';
import { createLook } from './look.ts';
import { createLooks } from './looks.ts';
import { createRolloutRecords } from './records.ts';
import { type RolloutDetails, stateOf } from './rollout.ts';
import { createRolloutStart } from './rollout-start.ts';
import { createRollouts } from './rollouts.ts';
import { readSettings, type SettingsInput } from './settings.ts';
import { createTransitions } from './transitions.ts';

/*
 * The goal: a rollout is looked at when it is due and once for each time that it is, whoever else looks, whatever its
 * clock does and however long the database is away. The method: two clocks that the test moves, the wall's and that of
 * the time that has passed, and everything else as it is, on both databases.
 */

const secondMs = 1000;
const hourMs = 3600 * secondMs;
const dan: Actor = { key_id: 'apikey_dan', name: 'Dan', role: 'releaser' };
const said = { by: dan, reason: null };
const guarded: SettingsInput = { guardrails: [{ metric: 'failures', margin: 0.5 }], signals: [] };
const stepsAfter = (first: object) => [{ weight: 50, ...first }, { weight: 60 }, { weight: 100 }];
const patience = { timeout: 10_000, interval: 2 };

describe.each(['memory', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;
  /** What the wall clock says, and how much time has passed, in milliseconds. */
  let wallMs: number;
  let passedMs: number;
  let logged: unknown[];
  let made: string[];
  let agents = 0;
  /** What comes between a room and each of its transactions. */
  let beforeWrite: () => Promise<void>;
  let onNotice: (type: string) => Promise<void>;
  const rooms: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await freshDatabase() : null;
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    await store.write((tx) => insertEnvironment(tx, sampleEnvironment('env_1')));
  });
  beforeEach(() => {
    wallMs = 1_800_000_000_000;
    passedMs = 0;
    logged = [];
    made = [];
    beforeWrite = async () => {};
    onNotice = async () => {};
  });
  afterEach(async () => {
    for (const one of rooms.splice(0)) await one.stop();
    const over = { status: 'aborted', ended_at: at(1), next_look_at: null } as const;
    for (const id of made) await store.write((tx) => updateRollout(tx, id, over));
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  function pass(ms: number): void {
    wallMs += ms;
    passedMs += ms;
  }

  /** Everything of a process that has to do with rollouts; another one is another process. */
  function room(
    changes: {
      readonly clock?: () => number;
      readonly elapsed?: () => number;
      readonly versions?: Versions;
      /** Whether tokens have a price. */
      readonly priced?: () => boolean;
      /** What promotions lack. */
      readonly lacking?: readonly string[];
    } = {},
  ) {
    const clock = createClock(changes.clock ?? (() => wallMs));
    const ids = createIds(clock, randomBytes);
    const log: Log = {
      ...{ debug: () => {}, info: () => {}, warn: () => {} },
      error: (fields) => void logged.push(fields),
    };
    const write: Store['write'] = async (work) => {
      await beforeWrite();
      return store.write(work);
    };
    const parts = { store: { ...store, write }, clock, ids, log };
    const audit = createAudit(parts);
    const notify: Notify = { enqueue: (_, { type }) => onNotice(type), wake: () => {} };
    const aliases = createAliases({ ...parts, audit, notify });
    const evidence = {} as EvidenceRoom;
    const promotions = {
      ...createPromotionRecords({ ...parts, audit, notify, aliases, evidence }),
      // None of these has been measured, and none lacks anything unless a test says so.
      detail: async (_: unknown, row: object) => {
        const blockers = (changes.lacking ?? []).map((text) => ({ code: 'gate_failed', text }));
        return { ...row, blockers } as unknown as PromotionDetails;
      },
    };
    const carryOut = () => Promise.reject(new Error('No rollout is to come to its end here'));
    const records = createRolloutRecords({ ...parts, audit, notify, aliases });
    const transitions = createTransitions({ ...parts, aliases, promotions, records, carryOut });
    const watchers = createWatchers<RolloutDetails>();
    const versions = changes.versions ?? createVersions(store);
    const costOf = () => (changes.priced?.() === true ? 1 : null);
    const shared = {
      ...{ ...parts, audit, notify, aliases, promotions, records, transitions, watchers },
      ...{ versions, costOf },
    };
    const elapsed = changes.elapsed ?? (() => passedMs);
    let asked = 0;
    const take = createLook({ ...shared, onCounted: async () => {}, onCommitted: () => {}, onSweep: () => {} });
    const { signal } = new AbortController();
    const look = (id: string) => take(id, { overdue_after: null, signal });
    const loop = createLooks({
      ...{ ...parts, look: take },
      elapsed: () => {
        asked++;
        return elapsed();
      },
    });
    const looks = { ...loop, look };
    rooms.push(looks);
    const rollouts = createRollouts({
      ...{ ...shared, beginning: createRolloutStart({ ...shared, versions: createVersions(store) }) },
      onStart: looks.wake,
      onSweep: () => {},
    });
    // A loop asks how much time has passed twice in each round.
    return { looks, rollouts, asked: () => asked };
  }

  type Room = ReturnType<typeof room>;

  /** An agent with a rollout of half of its traffic, which is looked at every ten seconds. */
  async function begin({ rollouts }: Room, settings: SettingsInput = {}): Promise<RolloutRow> {
    const agent_id = `agent_${++agents}`;
    const [name, promotion] = ['production', `promo_of_${agent_id}`];
    const times = { created_at: at(1), updated_at: at(1) };
    const none = { rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null };
    await store.write(async (tx) => {
      await insertAgent(tx, sampleAgent(agent_id));
      await insertVersion(tx, sampleVersion(agent_id, 2));
      const policy = JSON.stringify(firstPolicy(name));
      await insertAlias(tx, { agent_id, name, version: 1, move: 0, hold: null, policy, ...none, ...times });
      await insertPromotion(tx, {
        ...{ id: promotion, agent_id, alias: name, candidate_version: 2, status: 'approved' },
        ...{
          author: JSON.stringify(dan),
          reason: null,
          basis: '{"baseline_version":1}',
          basis_hash: 'hash',
          reviews: 0,
        },
        ...{ comparison_id: null, override: null, move: null, rollout_id: null, ended_at: null, ...times },
      });
    });
    const steps = stepsAfter({ min_seconds: 86_400 });
    const { id } = await rollouts.start(promotion, readSettings({ ...guarded, steps, ...settings }), said);
    made.push(id);
    return rowOf(id);
  }

  async function rowOf(id: string): Promise<RolloutRow> {
    const row = await findRollout(store.db, id);
    if (row === null) throw new Error(`There is no rollout ${id}`);
    return row;
  }

  const looksOf = async (id: string) => (await rowOf(id)).looks;

  /** Users of both arms by turns, with one session each that has ended a turn. */
  async function serve(
    { id, agent_id, weight }: RolloutRow,
    { count, failing }: { readonly count: number; readonly failing?: Arm },
  ): Promise<SessionRow[]> {
    const there = await store.db.selectFrom('sessions').select('id').where('rollout_id', '=', id).execute();
    const rows = Array.from({ length: count }, (_, i) => {
      const number = there.length + i;
      const arm = number % 2 === 0 ? 'canary' : 'control';
      const unit = `${id}_${String(number).padStart(4, '0')}`;
      return sampleSession(unit, {
        ...{ agent_id, environment_id: 'env_1', agent_version: arm === 'canary' ? 2 : 1 },
        ...{ rollout_id: id, arm, weight, unit, unseen: 1, turns: 1, active_us: 1000 },
        failed_turns: arm === failing ? 1 : 0,
      });
    });
    await store.write(async (tx) => {
      for (const row of rows) await insertSession(tx, row);
    });
    return rows;
  }

  /** So many failures of the candidate alone that its guardrail breaks. */
  const breakGuardrail = (rollout: RolloutRow) => serve(rollout, { count: 60, failing: 'canary' });

  /** Rouses a loop until something is so. */
  const until = ({ looks }: Room, isSo: () => Promise<boolean> | boolean): Promise<void> =>
    vi.waitFor(async () => {
      looks.wake();
      expect(await isSo()).toBe(true);
    }, patience);

  /** Lets a loop go round often enough that it has done whatever it is going to do. */
  function rounds(of: Room): Promise<void> {
    const enough = of.asked() + 6;
    return until(of, () => of.asked() >= enough);
  }

  describe('A look', () => {
    test('is taken when it is due, once, and not before', async () => {
      const one = room();
      const { id } = await begin(one);
      expect(await one.looks.look(id)).toBeNull();
      pass(10 * secondMs - 1);
      expect(await one.looks.look(id)).toBeNull();
      expect(await looksOf(id)).toBe(0);
      pass(2);
      expect(await one.looks.look(id)).toMatchObject({ type: 'wait', waits_for: 'time' });
      expect(await one.looks.look(id)).toBeNull();
      expect(await looksOf(id)).toBe(1);
    });

    test('is taken by a loop as often as it is due', async () => {
      const one = room();
      const { id } = await begin(one);
      one.looks.start();
      await rounds(one);
      expect(await looksOf(id)).toBe(0);
      for (let n = 1; n <= 5; n++) {
        pass(10 * secondMs + 1);
        await until(one, async () => (await looksOf(id)) === n);
        await rounds(one);
        expect(await looksOf(id)).toBe(n);
      }
    });

    test('is taken by one of two processes that look at once, whose clocks differ a little', async () => {
      const one = room();
      const other = room({ clock: () => wallMs + 7 });
      const begun = await begin(one);
      const { id } = begun;
      for (let n = 1; n <= 15; n++) {
        await serve(begun, { count: 3 });
        pass(10 * secondMs + 8);
        const taken = await Promise.all([one, other, one, other].map(({ looks }) => looks.look(id)));
        expect(taken.filter((decision) => decision !== null)).toHaveLength(1);
        expect([await other.looks.look(id), await one.looks.look(id)]).toEqual([null, null]);
        expect(await looksOf(id)).toBe(n);
      }
      const { units, sessions } = stateOf(await rowOf(id)).evidence;
      expect([units, sessions]).toEqual([
        { control: 22, canary: 23 },
        [{ weight: 5000, control: 22, canary: 23 }],
      ]);
    });

    test('that two loops have seen to be overdue is taken once', async () => {
      const { id } = await begin(room());
      wallMs -= hourMs;
      const [one, other] = [room(), room()];
      for (const { looks } of [one, other]) looks.start();
      await rounds(one);
      await rounds(other);
      for (let n = 1; n <= 10; n++) {
        passedMs += 10 * secondMs;
        await until(n % 2 === 0 ? one : other, async () => (await looksOf(id)) === n);
        await Promise.all([rounds(one), rounds(other)]);
        expect(await looksOf(id)).toBe(n);
      }
    });

    test('counts who is there even when somebody always leaves', async () => {
      const one = room();
      const begun = await begin(one);
      const [gone] = await serve(begun, { count: 20 });
      if (gone === undefined) throw new Error('Nobody can leave');
      await store.write(async (tx) => {
        await keepDeparture(tx, gone);
        await deleteSession(tx, gone.id);
      });
      pass(11 * secondMs);
      await one.looks.look(begun.id);
      expect(stateOf(await rowOf(begun.id)).evidence.units).toEqual({ control: 10, canary: 10 });
    });
  });

  describe('A person', () => {
    const atEnd = [{ weight: 50, min_seconds: 0, min_sessions: 0 }, { weight: 100 }];

    test('who resumes after a long pause finds patience where it was', async () => {
      const one = room();
      const { id } = await begin(one, { steps: atEnd, patience_seconds: 3600 });
      pass(hourMs / 2);
      expect(await one.looks.look(id)).toMatchObject({ waits_for: 'evidence' });
      for (const days of [1, 2]) {
        await one.rollouts.pause(id, said);
        pass(days * 24 * hourMs);
        await one.rollouts.resume(id, said);
        pass(11 * secondMs);
        expect(await one.looks.look(id)).toMatchObject({ type: 'wait', waits_for: 'evidence' });
      }
      pass(hourMs / 2);
      expect(await one.looks.look(id)).toMatchObject({ type: 'pause', cause: 'inconclusive' });
    });

    test('who advances a step that was paused gives the next one its whole patience', async () => {
      const one = room();
      const steps = [{ weight: 40 }, ...atEnd];
      const { id } = await begin(one, { steps, patience_seconds: 3600 });
      await one.rollouts.pause(id, said);
      pass(24 * hourMs);
      await one.rollouts.resume(id, said);
      await one.rollouts.advance(id, said);
      pass(hourMs + secondMs);
      expect(await one.looks.look(id)).toMatchObject({ type: 'pause', cause: 'inconclusive' });
    });

    test('who tries again what costs something needs prices as at the first time', async () => {
      let priced = true;
      const one = room({ priced: () => priced });
      const { id } = await begin(one, { guardrails: [{ metric: 'cost' }] });
      await one.rollouts.abort(id, { ...said, running: 'drain' });
      priced = false;
      await expect(one.rollouts.retry(id, said)).rejects.toMatchObject({
        ...{ code: 'invalid_request', message: expect.stringContaining('no price is known') },
      });
      priced = true;
      const { id: again } = await one.rollouts.retry(id, said);
      made.push(again);
    });
  });

  test('A step that its promotion blocks is decided to be a pause', async () => {
    const steps = stepsAfter({ min_seconds: 0, min_sessions: 0 });
    const { id } = await begin(room(), { steps });
    pass(11 * secondMs);
    const blocked = { type: 'pause', cause: 'blocked', metric: null, reason: 'nobody has approved it' };
    const { looks, rollouts } = room({ lacking: ['nobody has approved it'] });
    expect(await looks.look(id)).toEqual(blocked);
    expect(await rollouts.retrieve(id)).toMatchObject({
      ...{ decision: blocked, pause: { cause: 'blocked', reason: 'nobody has approved it' }, weight: 50 },
    });
    const refused = { code: 'promotion_blocked', message: expect.stringContaining('cannot be rolled out:') };
    await expect(rollouts.advance(id, said)).rejects.toMatchObject(refused);
  });

  test('A score that nobody has given is not known, whatever it is called', async () => {
    const one = room();
    const begun = await begin(one, { guardrails: [{ metric: 'score:constructor' }] });
    await serve(begun, { count: 120 });
    pass(11 * secondMs);
    await one.looks.look(begun.id);
    const { evidence } = await one.rollouts.retrieve(begun.id);
    expect(evidence.units).toEqual({ control: 60, canary: 60 });
    expect(evidence.checks).toMatchObject([{ status: 'open', control: { units: 0 }, canary: { units: 0 } }]);
  });

  test('A rollback by a guardrail writes down that the alias is held', async () => {
    const one = room();
    const begun = await begin(one);
    await breakGuardrail(begun);
    pass(11 * secondMs);
    await one.looks.look(begun.id);
    const held = await store.db
      .selectFrom('audit_entries')
      .select(['outcome', 'before', 'after'])
      .where('subject_id', '=', `${begun.agent_id}@production`)
      .where('action', '=', 'alias.held')
      .execute();
    expect(held).toHaveLength(1);
    expect(held[0]).toMatchObject({ outcome: 'done', before: JSON.stringify({ hold: null }) });
    const { hold } = JSON.parse(held[0]?.after ?? '{}') as { hold: object };
    expect(hold).toMatchObject({ by: 'pawl', reason: expect.stringContaining('the canary is worse') });
  });

  describe('What is kept of units and sessions', () => {
    const kept = async (id: string) => {
      const tables = [
        'rollout_units',
        'rollout_sessions',
        'rollout_departures',
        'rollout_leftovers',
      ] as const;
      const counts = tables.map((table) =>
        store.db.selectFrom(table).select('rollout_id').where('rollout_id', '=', id).execute(),
      );
      return (await Promise.all(counts)).map((rows) => rows.length);
    };

    test('stays as long as its rollout, and is deleted after it; evidence and events are not', async () => {
      const one = room();
      const [over, open] = [await begin(one), await begin(one)];
      for (const begun of [over, open]) await serve(begun, { count: 20 });
      pass(11 * secondMs);
      for (const { id } of [over, open]) await one.looks.look(id);
      const [gone] = await serve(over, { count: 1 });
      if (gone === undefined) throw new Error('Nobody can leave');
      await store.write((tx) => keepDeparture(tx, gone));
      await one.rollouts.abort(over.id, { ...said, running: 'drain' });
      const before = await one.rollouts.retrieve(over.id);
      expect(await kept(over.id)).toEqual([20, 20, 1, 1]);
      one.looks.start();
      await until(one, async () => (await kept(over.id)).every((count) => count === 0));
      expect(await kept(open.id)).toEqual([20, 20, 0, 0]);
      expect(await one.rollouts.retrieve(over.id)).toEqual(before);
      const events = store.db.selectFrom('rollout_events').select('type').where('rollout_id', '=', over.id);
      const types = (await events.orderBy('seq').execute()).map(({ type }) => type);
      expect(types).toEqual(['started', 'look', 'aborted']);
    });

    test('is deleted a part at a time, and by the next process when one ends', async () => {
      // What other tests have left behind is not to be waited for here.
      await store.write((tx) => tx.deleteFrom('rollout_leftovers').execute());
      const one = room();
      const { id } = await begin(one);
      await store.write(async (tx) => {
        const numbers = Array.from({ length: 1200 }, (_, n) => `${id}_${n}`);
        await saveUnits(tx, id, new Map(numbers.map((unit) => [unit, '{}'])));
      });
      await one.rollouts.abort(id, { ...said, running: 'drain' });
      const parts: number[] = [];
      const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let writes = 0;
      beforeWrite = async () => {
        parts.push((await kept(id))[0] ?? 0);
        writes++;
        if (writes < 2) return;
        reached.resolve();
        await gate.promise;
      };
      one.looks.start();
      await reached.promise;
      const stopped = one.looks.stop();
      gate.resolve();
      await stopped;
      expect(parts).toEqual([1200, 700]);
      expect(await kept(id)).toEqual([200, 0, 0, 1]);
      const next = room();
      next.looks.start();
      await until(next, async () => (await kept(id)).every((count) => count === 0));
      await rounds(next);
      expect(parts).toEqual([1200, 700, 200]);
    });
  });

  describe('A clock that is set back', () => {
    test('while the server runs holds up neither looks nor a rollback, and nothing goes on by it', async () => {
      const one = room();
      const begun = await begin(one, { steps: stepsAfter({ min_seconds: 60, min_sessions: 0 }) });
      one.looks.start();
      pass(11 * secondMs);
      await until(one, async () => (await looksOf(begun.id)) === 1);
      wallMs -= hourMs;
      await rounds(one);
      expect(await looksOf(begun.id)).toBe(1);
      for (let n = 2; n <= 10; n++) {
        passedMs += 10 * secondMs;
        await until(one, async () => (await looksOf(begun.id)) === n);
        await rounds(one);
        expect(await rowOf(begun.id)).toMatchObject({ looks: n, step: 0, weight: 5000, status: 'running' });
      }
      await breakGuardrail(begun);
      passedMs += 10 * secondMs;
      await until(one, async () => (await rowOf(begun.id)).status === 'rolled_back');
    });

    test('over a restart holds up neither, and is refused by hand until it has caught up', async () => {
      const before = room();
      const begun = await begin(before, { steps: stepsAfter({ min_seconds: 60, min_sessions: 20 }) });
      const { id } = begun;
      pass(hourMs);
      expect(await before.looks.look(id)).toMatchObject({ waits_for: 'sessions' });
      await serve(begun, { count: 40 });

      // By this clock, the step has lasted long enough; only the last look is still to come.
      wallMs -= hourMs / 2;
      const after = room();
      after.looks.start();
      await rounds(after);
      expect(await looksOf(id)).toBe(1);
      for (let n = 2; n <= 4; n++) {
        passedMs += 10 * secondMs;
        await until(after, async () => (await looksOf(id)) === n);
        await rounds(after);
        expect(await rowOf(id)).toMatchObject({
          ...{ step: 0, weight: 5000, status: 'running' },
          decision: expect.stringContaining('the clock is behind the last look'),
        });
      }
      const blocked = { code: 'rollout_blocked', message: expect.stringContaining('clock is behind that') };
      await expect(after.rollouts.advance(id, said)).rejects.toMatchObject(blocked);
      await after.rollouts.pause(id, said);
      await expect(after.rollouts.resume(id, said)).rejects.toMatchObject(blocked);
      expect(await rowOf(id)).toMatchObject({ step: 0, weight: 5000, status: 'paused' });

      pass(hourMs / 2 + secondMs);
      await after.rollouts.resume(id, said);
      pass(11 * secondMs);
      await until(after, async () => (await rowOf(id)).step === 1);
      expect(await rowOf(id)).toMatchObject({ weight: 6000, status: 'running' });

      wallMs -= hourMs;
      const last = room();
      await after.looks.stop();
      last.looks.start();
      await rounds(last);
      await breakGuardrail(begun);
      passedMs += 10 * secondMs;
      await until(last, async () => (await rowOf(id)).status === 'rolled_back');
    });
  });

  test('A clock that jumps ahead by an hour takes one look', async () => {
    const one = room();
    const { id } = await begin(one);
    one.looks.start();
    await rounds(one);
    wallMs += hourMs;
    await until(one, async () => (await looksOf(id)) === 1);
    await rounds(one);
    expect(await looksOf(id)).toBe(1);
  });

  describe('A database that is away', () => {
    test('costs the looks of its absence and no other, and nobody has to rouse anything', async () => {
      const one = room();
      const { id } = await begin(one);
      const away = Object.assign(new Error('Nobody listens'), { code: 'ECONNREFUSED' });
      beforeWrite = () => Promise.reject(away);
      pass(11 * secondMs);
      one.looks.start();
      await vi.waitFor(() => expect(logged.length).toBeGreaterThan(0), patience);
      pass(30 * secondMs);
      beforeWrite = async () => {};
      await vi.waitFor(async () => expect(await looksOf(id)).toBe(1), patience);
      await rounds(one);
      expect(await looksOf(id)).toBe(1);
      pass(11 * secondMs);
      await until(one, async () => (await looksOf(id)) === 2);
      expect(logged[0]).toEqual({ err: away });
    });

    test('for one rollout does not hold up another', async () => {
      const known = createVersions(store);
      let broken = '';
      const one = room({
        ...{ clock: Date.now, elapsed: () => performance.now() },
        versions: {
          ...known,
          require: (agent, version) =>
            agent === broken ? Promise.reject(new Error('Unreadable')) : known.require(agent, version),
        },
      });
      const [bad, good] = [await begin(one, { look_seconds: 0.1 }), await begin(one, { look_seconds: 0.1 })];
      broken = bad.agent_id;
      one.looks.start();
      // Waiting for the bad one as long as a failure is waited for, it would have come to four of them.
      await vi.waitFor(async () => expect(await looksOf(good.id)).toBeGreaterThanOrEqual(8), patience);
      expect(await looksOf(bad.id)).toBe(0);
      expect(logged.length).toBeGreaterThan(0);
    });
  });

  test('What is stopped finishes the look that it is at, and does nothing more', async () => {
    const one = room();
    const [first, second] = [await begin(one), await begin(one)];
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let writes = 0;
    beforeWrite = () => {
      writes++;
      reached.resolve();
      return gate.promise;
    };
    pass(11 * secondMs);
    one.looks.start();
    await reached.promise;
    const order: string[] = [];
    const stopped = one.looks.stop().then(() => order.push('stopped'));
    for (let n = 0; n < 50; n++) await turn();
    order.push('let go');
    gate.resolve();
    await stopped;
    expect(order).toEqual(['let go', 'stopped']);
    const looks = [await looksOf(first.id), await looksOf(second.id)];
    expect(looks.toSorted()).toEqual([0, 1]);
    const then = { writes, asked: one.asked() };
    pass(hourMs);
    one.looks.wake();
    one.looks.start();
    for (let n = 0; n < 50; n++) await turn();
    expect({ writes, asked: one.asked() }).toEqual(then);
    expect([await looksOf(first.id), await looksOf(second.id)]).toEqual(looks);
  });

  test.runIf(kind === 'PostgreSQL')('Who deletes a session does not wait for those who count', async () => {
    const one = room();
    const begun = await begin(one);
    const [gone] = await serve(begun, { count: 1 });
    if (gone === undefined) throw new Error('Nobody can leave');
    const left = Promise.withResolvers<void>();
    const leaving = store.write(async (tx) => {
      await sql`set local lock_timeout = '2s'`.execute(tx);
      await lockSession(tx, store.dialect, gone.id);
      await left.promise;
      await keepDeparture(tx, gone);
      await deleteSession(tx, gone.id);
    });
    const counting = store.write(async (tx) => {
      await lockRollout(tx, store.dialect, begun.id);
      left.resolve();
      await leaving;
    });
    await counting;
    pass(11 * secondMs);
    await one.looks.look(begun.id);
    expect(stateOf(await rowOf(begun.id)).evidence.units).toEqual({ control: 0, canary: 1 });
  });

  test.runIf(kind === 'PostgreSQL')('Who leaves a notice has locked the end of the audit log', async () => {
    const one = room();
    const notices: string[] = [];
    const attempt = sql`select seq from audit_head for update nowait`;
    onNotice = async (type) => {
      const isFree = await store
        .write((tx) => attempt.execute(tx))
        .then(
          () => true,
          () => false,
        );
      notices.push(isFree ? `${type} too early` : type);
    };
    const begun = await begin(one);
    await breakGuardrail(begun);
    pass(11 * secondMs);
    expect(await one.looks.look(begun.id)).toMatchObject({ type: 'roll_back' });
    expect(notices).toEqual(['rollout.started', 'rollout.guardrail_broken', 'rollout.rolled_back']);
  });
});
