import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/postgres.ts';
import { DatabaseError, DatabaseInUseError, type Handle, type Store } from './dialect.ts';
import { insertEvents } from './events.ts';
import { takeOwnership } from './ownership.ts';
import { openPostgres } from './postgres.ts';
import { findSession, listSessions, lockSession, updateSession } from './sessions.ts';
import { sampleEvent, sampleSession, seedSession } from './store.testsuite.ts';

const list = { name: 'sessions', key: ['string', 'string'], backwards: true } as const;
let database: FreshDatabase;
let store: Store;

beforeAll(async () => {
  database = await freshDatabase();
  store = await openPostgres(database.url);
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

/** Asks a database something, past the store. */
async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Resolves for everybody once so many have come. */
function meetingOf(size: number): () => Promise<void> {
  let come = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  return () => {
    if (++come === size) resolve();
    return promise;
  };
}

describe('Ownership', () => {
  test('is shared by those who serve, and had alone only where nobody else is', async () => {
    const own = await freshDatabase();
    const first = await openPostgres(own.url);
    const second = await openPostgres(own.url);
    await expect(takeOwnership(own.url, 'alone')).rejects.toThrow(DatabaseInUseError);
    await first.close();
    await second.close();
    const alone = await takeOwnership(own.url, 'alone');
    await expect(openPostgres(own.url)).rejects.toThrow(DatabaseInUseError);
    await expect(takeOwnership(own.url, 'alone')).rejects.toThrow(DatabaseInUseError);
    await alone.release();
    await (await openPostgres(own.url)).close();
    await own.drop();
  });

  test('has ended when a store is closed, not a moment later', async () => {
    const own = await freshDatabase();
    const watcher = new pg.Client({ connectionString: own.url });
    await watcher.connect();
    const locks = `select pid from pg_locks where locktype = 'advisory' and database =
      (select oid from pg_database where datname = current_database())`;
    const held: number[] = [];
    for (let round = 0; round < 10; round++) {
      await (await openPostgres(own.url)).close();
      held.push((await watcher.query(locks)).rows.length);
    }
    await watcher.end();
    await own.drop();
    expect(held).toEqual(held.map(() => 0));
  });

  test('of one database does not concern another one on the same server', async () => {
    const other = await freshDatabase();
    await (await openPostgres(other.url)).close();
    await other.drop();
  });

  test('ends with its process, even by force', async () => {
    const own = await freshDatabase();
    const module = JSON.stringify(new URL('ownership.ts', import.meta.url).href);
    const source = `
      import { takeOwnership } from ${module};
      await takeOwnership(${JSON.stringify(own.url)}, 'alone');
      console.log('open');`;
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio });
    await once(owner.stdout, 'data');
    await expect(openPostgres(own.url)).rejects.toThrow(DatabaseInUseError);
    owner.kill('SIGKILL');
    await once(owner, 'close');
    // The server notices the end of the connection a moment later.
    await expect.poll(() => openPostgres(own.url).then((next) => next.close(), String)).toBeUndefined();
    await own.drop();
  });

  test('is taken again when the server ends the connection that holds it', async () => {
    const own = await freshDatabase();
    const first = await openPostgres(own.url);
    await seedSession(first, 'sesn_1');
    const here = 'datname = current_database()';
    const holder = () =>
      ask(
        own.url,
        `select pid from pg_locks join pg_database on oid = database where locktype = 'advisory' and ${here}`,
      );
    const before = await holder();
    expect(before).toHaveLength(1);
    const others = `pid <> pg_backend_pid() and ${here}`;
    await ask(own.url, `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);
    const another = async (): Promise<boolean> => {
      const now = await holder();
      return now.length === 1 && !isDeepStrictEqual(now, before);
    };
    await expect.poll(another).toBe(true);
    await expect(takeOwnership(own.url, 'alone')).rejects.toThrow(DatabaseInUseError);
    await first.write((tx) => updateSession(tx, 'sesn_1', { title: 'still here' }));
    await first.close();
    await own.drop();
  });
});

describe('A server that cannot be used', () => {
  const secret = 'opensesame-7295';
  const failing = async (url: string): Promise<Error> => {
    const outcome = await openPostgres(url).then(
      (opened) => opened.close(),
      (error: unknown) => error,
    );
    if (!(outcome instanceof Error)) throw new Error('It could be opened');
    expect(outcome).toBeInstanceOf(DatabaseError);
    expect(outcome.message).not.toContain(secret);
    expect(outcome.message).toMatch(/^Cannot connect to PostgreSQL: \S[^\n]*$/);
    return outcome;
  };
  const urlWith = (changes: { username?: string; pathname?: string }) =>
    Object.assign(new URL(database.url), { password: secret, ...changes }).toString();

  test('because nobody listens is named', async () => {
    const error = await failing(`postgres://pawl:${secret}@127.0.0.1:1/pawl`);
    expect(error.message).toContain('ECONNREFUSED 127.0.0.1:1');
    expect((await failing(`postgres://pawl:${secret}@localhost:1/pawl`)).message).toContain('ECONNREFUSED');
  });

  test('because its name leads nowhere is named', async () => {
    const error = await failing(`postgres://pawl:${secret}@nowhere.invalid/pawl`);
    expect(error.message).toContain('nowhere.invalid');
  });

  test('because the database or the account is missing is named', async () => {
    expect((await failing(urlWith({ pathname: '/missing' }))).message).toContain('"missing" does not exist');
    expect((await failing(urlWith({ username: 'nobody-here' }))).message).toContain('"nobody-here"');
  });

  test('because it is no PostgreSQL is named', async () => {
    const server = createServer((socket) => socket.resume().end('220 mail.example.com\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await failing(`postgres://pawl:${secret}@127.0.0.1:${port}/pawl`);
    await new Promise((resolve) => server.close(resolve));
  });

  test.each([
    `postgres://pawl:${secret}@127.0.0.1:notaport/pawl`,
    `postgres://pawl:${secret}#@127.0.0.1:5432/pawl`,
    `postgres://pawl:%zz${secret}@127.0.0.1:1/pawl`,
  ])('because its URL cannot be read is named (%#)', async (url) => {
    const error = await failing(url);
    // What is logged is the error with its cause and all that hangs on them.
    expect(JSON.stringify(error.cause, Object.getOwnPropertyNames(error.cause))).not.toContain(secret);
  });
});

describe('Lost races', () => {
  /** Runs works in transactions; all meet once in the middle of their first try. */
  const race = async (works: ((tx: Handle, meet: () => Promise<void>) => Promise<void>)[]) => {
    const meet = meetingOf(works.length);
    const tries = works.map(() => 0);
    await Promise.all(
      works.map((work, i) =>
        store.write((tx) => {
          tries[i] = (tries[i] ?? 0) + 1;
          return work(tx, async () => void (tries[i] === 1 && (await meet())));
        }),
      ),
    );
    return tries.reduce((sum, one) => sum + one, 0);
  };

  test('a deadlock is resolved: both works are done, one of them in a second try', async () => {
    const ids = ['sesn_a', 'sesn_b'] as const;
    for (const id of ids) await seedSession(store, id);
    const lockBoth = (order: readonly string[]) => async (tx: Handle, meet: () => Promise<void>) => {
      for (const [i, id] of order.entries()) {
        if (i > 0) await meet();
        const session = await lockSession(tx, store.dialect, id);
        await updateSession(tx, id, { attempt: (session?.attempt ?? 0) + 1 });
      }
    };
    expect(await race([lockBoth(ids), lockBoth(ids.toReversed())])).toBe(3);
    for (const id of ids) expect((await findSession(store.db, id))?.attempt).toBe(2);
  });

  test('a transaction that cannot be put in order with another one is run again', async () => {
    const { id } = await seedSession(store, 'sesn_c');
    const add = async (tx: Handle, meet: () => Promise<void>) => {
      await sql`set transaction isolation level serializable`.execute(tx);
      const attempt = (await findSession(tx, id))?.attempt ?? 0;
      await meet();
      await updateSession(tx, id, { attempt: attempt + 1 });
    };
    expect(await race([add, add])).toBe(3);
    expect((await findSession(store.db, id))?.attempt).toBe(2);
  });

  test('somebody who always loses is told in the end', async () => {
    let tries = 0;
    const lose = store.write(async (tx) => {
      tries++;
      await sql.raw(`do $$ begin raise exception 'lost' using errcode = '40001'; end $$`).execute(tx);
    });
    await expect(lose).rejects.toThrow('lost');
    expect(tries).toBe(6);
  });

  test('what fails for another reason is not repeated', async () => {
    let tries = 0;
    const work = store.write(async (tx) => {
      tries++;
      await sql`select 1 / 0`.execute(tx);
    });
    await expect(work).rejects.toThrow('division by zero');
    expect(tries).toBe(1);
  });
});

describe('A store', () => {
  test('lets nobody truncate what is never changed, directly or on the way', async () => {
    const session = await seedSession(store, 'sesn_t');
    await store.write((tx) => insertEvents(tx, [sampleEvent(session.id, 1)]));
    for (const table of ['events', 'agent_versions cascade', 'agents cascade', 'sessions cascade']) {
      const truncating = store.write((tx) => sql.raw(`truncate ${table}`).execute(tx));
      await expect(truncating).rejects.toThrow(/rows are never changed/);
    }
    expect(await findSession(store.db, session.id)).toEqual(session);
  });

  test('gives numbers of every width as numbers, and other values as they were', async () => {
    const asked = sql<Record<string, unknown>>`
      select 1::int2 as a, 2::int4 as b, 9007199254740991::int8 as c, count(*) as d, true as e, null::int8 as f,
        '2026-01-01T00:00:00.000000Z'::text as g from (values (1), (2)) as t`;
    const { rows } = await asked.execute(store.db);
    const time = '2026-01-01T00:00:00.000000Z';
    expect(rows).toEqual([{ a: 1, b: 2, c: Number.MAX_SAFE_INTEGER, d: 2, e: true, f: null, g: time }]);
  });

  test('serves many more writers than it has connections', async () => {
    const { id } = await seedSession(store, 'sesn_d');
    const works = Array.from({ length: 200 }, (_, attempt) =>
      store.write(async (tx) => {
        await lockSession(tx, store.dialect, id);
        await updateSession(tx, id, { attempt });
      }),
    );
    expect((await Promise.allSettled(works)).filter(({ status }) => status === 'rejected')).toEqual([]);
  });

  test('pages through ids in one order, whatever language the database sorts in', async () => {
    const name = `pawl_test_english_${process.pid}`;
    const settings = `template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US'`;
    await ask(database.url, `create database ${name} ${settings}`);
    const english = await openPostgres(
      Object.assign(new URL(database.url), { pathname: `/${name}` }).toString(),
    );
    const { agent_id, environment_id } = await seedSession(english, 'seed');
    const ids = ['B1', 'a1', 'b1', 'A1', 'a_1', 'a2'];
    const rows = ids.map((id) => sampleSession(id, { agent_id, environment_id, title: 'paged' }));
    await english.write((tx) => tx.insertInto('sessions').values(rows).execute());
    const filter = { include_archived: true, created_at: {} };
    const all = await listSessions(english.db, filter, { list, limit: 99, order: 'asc', cursor: null });
    await english.close();
    await ask(database.url, `drop database ${name} with (force)`);
    expect(all.map((row) => row.id)).toEqual([...ids, 'seed'].toSorted((a, b) => (a < b ? -1 : 1)));
  });
});
