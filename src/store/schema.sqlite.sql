-- What the migrations make of an empty database. Made by `npm run schema`; do not edit.

CREATE TABLE agent_versions (
  agent_id text not null references agents (id) on delete restrict,
  version integer not null check (version >= 1),
  config text not null,
  config_hash text not null,
  effective_hash text not null,
  created_at text not null,
  primary key (agent_id, version)
);

CREATE TRIGGER agent_versions_refuse_delete before delete on agent_versions
begin
  select raise(abort, 'agent_versions rows are never changed');
end;

CREATE TRIGGER agent_versions_refuse_update before update on agent_versions
begin
  select raise(abort, 'agent_versions rows are never changed');
end;

CREATE TABLE agents (
  id text primary key,
  latest_version integer not null check (latest_version >= 1),
  created_at text not null,
  updated_at text not null,
  archived_at text
);

CREATE INDEX agents_by_time on agents (created_at, id);

CREATE INDEX agents_live on agents (created_at, id) where archived_at is null;

CREATE TABLE api_keys (
  id text primary key,
  name text not null,
  role text not null check (role in ('admin', 'editor')),
  hash text not null unique,
  hint text not null,
  created_at text not null,
  revoked_at text
);

CREATE INDEX api_keys_by_time on api_keys (created_at, id);

CREATE TABLE environments (
  id text primary key,
  settings text not null,
  created_at text not null,
  updated_at text not null,
  archived_at text
);

CREATE INDEX environments_by_time on environments (created_at, id);

CREATE INDEX environments_live on environments (created_at, id) where archived_at is null;

CREATE TABLE events (
  session_id text not null references sessions (id) on delete cascade,
  seq integer not null check (seq >= 1),
  type text not null,
  processed_at text not null,
  data text not null,
  primary key (session_id, seq)
);

CREATE TRIGGER events_refuse_delete before delete on events
    when exists (select 1 from sessions where id = old.session_id)
begin
  select raise(abort, 'events rows are never changed');
end;

CREATE TRIGGER events_refuse_update before update on events
begin
  select raise(abort, 'events rows are never changed');
end;

CREATE TABLE inbox (
  session_id text not null references sessions (id) on delete cascade,
  position integer not null check (position >= 1),
  type text not null,
  data text not null,
  primary key (session_id, position)
);

CREATE TABLE sessions (
  id text primary key,
  agent_id text not null,
  agent_version integer not null,
  agent_name text not null,
  environment_id text not null references environments (id) on delete restrict,
  title text,
  metadata text not null,
  overrides text,
  resolution_reason text not null check (resolution_reason in ('pinned', 'latest')),
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
  created_at text not null,
  updated_at text not null,
  archived_at text,
  foreign key (agent_id, agent_version) references agent_versions (agent_id, version) on delete restrict
);

CREATE INDEX sessions_archived on sessions (created_at, id) where archived_at is not null;

CREATE INDEX sessions_busy on sessions (created_at, id) where status in ('running', 'rescheduling');

CREATE INDEX sessions_busy_of_agent on sessions (agent_id, created_at, id)
  where status in ('running', 'rescheduling');

CREATE INDEX sessions_by_time on sessions (created_at, id);

CREATE INDEX sessions_live on sessions (created_at, id) where archived_at is null;

CREATE INDEX sessions_live_of_agent on sessions (agent_id, created_at, id) where archived_at is null;

CREATE INDEX sessions_live_of_version on sessions (agent_id, agent_version, created_at, id)
  where archived_at is null;

CREATE INDEX sessions_of_agent on sessions (agent_id, created_at, id);

CREATE INDEX sessions_of_environment on sessions (environment_id);

CREATE INDEX sessions_of_version on sessions (agent_id, agent_version, created_at, id);
