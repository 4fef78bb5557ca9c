import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import type { ListShape, Order } from '../core/page.ts';
import { sessionStatuses } from '../core/session.ts';
import { insertAgent, insertVersion } from './agents.ts';
import type { Database } from './database.ts';
import type { Store } from './dialect.ts';
import { insertEnvironment } from './environments.ts';
import { openStore } from './open.ts';
import { insertSession, listSessions, type SessionFilter, type SessionRow } from './sessions.ts';
import { at, sampleAgent, sampleEnvironment, sampleSession, sampleVersion } from './store.testsuite.ts';

/*
 * The goal: a list of sessions costs what its page costs, whatever it is kept to, and shows what a plain filter
 * would. The method: SQLite is asked for its plan of each query, and both databases for their answers.
 */

const list: ListShape = { name: 'sessions', key: ['string', 'string'], backwards: true };

const kept = {
  agent: [{}, { agent_id: 'a' }, { agent_id: 'a', agent_version: 1 }],
  include_archived: [false, true],
  statuses: [undefined, ['idle'], ['running'], ['terminated']],
} as const;

const filters: SessionFilter[] = kept.agent.flatMap((agent) =>
  kept.include_archived.flatMap((include_archived) =>
    kept.statuses.map((statuses) => ({ ...agent, include_archived, statuses, created_at: {} })),
  ),
);

/** The indexes that hold the smaller group: never those of the archived beside the live, where only one is wanted. */
function indexesFor({ agent_id, include_archived, statuses }: SessionFilter): RegExp {
  const [status] = statuses ?? [];
  if (status === 'running') return /sessions_(busy|live)/;
  if (status === 'idle' || !include_archived) return /sessions_live/;
  return status === 'terminated' && agent_id === undefined ? /sessions_archived/ : /sessions_(by|of)_/;
}

describe('SQLite reads a page of sessions from an index, without sorting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-plans-'));
  const queries: CompiledQuery[] = [];
  let file: Sqlite.Database;
  let db: Kysely<Database>;

  beforeAll(async () => {
    await (await openStore({ kind: 'sqlite', folder })).close();
    file = new Sqlite(join(folder, 'pawl.db'));
    db = new Kysely<Database>({
      dialect: new SqliteDialect({ database: file }),
      log: ({ query }) => void queries.push(query),
    });
  });
  afterAll(async () => {
    await db.destroy();
    rmSync(folder, { recursive: true });
  });

  /** How SQLite goes about the list; null when it is not even asked. */
  async function planOf(filter: SessionFilter, order: Order): Promise<string | null> {
    queries.length = 0;
    await listSessions(db, filter, { list, limit: 20, order, cursor: null });
    const [query] = queries;
    if (query === undefined) return null;
    const rows = file.prepare(`explain query plan ${query.sql}`).all(...query.parameters);
    return (rows as { detail: string }[]).map(({ detail }) => detail).join('; ');
  }

  test.each(filters)('of %j', async (filter) => {
    for (const order of ['asc', 'desc'] as const) {
      const plan = await planOf(filter, order);
      if (filter.statuses?.[0] === 'terminated' && !filter.include_archived) {
        expect(plan).toBeNull();
        continue;
      }
      expect(plan).toMatch(/^(SEARCH|SCAN) sessions USING INDEX sessions_\w+/);
      expect(plan).toMatch(indexesFor(filter));
      expect(plan).not.toContain('TEMP B-TREE');
      if (filter.agent_id !== undefined) expect(plan).toContain('(agent_id=?');
    }
  });
});

describe.each(['memory', 'postgres'] as const)('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;
  const rows: SessionRow[] = [];

  beforeAll(async () => {
    if (kind === 'postgres') database = await migratedDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
    await store.write(async (tx) => {
      await insertEnvironment(tx, sampleEnvironment('env'));
      for (const agent_id of ['a', 'b']) {
        await insertAgent(tx, sampleAgent(agent_id));
        await insertVersion(tx, sampleVersion(agent_id, 2));
        for (let n = 0; n < 24; n++) {
          const status = sessionStatuses[n % 4] ?? 'idle';
          const row = sampleSession(`${agent_id}${String((n * 7) % 24).padStart(2, '0')}`, {
            ...{ agent_id, environment_id: 'env', agent_version: 1 + (Math.floor(n / 4) % 2), status },
            ...{ created_at: at(n % 5), archived_at: status === 'terminated' ? at(9) : null },
          });
          await insertSession(tx, row);
          rows.push(row);
        }
      }
    });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  /** What the list should be, one row after the other. */
  function plainly({ agent_id, agent_version, statuses, ...filter }: SessionFilter, order: Order) {
    const { gt = '', gte = '', lt = '9', lte = '9' } = filter.created_at;
    const found = rows
      .filter((row) => agent_id === undefined || row.agent_id === agent_id)
      .filter((row) => agent_id === undefined || [undefined, row.agent_version].includes(agent_version))
      .filter((row) => statuses === undefined || statuses.includes(row.status))
      .filter((row) => filter.include_archived || row.archived_at === null)
      .filter(({ created_at: time }) => time > gt && time >= gte && time < lt && time <= lte)
      .map((row) => ({ ...row, key: `${row.created_at} ${row.id}` }))
      .sort((left, right) => (left.key < right.key ? -1 : 1))
      .map(({ id }) => id);
    return order === 'asc' ? found : found.reverse();
  }

  async function listed(filter: SessionFilter, order: Order, limit: number): Promise<string[]> {
    const ids: string[] = [];
    for (let last: SessionRow | undefined; ; ) {
      const cursor =
        last === undefined
          ? null
          : { list: list.name, order, direction: 'next' as const, key: [last.created_at, last.id] };
      const page = await listSessions(store.db, filter, { list, limit, order, cursor });
      const shown = page.slice(0, limit);
      ids.push(...shown.map(({ id }) => id));
      last = shown.at(-1);
      if (page.length <= limit) return ids;
    }
  }

  test.each(filters)('the list of %j is what a plain filter gives', async (filter) => {
    expect(await listed(filter, 'asc', 99)).toEqual(plainly(filter, 'asc'));
    expect(await listed(filter, 'desc', 2)).toEqual(plainly(filter, 'desc'));
  });

  const time = fc.option(fc.nat(6).map(at), { nil: undefined });
  const anyFilter: fc.Arbitrary<SessionFilter> = fc.record({
    agent_id: fc.constantFrom(undefined, 'a', 'b', 'c'),
    agent_version: fc.constantFrom(undefined, 1, 2, 3),
    include_archived: fc.boolean(),
    statuses: fc.option(fc.subarray([...sessionStatuses]), { nil: undefined }),
    created_at: fc.record({ gt: time, gte: time, lt: time, lte: time }, { requiredKeys: [] }),
  });

  test('any list is what a plain filter gives, page by page', async () => {
    const property = fc.asyncProperty(
      anyFilter,
      fc.constantFrom<Order>('asc', 'desc'),
      fc.integer({ min: 1, max: 50 }),
      async (filter, order, limit) => {
        expect(await listed(filter, order, limit)).toEqual(plainly(filter, order));
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });
});
