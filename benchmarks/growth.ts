import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

/**
 * Fills a stopped server's database with finished sessions of one turn each, copied from the newest one, until
 * it holds `sessions` of them, all of one version of one agent.
 */
export function fillSessions(folder: string, sessions: number): void {
  const db = new Sqlite(join(folder, 'pawl.db'));
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -200000');
  const model = db.prepare('select * from sessions order by created_at desc limit 1').get() as Record<
    string,
    unknown
  >;
  const events = db
    .prepare('select * from events where session_id = ? order by seq')
    .all(model['id']) as Record<string, unknown>[];
  const have = (db.prepare('select count(*) as n from sessions').get() as { n: number }).n;
  const insertSession = db.prepare(insertInto('sessions', model));
  const insertEvent = db.prepare(insertInto('events', events[0] ?? {}));
  const start = Date.parse('2026-01-01T00:00:00Z');
  db.transaction(() => {
    for (let n = have; n < sessions; n++) {
      const id = `sesn_0${String(n).padStart(23, '0')}`;
      const created_at = `${new Date(start + n * 1000).toISOString().slice(0, -1)}000Z`;
      // Nine of ten are archived, as sessions of evaluations are.
      const archived = n % 10 === 0 ? {} : { status: 'terminated', archived_at: created_at };
      insertSession.run({ ...model, ...archived, id, created_at });
      for (const event of events) insertEvent.run({ ...event, session_id: id });
    }
  })();
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

function insertInto(table: string, row: Record<string, unknown>): string {
  const columns = Object.keys(row);
  return `insert into ${table} (${columns.join(', ')}) values (${columns.map((column) => `@${column}`).join(', ')})`;
}
