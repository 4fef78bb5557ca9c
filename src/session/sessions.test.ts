import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { notingQueue } from '../../test/noting-queue.ts';
import { ownHub } from '../../test/own-hub.ts';
import { tellsNobody } from '../../test/tells-nobody.ts';
import type { Agents } from '../agent/agents.ts';
import type { Environments } from '../agent/environments.ts';
import type { Version, Versions } from '../agent/versions.ts';
import type { AgentConfig } from '../core/agent-config.ts';
import type { Budget } from '../core/budget.ts';
import { createClock } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { findSession, type SessionRow } from '../store/sessions.ts';
import { sampleVersion, seedSession } from '../store/store.testsuite.ts';
import { createJournal } from './journal.ts';
import type { SessionCreation } from './opening.ts';
import { createSessions } from './sessions.ts';

/*
 * The goal: a session that may have been committed as running is looked at, because nobody works on it otherwise. The
 * method: a store that commits and then loses the answer.
 */

let store: Store;
beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
});
afterEach(() => store.close());

const limit = (amount: string): Budget => ({ type: 'limit', max_list_cost: { amount, currency: 'USD' } });

/** Sessions of one agent, beside one that is there, on a store that loses every answer. */
async function setUp(fields: Partial<SessionRow> = {}) {
  const seeded = await seedSession(store, 'sesn_1', fields);
  const config = JSON.parse(sampleVersion(seeded.agent_id, 1).config) as AgentConfig;
  const version = { agent_id: seeded.agent_id, version: 1, effective_hash: 'hash', config } as Version;
  const calls: unknown[] = [];
  const losing: Store = {
    ...store,
    async write(work) {
      await store.write(work);
      throw new Error('Connection terminated unexpectedly');
    },
  };
  const clock = createClock(Date.now);
  const hub = ownHub();
  const queue = notingQueue(({ subject, attempt }) => calls.push(['start', subject, attempt]));
  const resolved = {
    agent: { row: { id: seeded.agent_id, archived_at: null }, version },
    ...{ reason: 'latest', alias: null, rollout: null },
  };
  const sessions = createSessions({
    ...{ store: losing, clock, hub, ids: createIds(clock, randomBytes) },
    journal: createJournal({ store: losing, clock, hub, notify: tellsNobody, queue }),
    agents: { resolve: async () => resolved } as unknown as Agents,
    environments: { retrieve: async (id: string) => ({ id, archived_at: null }) } as unknown as Environments,
    versions: { require: async () => version } as unknown as Versions,
    ...{
      serves: () => true,
      hasPrice: () => true,
      requireVaults: async () => {},
      requireFiles: async () => {},
    },
    onUncertain: (...call) => calls.push(['uncertain', ...call]),
    requireRoomForTurn: () => {},
  });
  const creation: SessionCreation = {
    ...{
      agent: { id: seeded.agent_id, alias: null },
      overrides: null,
      environment_id: seeded.environment_id,
    },
    ...{ title: null, metadata: {}, vault_ids: [], budget: null },
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'Hello.' }] }],
  };
  return { sessions, creation, calls, seeded };
}

test('A session of which it is not known whether it was made with its first messages is looked at', async () => {
  const { sessions, creation, calls } = await setUp();
  await expect(sessions.create(creation)).rejects.toThrow('terminated');
  expect(calls).toEqual([['uncertain', expect.stringMatching(/^sesn_/)]]);
  const [[, id]] = calls as [[string, string]];
  expect(await findSession(store.db, id)).toMatchObject({ status: 'running' });
});

test('A session of which it is not known whether its new budget lets it go on is looked at', async () => {
  const used = { budget: JSON.stringify(limit('50')), list_cost_usd: 0.5, rounds: 1 };
  const { sessions, calls, seeded } = await setUp(used);
  await expect(sessions.update(seeded.id, { budget: limit('51') })).rejects.toThrow('terminated');
  expect(calls).toEqual([['uncertain', seeded.id]]);
  expect(await findSession(store.db, seeded.id)).toMatchObject({ status: 'running' });
});

test('A session whose change is refused is left alone', async () => {
  const { sessions, calls, seeded } = await setUp();
  await expect(sessions.update(seeded.id, { budget: limit('51') })).rejects.toMatchObject({
    code: 'budget_create_only',
  });
  expect(calls).toEqual([]);
});
