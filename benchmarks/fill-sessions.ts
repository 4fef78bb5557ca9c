import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';

/** How many sessions are written in one transaction. */
const batch = 50_000;

/** A database of a stopped server. */
type Stored = {
  read(sql: string): Promise<Record<string, unknown>[]>;
  run(sql: string): Promise<void>;
  /** Leaves everything as a server that ran for long would. */
  finish(): Promise<void>;
};

/**
 * Fills a stopped server's database with finished sessions of one turn each, copied with their events from the newest
 * one, until it holds `sessions` of them, all of one version of one agent. Nine of ten are archived, as sessions of
 * evaluations are. At a PostgreSQL URL it fills that, otherwise the SQLite database in a folder.
 */
export async function fillSessions(place: string, sessions: number): Promise<void> {
  const stored = place.startsWith('postgres') ? await openPostgres(place) : openSqlite(place);
  const [model] = await stored.read('select * from sessions order by created_at desc limit 1');
  const [event] = await stored.read('select * from events limit 1');
  const [counted] = await stored.read('select count(*) as n from sessions');
  const copied = Object.keys(model ?? {}).map((column) => copies[column] ?? `m.${column}`);
  const eventColumns = Object.keys(event ?? {});
  const copiedEvents = eventColumns.map((column) => (column === 'session_id' ? id : `m.${column}`));
  const source = `'${String(model?.['id'])}'`;
  for (let from = Number(counted?.['n']); from < sessions; from += batch) {
    const numbers = `with recursive numbers(n) as
      (select ${from} union all select n + 1 from numbers where n < ${Math.min(from + batch, sessions) - 1})`;
    await stored.run(`${numbers} insert into sessions (${Object.keys(model ?? {}).join(', ')})
      select ${copied.join(', ')} from numbers cross join sessions m where m.id = ${source}`);
    await stored.run(`${numbers} insert into events (${eventColumns.join(', ')})
      select ${copiedEvents.join(', ')} from numbers cross join events m where m.session_id = ${source}`);
  }
  await stored.finish();
}

/** SQL for at least so many digits of a number, which both databases understand. */
const padded = (value: string, digits: number): string =>
  `substr(cast(${10 ** digits} + (${value}) as text), 2)`;

/** The nth id: as long as others, and before all that a server makes. */
const id = `'sesn_000000000000000' || ${padded('n', 9)}`;
/** A second for each, from the beginning of 2026 on. A million seconds are less than twelve days. */
const time = `'2026-01-' || ${padded('n / 86400 + 1', 2)} || 'T' || ${padded('n / 3600 % 24', 2)}
  || ':' || ${padded('n / 60 % 60', 2)} || ':' || ${padded('n % 60', 2)} || '.000000Z'`;
const copies: Record<string, string> = {
  id,
  created_at: time,
  status: "case when n % 10 = 0 then m.status else 'terminated' end",
  archived_at: `case when n % 10 = 0 then null else ${time} end`,
};

function openSqlite(folder: string): Stored {
  const db = new Sqlite(join(folder, 'pawl.db'));
  db.pragma('synchronous = OFF');
  db.pragma('foreign_keys = OFF');
  db.pragma('cache_size = -200000');
  return {
    read: async (sql) => db.prepare(sql).all() as Record<string, unknown>[],
    run: async (sql) => void db.exec(sql),
    async finish() {
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

async function openPostgres(url: string): Promise<Stored> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // What is copied refers to what is there.
  await client.query('set session_replication_role = replica');
  return {
    read: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    run: async (sql) => void (await client.query(sql)),
    async finish() {
      await client.query('vacuum analyze');
      await client.query('checkpoint');
      await client.end();
    },
  };
}
