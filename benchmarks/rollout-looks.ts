import { localActor } from '../src/access/keys.ts';
import { armOf, placeOf } from '../src/core/assignment.ts';
import { formatTime } from '../src/core/clock.ts';
import { countedTogether, countUnseen } from '../src/release/rollout/counting.ts';
import { noEvidenceYet } from '../src/release/rollout/evidence.ts';
import { type RolloutState, readDetails } from '../src/release/rollout/rollout.ts';
import { readSettings } from '../src/release/rollout/settings.ts';
import { createRandom, type Random, randomBelow } from '../src/stats/random.ts';
import { insertEnvironment } from '../src/store/environments.ts';
import { insertPromotion } from '../src/store/promotions.ts';
import { findRollout, insertRollout, lockRollout } from '../src/store/rollouts.ts';
import { insertSession, type SessionRow } from '../src/store/sessions.ts';
import type { FakeModel } from './fake-model.ts';
import { openRooms, ownMicroseconds, type Rooms } from './in-process.ts';
import { median } from './measure.ts';
import type { Row } from './report.ts';

const sessions = 50_000;
const keys = 20_000;
const alias = 'production';
const weight = 1000;

type Load = { readonly sessions: number; readonly keys: number; readonly seed: number };

/**
 * F3: what looks cost. The sessions of a rollout are counted from SQLite a transaction at a time, and after each its
 * checks are made, as a look does. Whether that grows with what was counted before shows between the first and the last
 * tenth: in the first nearly all keys are new, in the last few are.
 */
export async function rolloutLooks(_model: FakeModel, rounds: number): Promise<Row[]> {
  const rooms = await openRooms();
  try {
    await countAll(rooms, { sessions: sessions / 10, keys: keys / 10, seed: 0 });
    const done: number[][] = [];
    for (let seed = 1; seed <= rounds; seed++) done.push(await countAll(rooms, { sessions, keys, seed }));
    const tenth = sessions / countedTogether / 10;
    const scenario = `${sessions} sessions of ${keys} keys, ${countedTogether} to a transaction`;
    return [
      {
        ...{ id: 'F3', scenario, metric: 'CPU per session counted, µs' },
        values: done.map((costs) => costs.reduce((sum, cost) => sum + cost, 0) / sessions),
        ...{ target: 100, fail_above: 200, note: 'SQLite in a file; checks after each transaction included' },
      },
      {
        ...{ id: 'F3', scenario, metric: 'last tenth ÷ first tenth' },
        values: done.map((costs) => median(costs.slice(-tenth)) / median(costs.slice(0, tenth))),
        ...{ target: 1.3, fail_above: 2, note: '' },
      },
    ];
  } finally {
    await rooms.dispose();
  }
}

/** Counts all sessions of a rollout of their own. Gives what each transaction and the checks after it took, in µs. */
async function countAll(rooms: Rooms, load: Load): Promise<number[]> {
  const id = await fill(rooms, load);
  const { store } = rooms;
  const costs: number[] = [];
  let total = 0;
  for (let counted = countedTogether; counted === countedTogether; ) {
    const before = ownMicroseconds();
    counted = await store.write(async (tx) => {
      const row = await lockRollout(tx, store.dialect, id);
      if (row === null) throw new Error('The rollout is gone');
      const { row: after, seen } = await countUnseen(tx, row, {
        dialect: store.dialect,
        costOf: () => 0.001,
      });
      await readDetails(tx, after);
      return seen.length;
    });
    total += counted;
    if (counted > 0) costs.push(ownMicroseconds() - before);
  }
  const row = await findRollout(store.db, id);
  const units = row === null ? null : (await readDetails(store.db, row)).evidence.units;
  if (total !== load.sessions || units === null || units.control + units.canary > load.keys) {
    throw new Error(`${total} sessions and ${JSON.stringify(units)} units were counted`);
  }
  return costs;
}

/** A rollout with sessions that have each ended a turn, none of them counted yet. Gives its id. */
async function fill(rooms: Rooms, load: Load): Promise<string> {
  const { store, ids } = rooms;
  const { agent_id, environment_id, rollout_id } = await addRollout(rooms);
  const random = createRandom(load.seed);
  for (let made = 0; made < load.sessions; made += 1000) {
    await store.write(async (tx) => {
      for (let n = made; n < Math.min(load.sessions, made + 1000); n++) {
        const key = `customer ${randomBelow(random, load.keys)}`;
        const place = placeOf(rollout_id, key);
        const arm = armOf(place, weight);
        const created_at = formatTime(rooms.clock.now());
        await insertSession(tx, {
          ...{ id: ids.next('session'), agent_id, agent_version: arm === 'canary' ? 2 : 1, environment_id },
          ...{ rollout_id, arm, weight, unit: place.unit, metadata: JSON.stringify({ targeting_key: key }) },
          ...{ created_at, updated_at: created_at, ...outcome(random) },
        });
      }
    });
  }
  return rollout_id;
}

/** What a session has come to after a turn: one of a hundred has failed. */
function outcome(random: Random) {
  const usage = {
    ...{ input_tokens: 500 + randomBelow(random, 500), output_tokens: 50 + randomBelow(random, 50) },
    ...{ cache_read_input_tokens: 0 },
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  };
  return {
    ...{ agent_name: 'triage', title: null, overrides: null, effective_hash: '' },
    ...{ resolution_reason: 'alias', resolution_alias: alias, status: 'idle', attempt: 1 },
    ...{ last_seq: 9, last_event_at: null, last_position: 1, queued: 0, open_span: null },
    ...{ usage: JSON.stringify(usage), active_us: 500_000 + randomBelow(random, 500_000) },
    ...{ running_since: null, stopped_at: null, archived_at: null, scores: 0, unseen: 1 },
    ...{ turns: 1, failed_turns: randomBelow(random, 100) === 0 ? 1 : 0, refused_turns: 0 },
    ...{ open_calls: null, rounds: 0, context_from: 0, vault_ids: null, budget: null, list_cost_usd: null },
    copy_of: null,
  } satisfies Partial<SessionRow>;
}

async function addRollout({ store, ids, clock, addAgent }: Rooms) {
  const agent_id = await addAgent(alias);
  const environment_id = ids.next('environment');
  const promotion_id = ids.next('promotion');
  const rollout_id = ids.next('rollout');
  const now = formatTime(clock.now());
  const actor = JSON.stringify(localActor);
  const state: RolloutState = { evidence: noEvidenceYet, accepted: [], noted: 0, paused_us: 0 };
  await store.write(async (tx) => {
    await insertEnvironment(tx, {
      ...{ id: environment_id, settings: '{}', created_at: now, updated_at: now, archived_at: null },
    });
    await insertPromotion(tx, {
      ...{ id: promotion_id, agent_id, alias, candidate_version: 2, status: 'approved', author: actor },
      ...{ reason: null, basis: '{}', basis_hash: '', comparison_id: null, override: null, move: null },
      ...{ rollout_id, reviews: 0, created_at: now, updated_at: now, ended_at: null },
    });
    await insertRollout(tx, {
      ...{ id: rollout_id, agent_id, alias, promotion_id, baseline_version: 1, candidate_version: 2 },
      ...{ salt: rollout_id, retry_of: null, settings: JSON.stringify(readSettings({})), status: 'running' },
      ...{ step: 1, weight, step_since: now, pause: null, state: JSON.stringify(state), decision: null },
      ...{ looks: 0, last_look_at: null, next_look_at: now, last_traffic_at: now, events: 0, actor },
      ...{ reason: null, created_at: now, updated_at: now, ended_at: null, ended_by: null, end_reason: null },
    });
  });
  return { agent_id, environment_id, rollout_id };
}
