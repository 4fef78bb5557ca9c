import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Who has signed in to the dashboard with a key, and until when that counts. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
}

const tables = [
  `create table sign_ins (
    hash text primary key,
    key_id text not null references api_keys (id) on delete cascade,
    created_at text not null,
    expires_at text not null
  )`,
];

const indexes = ['create index sign_ins_end on sign_ins (expires_at)'];
