import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Vaults, and the credentials in them. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
}

const tables = [
  `create table vaults (
    id text primary key,
    display_name text not null,
    metadata text not null,
    created_at text not null,
    updated_at text not null,
    archived_at text
  )`,
  `create table vault_credentials (
    id text primary key,
    vault_id text not null references vaults (id) on delete cascade,
    display_name text,
    metadata text not null,
    url_key text not null,
    auth text not null,
    sealed text,
    key_id text,
    revision integer not null check (revision >= 1),
    refreshing_until text,
    created_at text not null,
    updated_at text not null,
    archived_at text,
    check ((sealed is null) = (key_id is null)),
    check ((sealed is null) = (archived_at is not null))
  )`,
];

const indexes = [
  'create index vaults_by_time on vaults (created_at, id)',
  'create index vaults_live on vaults (created_at, id) where archived_at is null',
  'create index vault_credentials_of_vault on vault_credentials (vault_id, created_at, id)',
  `create index vault_credentials_live on vault_credentials (vault_id, created_at, id) where archived_at is null`,
  `create unique index vault_credentials_active on vault_credentials (vault_id, url_key) where archived_at is null`,
  `create index vault_credentials_by_key on vault_credentials (key_id, id) where key_id is not null`,
];
