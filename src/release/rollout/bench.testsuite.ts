import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { noTelemetry } from '../../../test/no-telemetry.ts';
import { ownDuty } from '../../../test/own-duty.ts';
import { type FreshDatabase, freshDatabase } from '../../../test/postgres.ts';
import { createAudit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { createVersions, type Versions } from '../../agent/versions.ts';
import { silentBus } from '../../core/bus.ts';
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
import { findRollout, type RolloutRow, updateRollout } from '../../store/rollouts.ts';
import { insertSession, type SessionRow } from '../../store/sessions.ts';
import {
  at,
  sampleAgent,
  sampleEnvironment,
  sampleSession,
  sampleVersion,
} from '../../store/store.testsuite.ts';
import type { Notify } from '../../webhook/notify.ts';
import { createAliases } from '../aliases.ts';
import type { EvidenceRoom } from '../evidence.ts';
import type { PromotionDetails } from '../promotion.ts';
import { createPromotionRecords } from '../promotion-records.ts';
import { createLook } from './look.ts';
import { createLooks } from './looks.ts';
import { createRolloutRecords } from './records.ts';
import type { RolloutDetails } from './rollout.ts';
import { createRolloutStart } from './rollout-start.ts';
import { createRollouts } from './rollouts.ts';
import { readSettings, type SettingsInput } from './settings.ts';
import { createTransitions } from './transitions.ts';

/* Rollouts with two clocks that a test moves, the wall's and that of the time that has passed; all else is as it is. */

export const secondMs = 1000;
export const hourMs = 3600 * secondMs;
const dan: Actor = { key_id: 'apikey_dan', name: 'Dan', role: 'releaser' };
export const said: { readonly by: Actor; readonly reason: null } = { by: dan, reason: null };
const guarded: SettingsInput = { guardrails: [{ metric: 'failures', margin: 0.5 }], signals: [] };
export const stepsAfter = (first: object): { readonly weight: number }[] => [
  { weight: 50, ...first },
  { weight: 60 },
  { weight: 100 },
];
export const patience = { timeout: 10_000, interval: 2 };

/** What the tests of one database have in common. */
type Bench = {
  store: Store;
  /** What the wall clock says, and how much time has passed, in milliseconds. */
  wallMs: number;
  passedMs: number;
  logged: unknown[];
  /** The rollouts that were made. */
  made: string[];
  agents: number;
  /** What comes between a room and each of its transactions. */
  beforeWrite: () => Promise<void>;
  onNotice: (type: string) => Promise<void>;
  readonly rooms: { stop(): Promise<void> }[];
};

/** A database of a kind, and what a test of rollouts does there. It is opened before all tests of a `describe`. */
export function openBench(kind: string) {
  let database: FreshDatabase | null = null;
  const atRest = async (): Promise<void> => {};
  const fresh = () => ({
    ...{
      wallMs: 1_800_000_000_000,
      passedMs: 0,
      logged: [],
      made: [],
      beforeWrite: atRest,
      onNotice: atRest,
    },
  });
  const bench: Bench = { ...fresh(), store: null as unknown as Store, agents: 0, rooms: [] };

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await freshDatabase() : null;
    const where =
      database === null ? { kind: 'memory' as const } : { kind: 'postgres' as const, url: database.url };
    bench.store = await openStore(where);
    await bench.store.write((tx) => insertEnvironment(tx, sampleEnvironment('env_1')));
  });
  beforeEach(() => void Object.assign(bench, fresh()));
  afterEach(async () => {
    for (const one of bench.rooms.splice(0)) await one.stop();
    const over = { status: 'aborted', ended_at: at(1), next_look_at: null } as const;
    for (const id of bench.made) await bench.store.write((tx) => updateRollout(tx, id, over));
  });
  afterAll(async () => {
    await bench.store.close();
    await database?.drop();
  });

  const serve = (rollout: RolloutRow, users: Users): Promise<SessionRow[]> =>
    serveUsers(bench, rollout, users);
  return {
    ...{ bench, serve },
    pass(ms: number): void {
      bench.wallMs += ms;
      bench.passedMs += ms;
    },
    room: (changes: Changes = {}): Room => openRoom(bench, changes),
    begin: (room: Room, settings: SettingsInput = {}): Promise<RolloutRow> =>
      beginRollout(bench, room, settings),
    rowOf: (id: string): Promise<RolloutRow> => rowOf(bench, id),
    looksOf: async (id: string): Promise<number> => (await rowOf(bench, id)).looks,
    /** So many failures of the candidate alone that its guardrail breaks. */
    breakGuardrail: (rollout: RolloutRow): Promise<SessionRow[]> =>
      serve(rollout, { count: 60, failing: 'canary' }),
  };
}

/** Rouses a loop until something is so. */
export const until = ({ looks }: Room, isSo: () => Promise<boolean> | boolean): Promise<void> =>
  vi.waitFor(async () => {
    looks.wake();
    expect(await isSo()).toBe(true);
  }, patience);

/** Lets a loop go round often enough that it has done whatever it is going to do. */
export function rounds(of: Room): Promise<void> {
  const enough = of.asked() + 6;
  return until(of, () => of.asked() >= enough);
}

type Changes = {
  readonly clock?: () => number;
  readonly elapsed?: () => number;
  readonly versions?: Versions;
  /** Whether tokens have a price. */
  readonly priced?: () => boolean;
  /** What promotions lack. */
  readonly lacking?: readonly string[];
};

/** Everything of a process that has to do with rollouts; another one is another process. */
function openRoom(bench: Bench, changes: Changes) {
  const clock = createClock(changes.clock ?? (() => bench.wallMs));
  const ids = createIds(clock, randomBytes);
  const log: Log = {
    ...{ debug: () => {}, info: () => {}, warn: () => {} },
    error: (fields) => void bench.logged.push(fields),
  };
  const write: Store['write'] = async (work) => {
    await bench.beforeWrite();
    return bench.store.write(work);
  };
  const parts = { store: { ...bench.store, write }, clock, ids, log };
  const audit = createAudit(parts);
  const notify: Notify = { enqueue: (_, { type }) => bench.onNotice(type), wake: () => {} };
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
  const watchers = createWatchers<RolloutDetails>({
    ...{ bus: silentBus, kind: 'rollout', onFailure: () => {} },
    read: () => Promise.reject(new Error('Nobody watches a rollout here')),
  });
  const versions = changes.versions ?? createVersions(bench.store);
  const costOf = () => (changes.priced?.() === true ? 1 : null);
  const shared = {
    ...{ ...parts, audit, notify, aliases, promotions, records, transitions, watchers },
    ...{ versions, costOf, telemetry: noTelemetry },
  };
  const elapsed = changes.elapsed ?? (() => bench.passedMs);
  let asked = 0;
  const take = createLook({ ...shared, onCounted: async () => {}, onCommitted: () => {}, onSweep: () => {} });
  const { signal } = new AbortController();
  const look = (id: string) => take(id, { overdue_after: null, signal });
  const loop = createLooks({
    ...{ ...parts, look: take, duty: ownDuty() },
    elapsed: () => {
      asked++;
      return elapsed();
    },
  });
  const looks = { ...loop, look };
  bench.rooms.push(looks);
  const rollouts = createRollouts({
    ...{ ...shared, beginning: createRolloutStart({ ...shared, versions: createVersions(bench.store) }) },
    onStart: looks.wake,
    onSweep: () => {},
  });
  // A loop asks how much time has passed twice in each round.
  return { looks, rollouts, asked: () => asked };
}

type Room = ReturnType<typeof openRoom>;

/** An agent with a rollout of half of its traffic, which is looked at every ten seconds. */
async function beginRollout(bench: Bench, { rollouts }: Room, settings: SettingsInput): Promise<RolloutRow> {
  const agent_id = `agent_${++bench.agents}`;
  const [name, promotion] = ['production', `promo_of_${agent_id}`];
  const times = { created_at: at(1), updated_at: at(1) };
  const none = { rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null };
  await bench.store.write(async (tx) => {
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
  bench.made.push(id);
  return rowOf(bench, id);
}

async function rowOf(bench: Bench, id: string): Promise<RolloutRow> {
  const row = await findRollout(bench.store.db, id);
  if (row === null) throw new Error(`There is no rollout ${id}`);
  return row;
}

type Users = { readonly count: number; readonly failing?: Arm };

/** Users of both arms by turns, with one session each that has ended a turn. */
async function serveUsers(
  bench: Bench,
  { id, agent_id, weight }: RolloutRow,
  { count, failing }: Users,
): Promise<SessionRow[]> {
  const there = await bench.store.db
    .selectFrom('sessions')
    .select('id')
    .where('rollout_id', '=', id)
    .execute();
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
  await bench.store.write(async (tx) => {
    for (const row of rows) await insertSession(tx, row);
  });
  return rows;
}
