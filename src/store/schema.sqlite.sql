-- What the migrations make of an empty database. Made by `npm run schema`; do not edit.

CREATE TABLE agent_versions (
  agent_id text not null references agents (id) on delete restrict,
  version integer not null check (version >= 1),
  config text not null,
  config_hash text not null,
  effective_hash text not null,
  author text,
  message text,
  created_at text not null,
  primary key (agent_id, version)
);

CREATE TRIGGER agent_versions_refuse_delete before delete on agent_versions
begin
  select raise(abort, 'agent_versions rows are never changed');
end;

CREATE TRIGGER agent_versions_refuse_replace before insert on agent_versions
        when exists (select 1 from agent_versions where agent_id = new.agent_id and version = new.version)
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
  default_alias text,
  created_at text not null,
  updated_at text not null,
  archived_at text
);

CREATE INDEX agents_by_time on agents (created_at, id);

CREATE INDEX agents_live on agents (created_at, id) where archived_at is null;

CREATE TABLE alias_moves (
  agent_id text not null,
  alias text not null,
  move integer not null check (move >= 1),
  kind text not null check (kind in ('set', 'promotion', 'rollback', 'removal')),
  from_version integer,
  to_version integer,
  before integer,
  actor text not null,
  reason text,
  evidence text,
  created_at text not null,
  primary key (agent_id, alias, move),
  foreign key (agent_id, alias) references aliases (agent_id, name) on delete restrict,
  foreign key (agent_id, to_version) references agent_versions (agent_id, version) on delete restrict
);

CREATE INDEX alias_moves_to on alias_moves (agent_id, alias, to_version, move);

CREATE TRIGGER alias_moves_refuse_delete before delete on alias_moves
begin
  select raise(abort, 'alias_moves rows are never changed');
end;

CREATE TRIGGER alias_moves_refuse_replace before insert on alias_moves
        when exists (select 1 from alias_moves where agent_id = new.agent_id and alias = new.alias and move = new.move)
begin
  select raise(abort, 'alias_moves rows are never changed');
end;

CREATE TRIGGER alias_moves_refuse_update before update on alias_moves
begin
  select raise(abort, 'alias_moves rows are never changed');
end;

CREATE TABLE aliases (
  agent_id text not null references agents (id) on delete restrict,
  name text not null,
  version integer,
  move integer not null check (move >= 0),
  hold text,
  policy text not null,
  created_at text not null,
  updated_at text not null, rollout_id text, canary_salt text, canary_version integer, canary_weight integer,
  primary key (agent_id, name),
  foreign key (agent_id, version) references agent_versions (agent_id, version) on delete restrict
);

CREATE TABLE api_keys (
  id text primary key,
  name text not null,
  role text not null check (role in ('viewer', 'editor', 'reviewer', 'releaser', 'admin')),
  hash text not null unique,
  hint text not null,
  created_at text not null,
  expires_at text,
  revoked_at text
, rate_limit_per_minute integer check (rate_limit_per_minute >= 0));

CREATE INDEX api_keys_by_time on api_keys (created_at, id);

CREATE TABLE audit_entries (
  seq integer primary key check (seq >= 1),
  id text not null unique,
  at text not null,
  action text not null,
  outcome text not null check (outcome in ('done', 'refused')),
  actor text not null,
  subject_type text not null,
  subject_id text not null,
  reason text,
  before text not null,
  after text not null,
  previous_hash text,
  hash text not null
);

CREATE INDEX audit_by_time on audit_entries (at, seq);

CREATE INDEX audit_of_subject on audit_entries (subject_id, seq);

CREATE TRIGGER audit_entries_refuse_delete before delete on audit_entries
begin
  select raise(abort, 'audit_entries rows are never changed');
end;

CREATE TRIGGER audit_entries_refuse_replace before insert on audit_entries
        when exists (select 1 from audit_entries where seq = new.seq) or exists (select 1 from audit_entries where id = new.id)
begin
  select raise(abort, 'audit_entries rows are never changed');
end;

CREATE TRIGGER audit_entries_refuse_update before update on audit_entries
begin
  select raise(abort, 'audit_entries rows are never changed');
end;

CREATE TABLE audit_head (
  one integer primary key check (one = 1),
  seq integer not null,
  at text,
  hash text
);

CREATE TABLE calibrations (
  id text primary key,
  eval_id text not null references evals (id) on delete restrict,
  kind text not null check (kind in ('gate', 'judge')),
  key text not null,
  report text not null,
  created_at text not null
);

CREATE INDEX calibrations_by_time on calibrations (created_at, id);

CREATE INDEX calibrations_of_eval on calibrations (eval_id, kind, key, created_at, id);

CREATE TRIGGER calibrations_refuse_delete before delete on calibrations
begin
  select raise(abort, 'calibrations rows are never changed');
end;

CREATE TRIGGER calibrations_refuse_update before update on calibrations
begin
  select raise(abort, 'calibrations rows are never changed');
end;

CREATE TABLE canary_sweeps (
  rollout_id text primary key references rollouts (id) on delete cascade,
  agent_id text not null,
  alias text not null,
  version integer not null,
  mode text not null check (mode in ('stop_new_turns', 'interrupt')),
  created_at text not null
);

CREATE TABLE comparisons (
  id text primary key,
  eval_id text not null references evals (id) on delete restrict,
  candidate_run_id text not null references eval_runs (id) on delete restrict,
  baseline_run_id text not null references eval_runs (id) on delete restrict,
  gate text not null,
  status text not null check (status in ('pending', 'running', 'completed', 'failed', 'canceled')),
  error text,
  created_at text not null,
  ended_at text
, origin text);

CREATE INDEX comparisons_busy on comparisons (created_at, id) where status in ('pending', 'running');

CREATE INDEX comparisons_by_time on comparisons (created_at, id);

CREATE INDEX comparisons_of_candidate on comparisons (candidate_run_id);

CREATE INDEX comparisons_of_eval on comparisons (eval_id, created_at, id);

CREATE TABLE dataset_bodies (
  hash text primary key,
  body text not null
);

CREATE TRIGGER dataset_bodies_refuse_delete before delete on dataset_bodies
begin
  select raise(abort, 'dataset_bodies rows are never changed');
end;

CREATE TRIGGER dataset_bodies_refuse_update before update on dataset_bodies
begin
  select raise(abort, 'dataset_bodies rows are never changed');
end;

CREATE TABLE dataset_cases (
  revision_id text not null,
  position integer not null check (position >= 0),
  case_id text not null,
  hash text not null references dataset_bodies (hash) on delete restrict,
  primary key (revision_id, position)
);

CREATE UNIQUE INDEX dataset_cases_by_id on dataset_cases (revision_id, case_id);

CREATE TRIGGER dataset_cases_refuse_delete before delete on dataset_cases
    when exists (select 1 from dataset_revisions where id = old.revision_id)
begin
  select raise(abort, 'dataset_cases rows are never changed');
end;

CREATE TRIGGER dataset_cases_refuse_update before update on dataset_cases
begin
  select raise(abort, 'dataset_cases rows are never changed');
end;

CREATE TABLE dataset_revisions (
  id text primary key,
  dataset_id text not null references datasets (id) on delete restrict,
  hash text not null,
  cases integer not null check (cases >= 1),
  summary text not null,
  created_at text not null,
  unique (dataset_id, hash)
);

CREATE INDEX dataset_revisions_of_dataset on dataset_revisions (dataset_id, created_at, id);

CREATE TRIGGER dataset_revisions_refuse_delete before delete on dataset_revisions
begin
  select raise(abort, 'dataset_revisions rows are never changed');
end;

CREATE TRIGGER dataset_revisions_refuse_update before update on dataset_revisions
begin
  select raise(abort, 'dataset_revisions rows are never changed');
end;

CREATE TABLE datasets (
  id text primary key,
  name text not null unique,
  description text,
  latest_revision_id text,
  created_at text not null,
  updated_at text not null,
  archived_at text
);

CREATE INDEX datasets_by_time on datasets (created_at, id);

CREATE TABLE environments (
  id text primary key,
  settings text not null,
  created_at text not null,
  updated_at text not null,
  archived_at text
);

CREATE INDEX environments_by_time on environments (created_at, id);

CREATE INDEX environments_live on environments (created_at, id) where archived_at is null;

CREATE TABLE eval_objects (
  endpoint text not null,
  kind text not null,
  name text not null,
  hash text not null,
  object_id text not null,
  version integer,
  created_at text not null,
  primary key (endpoint, kind, name, hash)
);

CREATE TABLE eval_results (
  run_id text not null references eval_runs (id) on delete cascade,
  position integer not null check (position >= 0),
  epoch integer not null check (epoch >= 1),
  case_id text not null,
  case_hash text not null,
  status text not null check (status in ('done', 'error')),
  outcome_key text not null,
  scores text not null,
  outcome text not null,
  primary key (run_id, position, epoch)
);

CREATE INDEX eval_results_to_reuse on eval_results (outcome_key) where status = 'done';

CREATE TABLE eval_revisions (
  eval_id text not null references evals (id) on delete restrict,
  revision integer not null check (revision >= 1),
  definition text not null,
  hash text not null,
  created_at text not null,
  primary key (eval_id, revision)
);

CREATE TRIGGER eval_revisions_refuse_delete before delete on eval_revisions
begin
  select raise(abort, 'eval_revisions rows are never changed');
end;

CREATE TRIGGER eval_revisions_refuse_replace before insert on eval_revisions
        when exists (select 1 from eval_revisions where eval_id = new.eval_id and revision = new.revision)
begin
  select raise(abort, 'eval_revisions rows are never changed');
end;

CREATE TRIGGER eval_revisions_refuse_update before update on eval_revisions
begin
  select raise(abort, 'eval_revisions rows are never changed');
end;

CREATE TABLE eval_runs (
  id text primary key,
  eval_id text not null,
  eval_revision integer not null,
  agent_id text not null,
  agent_version integer not null,
  dataset_revision_id text not null references dataset_revisions (id) on delete restrict,
  endpoint text,
  status text not null check (status in ('pending', 'running', 'completed', 'failed', 'canceled')),
  epochs integer not null check (epochs >= 1),
  fresh integer not null,
  plan text,
  counts text not null,
  error text,
  attempt integer not null,
  created_at text not null,
  started_at text,
  ended_at text, recorded text check (recorded in ('production', 'shadow')),
  foreign key (eval_id, eval_revision) references eval_revisions (eval_id, revision) on delete restrict
);

CREATE INDEX eval_runs_busy on eval_runs (created_at, id) where status in ('pending', 'running');

CREATE INDEX eval_runs_by_time on eval_runs (created_at, id);

CREATE INDEX eval_runs_of_agent on eval_runs (agent_id, agent_version, created_at, id);

CREATE INDEX eval_runs_of_eval on eval_runs (eval_id, created_at, id);

CREATE TABLE evals (
  id text primary key,
  name text not null unique,
  latest_revision integer not null check (latest_revision >= 1),
  created_at text not null,
  updated_at text not null,
  archived_at text
);

CREATE INDEX evals_by_time on evals (created_at, id);

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

CREATE TABLE files (
  id text primary key,
  filename text not null,
  mime_type text not null,
  size_bytes integer not null check (size_bytes >= 0),
  created_at text not null,
  expires_at text,
  expired integer not null check (expired in (0, 1))
);

CREATE INDEX files_expiring on files (expires_at) where expires_at is not null and expired = 0;

CREATE TABLE inbox (
  session_id text not null references sessions (id) on delete cascade,
  position integer not null check (position >= 1),
  type text not null,
  data text not null,
  primary key (session_id, position)
);

CREATE TABLE loose_blobs (
  id text primary key,
  due_at text not null
);

CREATE INDEX loose_blobs_due on loose_blobs (due_at, id);

CREATE TABLE online_costs (
  rollout_id text not null references rollouts (id) on delete cascade,
  name text not null,
  cost_usd double precision,
  primary key (rollout_id, name)
);

CREATE TABLE online_scorings (
  session_id text not null references sessions (id) on delete cascade,
  name text not null,
  rollout_id text not null references rollouts (id) on delete cascade,
  turns integer not null check (turns >= 0),
  attempts integer not null check (attempts >= 0),
  due_at text,
  error text,
  given_up integer not null check (given_up in (0, 1)),
  primary key (session_id, name)
);

CREATE INDEX online_scorings_due on online_scorings (rollout_id, name, due_at, session_id)
  where due_at is not null;

CREATE INDEX online_scorings_given_up on online_scorings (rollout_id, name) where given_up = 1;

CREATE INDEX online_scorings_of on online_scorings (rollout_id);

CREATE TABLE promotions (
  id text primary key,
  agent_id text not null,
  alias text not null,
  candidate_version integer not null,
  status text not null
    check (status in ('in_review', 'approved', 'completed', 'rejected', 'rolled_back', 'canceled')),
  author text not null,
  reason text,
  basis text not null,
  basis_hash text not null,
  comparison_id text references comparisons (id) on delete restrict,
  override text,
  move integer,
  reviews integer not null check (reviews >= 0),
  created_at text not null,
  updated_at text not null,
  ended_at text, rollout_id text,
  foreign key (agent_id, alias) references aliases (agent_id, name) on delete restrict,
  foreign key (agent_id, candidate_version) references agent_versions (agent_id, version) on delete restrict
);

CREATE INDEX promotions_by_time on promotions (created_at, id);

CREATE INDEX promotions_of_alias on promotions (agent_id, alias, created_at, id);

CREATE UNIQUE INDEX promotions_open on promotions (agent_id, alias, candidate_version)
  where status in ('in_review', 'approved');

CREATE TABLE retention_rules (
  agent_id text primary key references agents (id) on delete restrict,
  days integer check (days >= 1),
  export integer not null check (export in (0, 1)),
  updated_at text not null
);

CREATE TABLE reviews (
  id text primary key,
  promotion_id text not null references promotions (id) on delete restrict,
  position integer not null check (position >= 1),
  decision text not null check (decision in ('approve', 'reject', 'override', 'comment')),
  actor text not null,
  comment text,
  basis_hash text not null,
  created_at text not null,
  unique (promotion_id, position)
);

CREATE TRIGGER reviews_refuse_delete before delete on reviews
begin
  select raise(abort, 'reviews rows are never changed');
end;

CREATE TRIGGER reviews_refuse_replace before insert on reviews
        when exists (select 1 from reviews where id = new.id) or exists (select 1 from reviews where promotion_id = new.promotion_id and position = new.position)
begin
  select raise(abort, 'reviews rows are never changed');
end;

CREATE TRIGGER reviews_refuse_update before update on reviews
begin
  select raise(abort, 'reviews rows are never changed');
end;

CREATE TABLE rollout_departures (
  session_id text primary key,
  rollout_id text not null references rollouts (id) on delete cascade,
  session text not null
);

CREATE INDEX rollout_departures_of on rollout_departures (rollout_id, session_id);

CREATE TABLE rollout_events (
  rollout_id text not null references rollouts (id) on delete restrict,
  seq integer not null check (seq >= 1),
  type text not null,
  actor text not null,
  reason text,
  data text not null,
  at text not null,
  primary key (rollout_id, seq)
);

CREATE TRIGGER rollout_events_refuse_delete before delete on rollout_events
begin
  select raise(abort, 'rollout_events rows are never changed');
end;

CREATE TRIGGER rollout_events_refuse_replace before insert on rollout_events
        when exists (select 1 from rollout_events where rollout_id = new.rollout_id and seq = new.seq)
begin
  select raise(abort, 'rollout_events rows are never changed');
end;

CREATE TRIGGER rollout_events_refuse_update before update on rollout_events
begin
  select raise(abort, 'rollout_events rows are never changed');
end;

CREATE TABLE rollout_evidence (
  rollout_id text not null references rollouts (id) on delete cascade,
  look integer not null check (look >= 1),
  at text not null,
  data text not null,
  primary key (rollout_id, look)
);

CREATE TABLE rollout_leftovers (
  rollout_id text primary key references rollouts (id) on delete cascade
);

CREATE TABLE rollout_sessions (
  session_id text primary key,
  rollout_id text not null references rollouts (id) on delete cascade,
  counted text not null
);

CREATE INDEX rollout_sessions_of on rollout_sessions (rollout_id);

CREATE TABLE rollout_units (
  rollout_id text not null references rollouts (id) on delete cascade,
  unit text not null,
  state text not null,
  primary key (rollout_id, unit)
);

CREATE TABLE rollouts (
  id text primary key,
  agent_id text not null,
  alias text not null,
  promotion_id text not null references promotions (id) on delete restrict,
  baseline_version integer not null,
  candidate_version integer not null,
  salt text not null,
  retry_of text references rollouts (id) on delete restrict,
  settings text not null,
  status text not null check (status in ('running', 'paused', 'completed', 'rolled_back', 'aborted')),
  step integer not null check (step >= 0),
  weight integer not null check (weight between 0 and 10000),
  step_since text not null,
  pause text,
  state text not null,
  decision text,
  looks integer not null check (looks >= 0),
  last_look_at text,
  next_look_at text,
  last_traffic_at text not null,
  events integer not null check (events >= 0),
  actor text not null,
  reason text,
  created_at text not null,
  updated_at text not null,
  ended_at text,
  ended_by text,
  end_reason text,
  check ((status in ('running', 'paused')) = (ended_at is null)),
  foreign key (agent_id, alias) references aliases (agent_id, name) on delete restrict,
  foreign key (agent_id, candidate_version) references agent_versions (agent_id, version) on delete restrict
);

CREATE INDEX rollouts_by_time on rollouts (created_at, id);

CREATE INDEX rollouts_of_alias on rollouts (agent_id, alias, created_at, id);

CREATE INDEX rollouts_of_promotion on rollouts (promotion_id);

CREATE UNIQUE INDEX rollouts_open on rollouts (agent_id, alias) where status in ('running', 'paused');

CREATE INDEX rollouts_open_by_time on rollouts (created_at, id) where status in ('running', 'paused');

CREATE TABLE session_files (
  session_id text not null references sessions (id) on delete cascade,
  file_id text not null references files (id) on delete cascade,
  primary key (session_id, file_id)
);

CREATE INDEX session_files_of_file on session_files (file_id);

CREATE TABLE session_scores (
  id text primary key,
  session_id text not null references sessions (id) on delete cascade,
  position integer not null check (position >= 1),
  name text not null,
  value double precision not null check (value between 0 and 1),
  comment text,
  source text not null check (source in ('api', 'scorer')),
  actor text not null,
  created_at text not null,
  unique (session_id, position)
);

CREATE TRIGGER session_scores_refuse_delete before delete on session_scores
    when exists (select 1 from sessions where id = old.session_id)
begin
  select raise(abort, 'session_scores rows are never changed');
end;

CREATE TRIGGER session_scores_refuse_replace before insert on session_scores
        when exists (select 1 from session_scores where id = new.id) or exists (select 1 from session_scores where session_id = new.session_id and position = new.position)
begin
  select raise(abort, 'session_scores rows are never changed');
end;

CREATE TRIGGER session_scores_refuse_update before update on session_scores
begin
  select raise(abort, 'session_scores rows are never changed');
end;

CREATE TABLE sessions (
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
  archived_at text, rollout_id text, arm text check (arm in ('control', 'canary')), weight integer, unit text, turns integer not null default 0, failed_turns integer not null default 0, refused_turns integer not null default 0, scores integer not null default 0, unseen integer not null default 0, open_calls text, rounds integer not null default 0, context_from integer not null default 0, vault_ids text, budget text, list_cost_usd double precision, copy_of text,
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

CREATE INDEX sessions_quiet on sessions (agent_id, updated_at, id) where status in ('idle', 'terminated');

CREATE INDEX sessions_unseen on sessions (rollout_id, id) where unseen = 1;

CREATE TABLE shadow_pairs (
  shadow_id text not null references shadows (id) on delete restrict,
  session_id text not null,
  shadow_session_id text,
  status text not null check (status in ('open', 'skipped', 'failed')),
  seen_turns integer not null check (seen_turns >= 0),
  turns integer not null check (turns >= 0),
  tally text,
  reason text,
  created_at text not null,
  primary key (shadow_id, session_id)
);

CREATE INDEX shadow_pairs_begun on shadow_pairs (shadow_id, created_at, session_id)
  where status = 'open' and shadow_session_id is not null;

CREATE INDEX shadow_pairs_waiting on shadow_pairs (shadow_id, created_at, session_id)
  where status = 'open' and shadow_session_id is null;

CREATE TABLE shadows (
  id text primary key,
  agent_id text not null,
  alias text not null,
  baseline_version integer not null,
  candidate_version integer not null,
  sample double precision not null check (sample between 0.0001 and 1),
  max_sessions integer not null check (max_sessions >= 1),
  begun integer not null check (begun >= 0),
  eval_id text references evals (id) on delete restrict,
  status text not null check (status in ('running', 'completed', 'stopped')),
  ended_reason text,
  copies_archived integer not null check (copies_archived in (0, 1)),
  seen_until text not null,
  actor text not null,
  created_at text not null,
  updated_at text not null,
  ended_at text,
  check ((status = 'running') = (ended_at is null)),
  check (copies_archived = 0 or ended_at is not null),
  foreign key (agent_id, alias) references aliases (agent_id, name) on delete restrict,
  foreign key (agent_id, candidate_version) references agent_versions (agent_id, version) on delete restrict
);

CREATE INDEX shadows_by_time on shadows (created_at, id);

CREATE INDEX shadows_of_agent on shadows (agent_id, created_at, id);

CREATE INDEX shadows_open on shadows (id) where copies_archived = 0;

CREATE TABLE sign_ins (
  hash text primary key,
  key_id text not null references api_keys (id) on delete cascade,
  created_at text not null,
  expires_at text not null
);

CREATE INDEX sign_ins_end on sign_ins (expires_at);

CREATE TABLE sweeps (
  agent_id text not null,
  alias text not null,
  move integer not null,
  version integer not null,
  mode text not null check (mode in ('stop_new_turns', 'interrupt')),
  created_at text not null,
  primary key (agent_id, alias, move),
  foreign key (agent_id, alias, move) references alias_moves (agent_id, alias, move) on delete restrict
);

CREATE TABLE vault_credentials (
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
);

CREATE UNIQUE INDEX vault_credentials_active on vault_credentials (vault_id, url_key) where archived_at is null;

CREATE INDEX vault_credentials_by_key on vault_credentials (key_id, id) where key_id is not null;

CREATE INDEX vault_credentials_live on vault_credentials (vault_id, created_at, id) where archived_at is null;

CREATE INDEX vault_credentials_of_vault on vault_credentials (vault_id, created_at, id);

CREATE TABLE vaults (
  id text primary key,
  display_name text not null,
  metadata text not null,
  created_at text not null,
  updated_at text not null,
  archived_at text
);

CREATE INDEX vaults_by_time on vaults (created_at, id);

CREATE INDEX vaults_live on vaults (created_at, id) where archived_at is null;

CREATE TABLE verdicts (
  comparison_id text primary key references comparisons (id) on delete restrict,
  verdict text not null check (verdict in ('pass', 'fail', 'inconclusive', 'error')),
  report text not null,
  created_at text not null
);

CREATE TRIGGER verdicts_refuse_delete before delete on verdicts
begin
  select raise(abort, 'verdicts rows are never changed');
end;

CREATE TRIGGER verdicts_refuse_replace before insert on verdicts
        when exists (select 1 from verdicts where comparison_id = new.comparison_id)
begin
  select raise(abort, 'verdicts rows are never changed');
end;

CREATE TRIGGER verdicts_refuse_update before update on verdicts
begin
  select raise(abort, 'verdicts rows are never changed');
end;

CREATE TABLE webhook_deliveries (
  id text primary key,
  webhook_id text not null references webhooks (id) on delete cascade,
  event_id text not null,
  event_type text not null,
  body text not null,
  status text not null check (status in ('pending', 'delivered', 'dead')),
  attempts integer not null check (attempts >= 0),
  response_status integer,
  error text,
  last_attempt_at text,
  due_at text,
  created_at text not null,
  ended_at text,
  check ((status = 'pending') = (due_at is not null)),
  check ((status = 'pending') = (ended_at is null))
);

CREATE INDEX webhook_deliveries_dead on webhook_deliveries (created_at, id) where status = 'dead';

CREATE INDEX webhook_deliveries_dead_of_webhook on webhook_deliveries (webhook_id, created_at, id)
  where status = 'dead';

CREATE INDEX webhook_deliveries_due on webhook_deliveries (webhook_id, due_at, id) where due_at is not null;

CREATE INDEX webhook_deliveries_ended on webhook_deliveries (status, ended_at) where ended_at is not null;

CREATE INDEX webhook_deliveries_of_webhook on webhook_deliveries (webhook_id, created_at, id);

CREATE TABLE webhooks (
  id text primary key,
  url text not null,
  description text,
  enabled_events text not null,
  state text not null check (state in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('gone', 'failing')),
  failing_since text,
  signing_secret text not null,
  old_secret text,
  old_secret_until text,
  created_at text not null,
  updated_at text not null
);

CREATE INDEX webhooks_by_time on webhooks (created_at, id);
