import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Everything that the first release remembers. Written in the SQL that both databases share. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const guards = [
    ...dialect.refuseChanges('agent_versions', ['update', 'delete'], [['agent_id', 'version']]),
    ...dialect.refuseChanges('events', ['update']),
    // Histories go with their session and no other way.
    ...dialect.refuseLoneDelete('events', { table: 'sessions', key: 'session_id' }),
  ];
  await runStep(db, dialect, { tables, indexes, guards });
}

const tables = [
  `create table agents (
    id text primary key,
    latest_version integer not null check (latest_version >= 1),
    default_alias text,
    created_at text not null,
    updated_at text not null,
    archived_at text
  )`,
  `create table agent_versions (
    agent_id text not null references agents (id) on delete restrict,
    version integer not null check (version >= 1),
    config text not null,
    config_hash text not null,
    effective_hash text not null,
    author text,
    message text,
    created_at text not null,
    primary key (agent_id, version)
  )`,
  `create table environments (
    id text primary key,
    settings text not null,
    created_at text not null,
    updated_at text not null,
    archived_at text
  )`,
  `create table sessions (
    id text primary key,
    agent_id text not null,
    agent_version integer not null,
    agent_name text not null,
    environment_id text not null references environments (id) on delete restrict,
    title text,
    metadata text not null,
    overrides text,
    resolution_reason text not null check (resolution_reason in ('pinned', 'alias', 'latest')),
    resolution_alias text,
    effective_hash text not null,
    status text not null check (status in ('rescheduling', 'running', 'idle', 'terminated')),
    attempt integer not null,
    last_seq integer not null,
    last_event_at text,
    last_position integer not null,
    queued integer not null check (queued >= 0),
    open_span text,
    usage text not null,
    active_us bigint not null,
    running_since text,
    stopped_at text,
    created_at text not null,
    updated_at text not null,
    archived_at text,
    foreign key (agent_id, agent_version) references agent_versions (agent_id, version) on delete restrict
  )`,
  `create table events (
    session_id text not null references sessions (id) on delete cascade,
    seq integer not null check (seq >= 1),
    type text not null,
    processed_at text not null,
    data text not null,
    primary key (session_id, seq)
  )`,
  `create table inbox (
    session_id text not null references sessions (id) on delete cascade,
    position integer not null check (position >= 1),
    type text not null,
    data text not null,
    primary key (session_id, position)
  )`,
  `create table api_keys (
    id text primary key,
    name text not null,
    role text not null check (role in ('viewer', 'editor', 'reviewer', 'releaser', 'admin')),
    hash text not null unique,
    hint text not null,
    created_at text not null,
    expires_at text,
    revoked_at text
  )`,
];

// Lists run newest first. The default lists leave out what is archived, so that those are indexes of their own:
// an agent whose million evaluation sessions are archived must not slow down the list of its live ones.
const indexes = [
  'create index agents_by_time on agents (created_at, id)',
  'create index agents_live on agents (created_at, id) where archived_at is null',
  'create index environments_by_time on environments (created_at, id)',
  'create index environments_live on environments (created_at, id) where archived_at is null',
  'create index sessions_by_time on sessions (created_at, id)',
  'create index sessions_live on sessions (created_at, id) where archived_at is null',
  'create index sessions_of_agent on sessions (agent_id, created_at, id)',
  'create index sessions_of_version on sessions (agent_id, agent_version, created_at, id)',
  'create index sessions_live_of_agent on sessions (agent_id, created_at, id) where archived_at is null',
  `create index sessions_live_of_version on sessions (agent_id, agent_version, created_at, id)
    where archived_at is null`,
  'create index sessions_of_environment on sessions (environment_id)',
  `create index sessions_busy on sessions (created_at, id) where status in ('running', 'rescheduling')`,
  `create index sessions_busy_of_agent on sessions (agent_id, created_at, id)
    where status in ('running', 'rescheduling')`,
  'create index sessions_archived on sessions (created_at, id) where archived_at is not null',
  'create index api_keys_by_time on api_keys (created_at, id)',
];
