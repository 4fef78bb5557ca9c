import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Uploaded files, and the bytes that no file stands for. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
}

const tables = [
  `create table files (
    id text primary key,
    filename text not null,
    mime_type text not null,
    size_bytes integer not null check (size_bytes >= 0),
    created_at text not null,
    expires_at text,
    expired integer not null check (expired in (0, 1))
  )`,
  `create table loose_blobs (
    id text primary key,
    due_at text not null
  )`,
];

const indexes = [
  'create index files_expiring on files (expires_at) where expires_at is not null and expired = 0',
  'create index loose_blobs_due on loose_blobs (due_at, id)',
];
