import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migratedDatabase } from '../../test/postgres.ts';
import { decodeCursor, type ListShape, type Order, type PageRequest, pageOf } from '../core/page.ts';
import {
  insertAgent,
  insertVersion,
  listAgents,
  listVersions,
  setAgentArchived,
  type VersionRow,
} from './agents.ts';
import type { Store } from './dialect.ts';
import { insertEnvironment, listEnvironments } from './environments.ts';
import { listBusy } from './jobs.ts';
import { insertKey, listKeys } from './keys.ts';
import { type DatabaseChoice, openStore } from './open.ts';
import {
  deleteSession,
  insertSession,
  listSessions,
  type SessionFilter,
  type SessionRow,
  updateSession,
} from './sessions.ts';
import {
  at,
  describeStore,
  type OpenStore,
  sampleAgent,
  sampleEnvironment,
  sampleKey,
  sampleSession,
  sampleVersion,
  seedSession,
} from './store.testsuite.ts';

/** Opens a database of which something is left when it is closed. */
async function openLasting(choice: DatabaseChoice, remove: () => Promise<void> | void): Promise<OpenStore> {
  const store = await openStore(choice);
  let current = store;
  return {
    store,
    async reopen() {
      await current.close();
      current = await openStore(choice);
      return current;
    },
    async destroy() {
      await current.close();
      await remove();
    },
  };
}

const stores = [
  {
    name: 'SQLite in memory',
    async open(): Promise<OpenStore> {
      const store = await openStore({ kind: 'memory' });
      return { store, destroy: () => store.close() };
    },
  },
  {
    name: 'SQLite on a file',
    async open(): Promise<OpenStore> {
      const folder = mkdtempSync(join(tmpdir(), 'pawl-store-'));
      return openLasting({ kind: 'sqlite', folder }, () => rmSync(folder, { recursive: true }));
    },
  },
  {
    name: 'PostgreSQL',
    async open(): Promise<OpenStore> {
      const { url, drop } = await migratedDatabase();
      return openLasting({ kind: 'postgres', url }, drop);
    },
  },
];

for (const { name, open } of stores) describeStore(name, open);

describe.each(stores)('lists in $name', ({ open }) => {
  let opened: OpenStore;
  let store: Store;
  let count = 0;
  const fresh = (kind: string): string => `${kind}_${String(++count).padStart(5, '0')}`;

  beforeAll(async () => {
    opened = await open();
    store = opened.store;
  });
  afterAll(() => opened.destroy());

  const seedMany = async (times: readonly number[], fields: Partial<SessionRow> = {}) => {
    const { agent_id, environment_id, ...base } = await seedSession(store, fresh('sesn'));
    await store.write((tx) => deleteSession(tx, base.id));
    const rows = times.map((us, i) => {
      // Ids that sort neither as they are made nor alike in every alphabet.
      const id = `${'bBaA'.charAt(i % 4)}${i}${fresh('sesn')}`;
      return sampleSession(id, { agent_id, environment_id, created_at: at(us), ...fields });
    });
    if (rows.length > 0) await store.write((tx) => tx.insertInto('sessions').values(rows).execute());
    const filter: SessionFilter = { ...everything, agent_id };
    return {
      agent_id,
      environment_id,
      rows,
      list: byTime((page) => listSessions(store.db, filter, page)),
    };
  };
  const sorted = (rows: readonly SessionRow[], order: Order): string[] => {
    const ids = idsOf(rows.toSorted((a, b) => (isBefore(a, b) ? -1 : 1)));
    return order === 'asc' ? ids : ids.toReversed();
  };
  const times = fc.array(fc.nat(3), { maxLength: 9 });
  const order = fc.constantFrom<Order>('asc', 'desc');

  test('give each row once and in order, there and back, whatever the page size', async () => {
    const property = fc.asyncProperty(
      times,
      fc.integer({ min: 1, max: 10 }),
      order,
      async (us, limit, way) => {
        const { rows, list } = await seedMany(us);
        const { there, back } = await walk(list, { order: way, limit });
        expect(idsOf(there)).toEqual(sorted(rows, way));
        expect(idsOf(back)).toEqual(sorted(rows, way));
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  test('neither repeat nor skip a row when others are added between pages', async () => {
    const property = fc.asyncProperty(times, fc.array(fc.nat(3)), order, async (us, added, way) => {
      const { rows, list, agent_id, environment_id } = await seedMany(us);
      const between = async () => {
        const created_at = at(added.pop() ?? 1);
        const row = sampleSession(fresh('cC'), { agent_id, environment_id, created_at });
        if (count % 3 !== 0) await store.write((tx) => insertSession(tx, row));
      };
      const { there } = await walk(list, { order: way, limit: 2, between });
      const seen = idsOf(there);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(sorted(there, way));
      expect(seen.filter((id) => rows.some((row) => row.id === id))).toEqual(sorted(rows, way));
    });
    await fc.assert(property, { numRuns: 15 });
  });

  test('bounds on the time include or exclude their own moment', async () => {
    const { rows, agent_id } = await seedMany([10, 20, 30]);
    const ids = idsOf(rows);
    const found = async (created_at: SessionFilter['created_at']) =>
      idsOf(await listSessions(store.db, { include_archived: true, created_at, agent_id }, first(9)));
    expect(await found({ gt: at(10) })).toEqual(ids.slice(1));
    expect(await found({ gte: at(10) })).toEqual(ids);
    expect(await found({ lt: at(30) })).toEqual(ids.slice(0, 2));
    expect(await found({ lte: at(30) })).toEqual(ids);
    expect(await found({ gt: at(10), lt: at(30) })).toEqual(ids.slice(1, 2));
    expect(await found({ gte: at(31) })).toEqual([]);
  });

  test('sessions are found by agent, version, status and whether they are archived', async () => {
    const { rows, agent_id } = await seedMany([1, 2, 3, 4]);
    const [idle, running, rescheduling, archived] = idsOf(rows) as [string, string, string, string];
    await store.write(async (tx) => {
      await insertVersion(tx, sampleVersion(agent_id, 2));
      await updateSession(tx, running, { status: 'running', agent_version: 2 });
      await updateSession(tx, rescheduling, { status: 'rescheduling' });
      await updateSession(tx, archived, { status: 'terminated', archived_at: at(9) });
    });
    const found = async (filter: Partial<SessionFilter>) =>
      idsOf(await listSessions(store.db, { ...everything, agent_id, ...filter }, first(9)));
    expect(await found({})).toEqual([idle, running, rescheduling, archived]);
    expect(await found({ include_archived: false })).toEqual([idle, running, rescheduling]);
    expect(await found({ agent_version: 2 })).toEqual([running]);
    expect(await found({ statuses: ['rescheduling', 'running'] })).toEqual([running, rescheduling]);
    expect(await found({ statuses: ['running'] })).toEqual([running]);
    expect(await found({ statuses: ['idle', 'terminated'] })).toEqual([idle, archived]);
    expect(await found({ statuses: ['terminated'], include_archived: false })).toEqual([]);
    const busy = (await listBusy(store.db, 'sessions')).filter((id) => idsOf(rows).includes(id));
    expect(busy).toEqual([running, rescheduling]);
  });

  test('agents come with their latest version, without the archived ones unless asked', async () => {
    const moment = fresh('2100');
    const [old, gone] = [fresh('agent'), fresh('agent')];
    await store.write(async (tx) => {
      for (const id of [old, gone]) await insertAgent(tx, sampleAgent(id, { created_at: moment }));
      await insertVersion(tx, sampleVersion(old, 2));
      await setAgentArchived(tx, gone, at(7));
    });
    const created_at = { gte: moment, lte: moment };
    const live = await listAgents(store.db, { include_archived: false, created_at }, first(9));
    expect(live.map(({ agent, version }) => [agent.id, version.version])).toEqual([[old, 2]]);
    expect(live[0]?.agent).toMatchObject({ latest_version: 2, updated_at: at(2) });
    const all = byTime(async (page) =>
      (await listAgents(store.db, { include_archived: true, created_at }, page)).map(({ agent }) => agent),
    );
    expect(idsOf((await walk(all, { order: 'desc', limit: 1 })).there)).toEqual([gone, old]);
  });

  test('versions come by number, from either end', async () => {
    const id = fresh('agent');
    await store.write(async (tx) => {
      await insertAgent(tx, sampleAgent(id));
      for (let version = 2; version <= 12; version++) await insertVersion(tx, sampleVersion(id, version));
    });
    const read = (page: PageRequest) => listVersions(store.db, id, page);
    const list = {
      read,
      keyOf: (row: VersionRow) => [row.version],
      shape: { name: 'versions', key: ['number'], backwards: true } as const,
    };
    const numbers = Array.from({ length: 12 }, (_, i) => i + 1);
    for (const limit of [1, 5, 12, 13]) {
      const up = await walk(list, { order: 'asc', limit });
      const down = await walk(list, { order: 'desc', limit });
      expect([up.there, up.back].map((rows) => rows.map((row) => row.version))).toEqual([numbers, numbers]);
      expect(down.there.map((row) => row.version)).toEqual(numbers.toReversed());
    }
  });

  test('environments and keys come by time', async () => {
    const ids = [fresh('x'), fresh('x'), fresh('x')];
    const archived_at = at(9);
    await store.write(async (tx) => {
      for (const [i, id] of ids.entries()) {
        await insertEnvironment(tx, sampleEnvironment(id, i === 1 ? { archived_at } : {}));
        await insertKey(tx, sampleKey(id));
      }
    });
    const own = (rows: readonly { id: string }[]) => idsOf(rows).filter((id) => ids.includes(id));
    for (const include_archived of [true, false]) {
      const list = byTime((page) => listEnvironments(store.db, { include_archived }, page));
      const expected = include_archived ? ids : [ids[0], ids[2]];
      expect(own((await walk(list, { order: 'asc', limit: 2 })).there)).toEqual(expected);
    }
    const keys = byTime((page) => listKeys(store.db, page));
    expect(own((await walk(keys, { order: 'desc', limit: 2 })).there)).toEqual(ids.toReversed());
  });
});

type List<R> = {
  readonly read: (request: PageRequest) => Promise<readonly R[]>;
  readonly keyOf: (row: R) => readonly (string | number)[];
  readonly shape: ListShape;
};

const byTimeShape: ListShape = { name: 'rows', key: ['string', 'string'], backwards: true };

/** A list that is sorted by time and id. */
function byTime<R extends { created_at: string; id: string }>(read: List<R>['read']): List<R> {
  return { read, keyOf: (row) => [row.created_at, row.id], shape: byTimeShape };
}

type Way = { readonly order: Order; readonly limit: number; readonly between?: () => Promise<void> };

/** Pages through a list to its end and from there back to its beginning; `between` runs after each page. */
async function walk<R>(list: List<R>, { order, limit, between }: Way): Promise<{ there: R[]; back: R[] }> {
  const page = async (text: string | null) => {
    const cursor = text === null ? null : decodeCursor(text, list.shape, order);
    const request: PageRequest = { list: list.shape, order, limit, cursor };
    const read = pageOf(await list.read(request), request, list.keyOf);
    expect(read.data.length).toBeLessThanOrEqual(limit);
    await between?.();
    return read;
  };
  let last = await page(null);
  const there = [...last.data];
  while (last.next_page !== null) {
    last = await page(last.next_page);
    there.push(...last.data);
  }
  const back = [...last.data];
  while (last.prev_page !== null) {
    last = await page(last.prev_page);
    back.unshift(...last.data);
  }
  return { there, back };
}

const isBefore = (a: { created_at: string; id: string }, b: { created_at: string; id: string }) =>
  a.created_at === b.created_at ? a.id < b.id : a.created_at < b.created_at;
const idOf = (row: { id: string }): string => row.id;
const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(idOf);
const first = (limit: number, order: Order = 'asc'): PageRequest => ({
  list: byTimeShape,
  limit,
  order,
  cursor: null,
});
const everything = { include_archived: true, created_at: {} };
