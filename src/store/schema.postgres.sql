-- What the migrations make of an empty database. Made by `npm run schema`; do not edit.

create table agent_versions (
  agent_id text collate "C" not null,
  version integer not null,
  config text collate "C" not null,
  config_hash text collate "C" not null,
  effective_hash text collate "C" not null,
  created_at text collate "C" not null,
  constraint agent_versions_pkey PRIMARY KEY (agent_id, version),
  constraint agent_versions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE RESTRICT,
  constraint agent_versions_version_check CHECK ((version >= 1))
);

create table agents (
  id text collate "C" not null,
  latest_version integer not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint agents_pkey PRIMARY KEY (id),
  constraint agents_latest_version_check CHECK ((latest_version >= 1))
);

create table api_keys (
  id text collate "C" not null,
  name text collate "C" not null,
  role text collate "C" not null,
  hash text collate "C" not null,
  hint text collate "C" not null,
  created_at text collate "C" not null,
  revoked_at text collate "C",
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_hash_key UNIQUE (hash),
  constraint api_keys_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'editor'::text])))
);

create table environments (
  id text collate "C" not null,
  settings text collate "C" not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint environments_pkey PRIMARY KEY (id)
);

create table events (
  session_id text collate "C" not null,
  seq integer not null,
  type text collate "C" not null,
  processed_at text collate "C" not null,
  data text collate "C" not null,
  constraint events_pkey PRIMARY KEY (session_id, seq),
  constraint events_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint events_seq_check CHECK ((seq >= 1))
);

create table inbox (
  session_id text collate "C" not null,
  "position" integer not null,
  type text collate "C" not null,
  data text collate "C" not null,
  constraint inbox_pkey PRIMARY KEY (session_id, "position"),
  constraint inbox_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint inbox_position_check CHECK (("position" >= 1))
);

create table sessions (
  id text collate "C" not null,
  agent_id text collate "C" not null,
  agent_version integer not null,
  agent_name text collate "C" not null,
  environment_id text collate "C" not null,
  title text collate "C",
  metadata text collate "C" not null,
  overrides text collate "C",
  resolution_reason text collate "C" not null,
  effective_hash text collate "C" not null,
  status text collate "C" not null,
  attempt integer not null,
  last_seq integer not null,
  last_event_at text collate "C",
  last_position integer not null,
  queued integer not null,
  open_span text collate "C",
  usage text collate "C" not null,
  active_us bigint not null,
  running_since text collate "C",
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_agent_id_agent_version_fkey FOREIGN KEY (agent_id, agent_version) REFERENCES agent_versions(agent_id, version) ON DELETE RESTRICT,
  constraint sessions_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environments(id) ON DELETE RESTRICT,
  constraint sessions_queued_check CHECK ((queued >= 0)),
  constraint sessions_resolution_reason_check CHECK ((resolution_reason = ANY (ARRAY['pinned'::text, 'latest'::text]))),
  constraint sessions_status_check CHECK ((status = ANY (ARRAY['rescheduling'::text, 'running'::text, 'idle'::text, 'terminated'::text])))
);

CREATE INDEX agents_by_time ON public.agents USING btree (created_at, id);

CREATE INDEX agents_live ON public.agents USING btree (created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX api_keys_by_time ON public.api_keys USING btree (created_at, id);

CREATE INDEX environments_by_time ON public.environments USING btree (created_at, id);

CREATE INDEX environments_live ON public.environments USING btree (created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX sessions_archived ON public.sessions USING btree (created_at, id) WHERE (archived_at IS NOT NULL);

CREATE INDEX sessions_busy ON public.sessions USING btree (created_at, id) WHERE (status = ANY (ARRAY['running'::text, 'rescheduling'::text]));

CREATE INDEX sessions_busy_of_agent ON public.sessions USING btree (agent_id, created_at, id) WHERE (status = ANY (ARRAY['running'::text, 'rescheduling'::text]));

CREATE INDEX sessions_by_time ON public.sessions USING btree (created_at, id);

CREATE INDEX sessions_live ON public.sessions USING btree (created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX sessions_live_of_agent ON public.sessions USING btree (agent_id, created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX sessions_live_of_version ON public.sessions USING btree (agent_id, agent_version, created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX sessions_of_agent ON public.sessions USING btree (agent_id, created_at, id);

CREATE INDEX sessions_of_environment ON public.sessions USING btree (environment_id);

CREATE INDEX sessions_of_version ON public.sessions USING btree (agent_id, agent_version, created_at, id);

CREATE OR REPLACE FUNCTION public.agent_versions_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'agent_versions rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.events_keep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
      if exists (select 1 from sessions where id = old.session_id) then
        raise exception 'events rows are never changed';
      end if;
      return old;
    end $function$;

CREATE OR REPLACE FUNCTION public.events_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'events rows are never changed'; end $function$;

CREATE TRIGGER agent_versions_refuse_delete BEFORE DELETE ON public.agent_versions FOR EACH ROW EXECUTE FUNCTION agent_versions_refuse();

CREATE TRIGGER agent_versions_refuse_truncate BEFORE TRUNCATE ON public.agent_versions FOR EACH STATEMENT EXECUTE FUNCTION agent_versions_refuse();

CREATE TRIGGER agent_versions_refuse_update BEFORE UPDATE ON public.agent_versions FOR EACH ROW EXECUTE FUNCTION agent_versions_refuse();

CREATE TRIGGER events_refuse_delete BEFORE DELETE ON public.events FOR EACH ROW EXECUTE FUNCTION events_keep();

CREATE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();

CREATE TRIGGER events_refuse_update BEFORE UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION events_refuse();
