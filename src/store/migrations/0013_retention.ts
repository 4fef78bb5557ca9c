import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** How long sessions of an agent are kept, which are the oldest, and which files they name. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
  await noteNamedFiles(db);
}

const tables = [
  `create table retention_rules (
    agent_id text primary key references agents (id) on delete restrict,
    days integer check (days >= 1),
    export integer not null check (export in (0, 1)),
    updated_at text not null
  )`,
  `create table session_files (
    session_id text not null references sessions (id) on delete cascade,
    file_id text not null references files (id) on delete cascade,
    primary key (session_id, file_id)
  )`,
];

const indexes = [
  'create index session_files_of_file on session_files (file_id)',
  `create index sessions_quiet on sessions (agent_id, updated_at, id) where status in ('idle', 'terminated')`,
];

/** Notes which files are named in what was written before there was a table for it. */
async function noteNamedFiles(db: Kysely<unknown>): Promise<void> {
  for (const table of ['events', 'inbox']) {
    const from = sql.table(table);
    const naming = sql<{
      session_id: string;
    }>`select distinct session_id from ${from} where data like ${'%"file_id":"file\\_%'} escape ${'\\'}`;
    for (const { session_id } of (await naming.execute(db)).rows) {
      const texts = sql<{ data: string }>`select data from ${from} where session_id = ${session_id}`;
      const named = (await texts.execute(db)).rows.flatMap(({ data }) =>
        [...data.matchAll(/"file_id":"(file_\w+)"/g)].flatMap(([, id]) => (id === undefined ? [] : [id])),
      );
      for (const id of new Set(named)) {
        await sql`insert into session_files (session_id, file_id)
          select ${session_id}, id from files where id = ${id}
          on conflict do nothing`.execute(db);
      }
    }
  }
}
