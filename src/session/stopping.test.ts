import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownHub } from '../../test/own-hub.ts';
import { tellsNobody } from '../../test/tells-nobody.ts';
import { createAudit } from '../access/audit.ts';
import { createAgents } from '../agent/agents.ts';
import { createEnvironments } from '../agent/environments.ts';
import { createVersions } from '../agent/versions.ts';
import { createClock } from '../core/clock.ts';
import { defaultEnvironmentConfig } from '../core/environment.ts';
import { createIds } from '../core/ids.ts';
import { firstPolicy } from '../core/release.ts';
import { createMemoryQueue } from '../queue/memory-queue.ts';
import { insertAgent, insertVersion } from '../store/agents.ts';
import { insertAlias, updateAlias } from '../store/aliases.ts';
import type { Store } from '../store/dialect.ts';
import { insertEnvironment } from '../store/environments.ts';
import { listEvents, listInbox } from '../store/events.ts';
import { openStore } from '../store/open.ts';
import {
  deleteSession,
  findSession,
  insertSession,
  type SessionRow,
  updateSession,
} from '../store/sessions.ts';
import {
  at,
  sampleAgent,
  sampleEnvironment,
  sampleSession,
  sampleVersion,
} from '../store/store.testsuite.ts';
import { createJournal } from './journal.ts';
import { createSessions } from './sessions.ts';
import { createStopping } from './stopping.ts';

const clock = createClock(() => 1_800_000_000_000);
const ids = createIds(clock, randomBytes);
const bad = { agent_id: 'agent_1', version: 2, alias: 'production' };
const signal = new AbortController().signal;
const gently = { interrupts: false, signal };
const atOnce = { interrupts: true, signal };

let store: Store;
/** What comes between the sweep and each of its writes. */
let beforeWrite: () => Promise<void>;
let interrupted: string[];

beforeEach(async () => {
  store = await openStore({ kind: 'memory' });
  beforeWrite = async () => {};
  interrupted = [];
  await store.write(async (tx) => {
    for (const id of ['agent_1', 'agent_2']) {
      await insertAgent(tx, sampleAgent(id));
      await insertVersion(tx, sampleVersion(id, 2));
    }
    const settings = { name: 'env', description: null, config: defaultEnvironmentConfig, metadata: {} };
    await insertEnvironment(tx, sampleEnvironment('env_1', { settings: JSON.stringify(settings) }));
  });
});
afterEach(() => store.close());

/** A session on the bad version, as far as nothing else is said. */
async function seed(id: string, fields: Partial<SessionRow> = {}): Promise<void> {
  const served = { resolution_reason: 'alias', resolution_alias: 'production', agent_version: 2 } as const;
  const row = sampleSession(id, { agent_id: 'agent_1', environment_id: 'env_1', ...served, ...fields });
  await store.write(async (tx) => void (await insertSession(tx, row)));
}

function room(created: () => Promise<void> = async () => {}) {
  const write: Store['write'] = async (work) => {
    await beforeWrite();
    return store.write(work);
  };
  const journal = createJournal({
    store: { ...store, write },
    clock,
    hub: ownHub(),
    ...{ notify: tellsNobody, queue: createMemoryQueue() },
  });
  const onInterrupt = (id: string): void => void interrupted.push(id);
  return createStopping({ store, clock, ids, journal, created, onInterrupt });
}

const stoppedAt = async (id: string) => (await findSession(store.db, id))?.stopped_at ?? null;
const inboxOf = async (id: string) => (await listInbox(store.db, id)).map(({ type }) => type);
const historyOf = (id: string) =>
  listEvents(store.db, id, { filter: {}, order: 'asc', after: null, limit: 9 });

describe('Stopping a version', () => {
  test('marks the open sessions that the alias gave it to, and no others', async () => {
    const archived = { status: 'terminated', archived_at: at(2) } as const;
    await seed('bad');
    await seed('pinned', { resolution_reason: 'pinned', resolution_alias: null });
    await seed('latest', { resolution_reason: 'latest', resolution_alias: null });
    await seed('of another alias', { resolution_alias: 'staging' });
    await seed('of another version', { agent_version: 1 });
    await seed('of another agent', { agent_id: 'agent_2' });
    await seed('archived', archived);
    await seed('stopped before', { stopped_at: at(3) });
    expect(await room().stopVersion(bad, atOnce)).toBe(1);
    const rows = await store.db.selectFrom('sessions').select(['id', 'stopped_at']).orderBy('id').execute();
    const stopped = rows.filter(({ stopped_at }) => stopped_at !== null);
    expect(stopped).toEqual([
      { id: 'bad', stopped_at: expect.stringMatching(/^2027-01-15T/) },
      { id: 'stopped before', stopped_at: at(3) },
    ]);
  });

  test('leaves turns under way to their end, and says nothing in any history', async () => {
    await seed('idle');
    await seed('running', { status: 'running' });
    await seed('rescheduling', { status: 'rescheduling' });
    expect(await room().stopVersion(bad, gently)).toBe(3);
    for (const id of ['idle', 'running', 'rescheduling']) {
      expect(await stoppedAt(id)).not.toBeNull();
      expect([await inboxOf(id), await historyOf(id)]).toEqual([[], []]);
    }
    expect(interrupted).toEqual([]);
  });

  test('interrupts those that are busy, when it is to, and only those', async () => {
    await seed('idle');
    await seed('running', { status: 'running' });
    await seed('rescheduling', { status: 'rescheduling' });
    expect(await room().stopVersion(bad, atOnce)).toBe(3);
    expect(await Promise.all(['idle', 'running', 'rescheduling'].map(inboxOf))).toEqual([
      ...[[], ['user.interrupt'], ['user.interrupt']],
    ]);
    expect(interrupted.toSorted()).toEqual(['rescheduling', 'running']);
    expect(await historyOf('idle')).toEqual([]);
  });

  test('does nothing when it is repeated', async () => {
    await seed('running', { status: 'running' });
    expect(await room().stopVersion(bad, atOnce)).toBe(1);
    const before = await findSession(store.db, 'running');
    expect(await room().stopVersion(bad, atOnce)).toBe(0);
    expect(await findSession(store.db, 'running')).toEqual(before);
    expect(await inboxOf('running')).toEqual(['user.interrupt']);
    expect(interrupted).toEqual(['running']);
  });

  test('finds all of many', async () => {
    const count = 61;
    for (let n = 0; n < count; n++) await seed(`sesn_${n}`, n % 2 === 0 ? {} : { status: 'running' });
    expect(await room().stopVersion(bad, atOnce)).toBe(count);
    expect(interrupted).toHaveLength((count - 1) / 2);
  });

  test('ends when it is told to, and what is left can be stopped later', async () => {
    for (let n = 0; n < 30; n++) await seed(`sesn_${n}`);
    const ending = new AbortController();
    beforeWrite = async () => ending.abort();
    expect(await room().stopVersion(bad, { interrupts: false, signal: ending.signal })).toBeNull();
    beforeWrite = async () => {};
    const later = await room().stopVersion(bad, gently);
    expect(later).toBeGreaterThan(0);
    expect(later).toBeLessThan(30);
  });
});

describe('What happens between the look and the mark', () => {
  /** Does something in the moment before the first mark. */
  function meanwhile(work: () => Promise<void>): void {
    beforeWrite = async () => {
      beforeWrite = async () => {};
      await work();
    };
  }

  test('a turn that waits for answers to its calls is ended, unless turns under way may end by themselves', async () => {
    const waiting = { open_calls: JSON.stringify([{ id: 'sevt_1', kind: 'custom' }]) };
    await seed('waiting', waiting);
    await room().stopVersion(bad, atOnce);
    expect((await historyOf('waiting')).map(({ type }) => type)).toEqual([
      ...['user.custom_tool_result', 'session.thread_status_idle', 'session.usage', 'session.status_idle'],
    ]);
    expect(await findSession(store.db, 'waiting')).toMatchObject({ open_calls: null, status: 'idle' });
    expect(await stoppedAt('waiting')).not.toBeNull();
  });

  test('a turn that ends is not interrupted', async () => {
    await seed('sesn_1', { status: 'running' });
    meanwhile(async () => {
      await store.write((tx) => updateSession(tx, 'sesn_1', { status: 'idle' }));
    });
    await room().stopVersion(bad, atOnce);
    expect([await inboxOf('sesn_1'), interrupted]).toEqual([[], []]);
    expect(await stoppedAt('sesn_1')).not.toBeNull();
  });

  test('a session that is archived or deleted is left as it is', async () => {
    await seed('archived');
    await seed('deleted');
    await seed('other');
    const archived = { status: 'terminated', archived_at: at(2) } as const;
    meanwhile(() =>
      store.write(async (tx) => {
        await updateSession(tx, 'archived', archived);
        await deleteSession(tx, 'deleted');
      }),
    );
    await room().stopVersion(bad, atOnce);
    expect([await stoppedAt('archived'), await findSession(store.db, 'deleted')]).toEqual([null, null]);
    expect(await stoppedAt('other')).not.toBeNull();
  });

  test('a session that is made is stopped as well', async () => {
    await seed('sesn_1');
    meanwhile(() => seed('sesn_2', { status: 'running' }));
    await room().stopVersion(bad, atOnce);
    expect(await stoppedAt('sesn_2')).not.toBeNull();
    expect(interrupted).toEqual(['sesn_2']);
  });

  test('a database that fails is not taken for a session that is gone', async () => {
    await seed('sesn_1');
    meanwhile(() => Promise.reject(new Error('disk full')));
    await expect(room().stopVersion(bad, atOnce)).rejects.toThrow('disk full');
    expect(await room().stopVersion(bad, atOnce)).toBe(1);
  });
});

test('A session that read the alias before it moved, and is written down after the sweep has begun, is stopped', async () => {
  const { promise: written, resolve: letWrite } = Promise.withResolvers<void>();
  const { promise: planned, resolve: onPlanned } = Promise.withResolvers<void>();
  const write: Store['write'] = async (work) => {
    onPlanned();
    await written;
    return store.write(work);
  };
  const parts = {
    store,
    clock,
    ids,
    audit: createAudit({ store, clock, ids }),
    serves: () => true,
    ...{ notify: tellsNobody, queue: createMemoryQueue() },
  };
  const versions = createVersions(store);
  const hub = ownHub();
  const sessions = createSessions({
    ...{ ...parts, versions, hub, store: { ...store, write } },
    journal: createJournal({ ...parts, store: { ...store, write }, hub }),
    ...{ agents: createAgents({ ...parts, versions }), environments: createEnvironments(parts) },
    ...{ hasPrice: () => false, requireVaults: async () => {}, requireFiles: async () => {} },
    ...{ onUncertain: () => {}, requireRoomForTurn: () => {} },
  });
  const key = { agent_id: 'agent_1', name: 'production' };
  const alias = {
    ...key,
    version: 2,
    move: 0,
    hold: null,
    policy: JSON.stringify(firstPolicy('production')),
    ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null },
  };
  await store.write((tx) => insertAlias(tx, { ...alias, created_at: at(1), updated_at: at(1) }));

  const agent = { id: 'agent_1', alias: 'production' };
  const creation = sessions.create({
    ...{ agent, environment_id: 'env_1', overrides: null, title: null, metadata: {} },
    ...{ vault_ids: [], budget: null, initial_events: [] },
  });
  await planned;
  await store.write((tx) => updateAlias(tx, key, { version: 1 }));
  const sweep = room(sessions.created).stopVersion(bad, atOnce);
  letWrite();
  const { row } = await creation;
  expect(row.agent_version).toBe(2);
  expect(await sweep).toBe(1);
  expect(await stoppedAt(row.id)).not.toBeNull();
});
