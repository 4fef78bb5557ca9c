-- What the migrations make of an empty database. Made by `npm run schema`; do not edit.

create table agent_versions (
  agent_id text collate "C" not null,
  version integer not null,
  config text collate "C" not null,
  config_hash text collate "C" not null,
  effective_hash text collate "C" not null,
  author text collate "C",
  message text collate "C",
  created_at text collate "C" not null,
  constraint agent_versions_pkey PRIMARY KEY (agent_id, version),
  constraint agent_versions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE RESTRICT,
  constraint agent_versions_version_check CHECK ((version >= 1))
);

create table agents (
  id text collate "C" not null,
  latest_version integer not null,
  default_alias text collate "C",
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint agents_pkey PRIMARY KEY (id),
  constraint agents_latest_version_check CHECK ((latest_version >= 1))
);

create table alias_moves (
  agent_id text collate "C" not null,
  alias text collate "C" not null,
  move integer not null,
  kind text collate "C" not null,
  from_version integer,
  to_version integer,
  before integer,
  actor text collate "C" not null,
  reason text collate "C",
  evidence text collate "C",
  created_at text collate "C" not null,
  constraint alias_moves_pkey PRIMARY KEY (agent_id, alias, move),
  constraint alias_moves_agent_id_alias_fkey FOREIGN KEY (agent_id, alias) REFERENCES aliases(agent_id, name) ON DELETE RESTRICT,
  constraint alias_moves_agent_id_to_version_fkey FOREIGN KEY (agent_id, to_version) REFERENCES agent_versions(agent_id, version) ON DELETE RESTRICT,
  constraint alias_moves_kind_check CHECK ((kind = ANY (ARRAY['set'::text, 'promotion'::text, 'rollback'::text, 'removal'::text]))),
  constraint alias_moves_move_check CHECK ((move >= 1))
);

create table aliases (
  agent_id text collate "C" not null,
  name text collate "C" not null,
  version integer,
  move integer not null,
  hold text collate "C",
  policy text collate "C" not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  rollout_id text collate "C",
  canary_salt text collate "C",
  canary_version integer,
  canary_weight integer,
  constraint aliases_pkey PRIMARY KEY (agent_id, name),
  constraint aliases_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE RESTRICT,
  constraint aliases_agent_id_version_fkey FOREIGN KEY (agent_id, version) REFERENCES agent_versions(agent_id, version) ON DELETE RESTRICT,
  constraint aliases_move_check CHECK ((move >= 0))
);

create table api_keys (
  id text collate "C" not null,
  name text collate "C" not null,
  role text collate "C" not null,
  hash text collate "C" not null,
  hint text collate "C" not null,
  created_at text collate "C" not null,
  expires_at text collate "C",
  revoked_at text collate "C",
  rate_limit_per_minute integer,
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_hash_key UNIQUE (hash),
  constraint api_keys_rate_limit_per_minute_check CHECK ((rate_limit_per_minute >= 0)),
  constraint api_keys_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'editor'::text, 'reviewer'::text, 'releaser'::text, 'admin'::text])))
);

create table audit_entries (
  seq integer not null,
  id text collate "C" not null,
  at text collate "C" not null,
  action text collate "C" not null,
  outcome text collate "C" not null,
  actor text collate "C" not null,
  subject_type text collate "C" not null,
  subject_id text collate "C" not null,
  reason text collate "C",
  before text collate "C" not null,
  after text collate "C" not null,
  previous_hash text collate "C",
  hash text collate "C" not null,
  constraint audit_entries_pkey PRIMARY KEY (seq),
  constraint audit_entries_id_key UNIQUE (id),
  constraint audit_entries_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text]))),
  constraint audit_entries_seq_check CHECK ((seq >= 1))
);

create table audit_head (
  one integer not null,
  seq integer not null,
  at text collate "C",
  hash text collate "C",
  constraint audit_head_pkey PRIMARY KEY (one),
  constraint audit_head_one_check CHECK ((one = 1))
);

create table calibrations (
  id text collate "C" not null,
  eval_id text collate "C" not null,
  kind text collate "C" not null,
  key text collate "C" not null,
  report text collate "C" not null,
  created_at text collate "C" not null,
  constraint calibrations_pkey PRIMARY KEY (id),
  constraint calibrations_eval_id_fkey FOREIGN KEY (eval_id) REFERENCES evals(id) ON DELETE RESTRICT,
  constraint calibrations_kind_check CHECK ((kind = ANY (ARRAY['gate'::text, 'judge'::text])))
);

create table canary_sweeps (
  rollout_id text collate "C" not null,
  agent_id text collate "C" not null,
  alias text collate "C" not null,
  version integer not null,
  mode text collate "C" not null,
  created_at text collate "C" not null,
  constraint canary_sweeps_pkey PRIMARY KEY (rollout_id),
  constraint canary_sweeps_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE,
  constraint canary_sweeps_mode_check CHECK ((mode = ANY (ARRAY['stop_new_turns'::text, 'interrupt'::text])))
);

create table comparisons (
  id text collate "C" not null,
  eval_id text collate "C" not null,
  candidate_run_id text collate "C" not null,
  baseline_run_id text collate "C" not null,
  gate text collate "C" not null,
  status text collate "C" not null,
  error text collate "C",
  created_at text collate "C" not null,
  ended_at text collate "C",
  origin text collate "C",
  constraint comparisons_pkey PRIMARY KEY (id),
  constraint comparisons_baseline_run_id_fkey FOREIGN KEY (baseline_run_id) REFERENCES eval_runs(id) ON DELETE RESTRICT,
  constraint comparisons_candidate_run_id_fkey FOREIGN KEY (candidate_run_id) REFERENCES eval_runs(id) ON DELETE RESTRICT,
  constraint comparisons_eval_id_fkey FOREIGN KEY (eval_id) REFERENCES evals(id) ON DELETE RESTRICT,
  constraint comparisons_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'canceled'::text])))
);

create table dataset_bodies (
  hash text collate "C" not null,
  body text collate "C" not null,
  constraint dataset_bodies_pkey PRIMARY KEY (hash)
);

create table dataset_cases (
  revision_id text collate "C" not null,
  "position" integer not null,
  case_id text collate "C" not null,
  hash text collate "C" not null,
  constraint dataset_cases_pkey PRIMARY KEY (revision_id, "position"),
  constraint dataset_cases_hash_fkey FOREIGN KEY (hash) REFERENCES dataset_bodies(hash) ON DELETE RESTRICT,
  constraint dataset_cases_position_check CHECK (("position" >= 0))
);

create table dataset_revisions (
  id text collate "C" not null,
  dataset_id text collate "C" not null,
  hash text collate "C" not null,
  cases integer not null,
  summary text collate "C" not null,
  created_at text collate "C" not null,
  constraint dataset_revisions_pkey PRIMARY KEY (id),
  constraint dataset_revisions_dataset_id_hash_key UNIQUE (dataset_id, hash),
  constraint dataset_revisions_dataset_id_fkey FOREIGN KEY (dataset_id) REFERENCES datasets(id) ON DELETE RESTRICT,
  constraint dataset_revisions_cases_check CHECK ((cases >= 1))
);

create table datasets (
  id text collate "C" not null,
  name text collate "C" not null,
  description text collate "C",
  latest_revision_id text collate "C",
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint datasets_pkey PRIMARY KEY (id),
  constraint datasets_name_key UNIQUE (name)
);

create table environments (
  id text collate "C" not null,
  settings text collate "C" not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint environments_pkey PRIMARY KEY (id)
);

create table eval_objects (
  endpoint text collate "C" not null,
  kind text collate "C" not null,
  name text collate "C" not null,
  hash text collate "C" not null,
  object_id text collate "C" not null,
  version integer,
  created_at text collate "C" not null,
  constraint eval_objects_pkey PRIMARY KEY (endpoint, kind, name, hash)
);

create table eval_results (
  run_id text collate "C" not null,
  "position" integer not null,
  epoch integer not null,
  case_id text collate "C" not null,
  case_hash text collate "C" not null,
  status text collate "C" not null,
  outcome_key text collate "C" not null,
  scores text collate "C" not null,
  outcome text collate "C" not null,
  constraint eval_results_pkey PRIMARY KEY (run_id, "position", epoch),
  constraint eval_results_run_id_fkey FOREIGN KEY (run_id) REFERENCES eval_runs(id) ON DELETE CASCADE,
  constraint eval_results_epoch_check CHECK ((epoch >= 1)),
  constraint eval_results_position_check CHECK (("position" >= 0)),
  constraint eval_results_status_check CHECK ((status = ANY (ARRAY['done'::text, 'error'::text])))
);

create table eval_revisions (
  eval_id text collate "C" not null,
  revision integer not null,
  definition text collate "C" not null,
  hash text collate "C" not null,
  created_at text collate "C" not null,
  constraint eval_revisions_pkey PRIMARY KEY (eval_id, revision),
  constraint eval_revisions_eval_id_fkey FOREIGN KEY (eval_id) REFERENCES evals(id) ON DELETE RESTRICT,
  constraint eval_revisions_revision_check CHECK ((revision >= 1))
);

create table eval_runs (
  id text collate "C" not null,
  eval_id text collate "C" not null,
  eval_revision integer not null,
  agent_id text collate "C" not null,
  agent_version integer not null,
  dataset_revision_id text collate "C" not null,
  endpoint text collate "C",
  status text collate "C" not null,
  epochs integer not null,
  fresh integer not null,
  plan text collate "C",
  counts text collate "C" not null,
  error text collate "C",
  attempt integer not null,
  created_at text collate "C" not null,
  started_at text collate "C",
  ended_at text collate "C",
  recorded text collate "C",
  constraint eval_runs_pkey PRIMARY KEY (id),
  constraint eval_runs_dataset_revision_id_fkey FOREIGN KEY (dataset_revision_id) REFERENCES dataset_revisions(id) ON DELETE RESTRICT,
  constraint eval_runs_eval_id_eval_revision_fkey FOREIGN KEY (eval_id, eval_revision) REFERENCES eval_revisions(eval_id, revision) ON DELETE RESTRICT,
  constraint eval_runs_epochs_check CHECK ((epochs >= 1)),
  constraint eval_runs_recorded_check CHECK ((recorded = ANY (ARRAY['production'::text, 'shadow'::text]))),
  constraint eval_runs_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'canceled'::text])))
);

create table evals (
  id text collate "C" not null,
  name text collate "C" not null,
  latest_revision integer not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint evals_pkey PRIMARY KEY (id),
  constraint evals_name_key UNIQUE (name),
  constraint evals_latest_revision_check CHECK ((latest_revision >= 1))
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

create table files (
  id text collate "C" not null,
  filename text collate "C" not null,
  mime_type text collate "C" not null,
  size_bytes integer not null,
  created_at text collate "C" not null,
  expires_at text collate "C",
  expired integer not null,
  constraint files_pkey PRIMARY KEY (id),
  constraint files_expired_check CHECK ((expired = ANY (ARRAY[0, 1]))),
  constraint files_size_bytes_check CHECK ((size_bytes >= 0))
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

create table loose_blobs (
  id text collate "C" not null,
  due_at text collate "C" not null,
  constraint loose_blobs_pkey PRIMARY KEY (id)
);

create table online_costs (
  rollout_id text collate "C" not null,
  name text collate "C" not null,
  cost_usd double precision,
  constraint online_costs_pkey PRIMARY KEY (rollout_id, name),
  constraint online_costs_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE
);

create table online_scorings (
  session_id text collate "C" not null,
  name text collate "C" not null,
  rollout_id text collate "C" not null,
  turns integer not null,
  attempts integer not null,
  due_at text collate "C",
  error text collate "C",
  given_up integer not null,
  constraint online_scorings_pkey PRIMARY KEY (session_id, name),
  constraint online_scorings_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE,
  constraint online_scorings_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint online_scorings_attempts_check CHECK ((attempts >= 0)),
  constraint online_scorings_given_up_check CHECK ((given_up = ANY (ARRAY[0, 1]))),
  constraint online_scorings_turns_check CHECK ((turns >= 0))
);

create table promotions (
  id text collate "C" not null,
  agent_id text collate "C" not null,
  alias text collate "C" not null,
  candidate_version integer not null,
  status text collate "C" not null,
  author text collate "C" not null,
  reason text collate "C",
  basis text collate "C" not null,
  basis_hash text collate "C" not null,
  comparison_id text collate "C",
  override text collate "C",
  move integer,
  reviews integer not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  ended_at text collate "C",
  rollout_id text collate "C",
  constraint promotions_pkey PRIMARY KEY (id),
  constraint promotions_agent_id_alias_fkey FOREIGN KEY (agent_id, alias) REFERENCES aliases(agent_id, name) ON DELETE RESTRICT,
  constraint promotions_agent_id_candidate_version_fkey FOREIGN KEY (agent_id, candidate_version) REFERENCES agent_versions(agent_id, version) ON DELETE RESTRICT,
  constraint promotions_comparison_id_fkey FOREIGN KEY (comparison_id) REFERENCES comparisons(id) ON DELETE RESTRICT,
  constraint promotions_reviews_check CHECK ((reviews >= 0)),
  constraint promotions_status_check CHECK ((status = ANY (ARRAY['in_review'::text, 'approved'::text, 'completed'::text, 'rejected'::text, 'rolled_back'::text, 'canceled'::text])))
);

create table retention_rules (
  agent_id text collate "C" not null,
  days integer,
  export integer not null,
  updated_at text collate "C" not null,
  constraint retention_rules_pkey PRIMARY KEY (agent_id),
  constraint retention_rules_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE RESTRICT,
  constraint retention_rules_days_check CHECK ((days >= 1)),
  constraint retention_rules_export_check CHECK ((export = ANY (ARRAY[0, 1])))
);

create table reviews (
  id text collate "C" not null,
  promotion_id text collate "C" not null,
  "position" integer not null,
  decision text collate "C" not null,
  actor text collate "C" not null,
  comment text collate "C",
  basis_hash text collate "C" not null,
  created_at text collate "C" not null,
  constraint reviews_pkey PRIMARY KEY (id),
  constraint reviews_promotion_id_position_key UNIQUE (promotion_id, "position"),
  constraint reviews_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions(id) ON DELETE RESTRICT,
  constraint reviews_decision_check CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text, 'override'::text, 'comment'::text]))),
  constraint reviews_position_check CHECK (("position" >= 1))
);

create table rollout_departures (
  session_id text collate "C" not null,
  rollout_id text collate "C" not null,
  session text collate "C" not null,
  constraint rollout_departures_pkey PRIMARY KEY (session_id),
  constraint rollout_departures_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE
);

create table rollout_events (
  rollout_id text collate "C" not null,
  seq integer not null,
  type text collate "C" not null,
  actor text collate "C" not null,
  reason text collate "C",
  data text collate "C" not null,
  at text collate "C" not null,
  constraint rollout_events_pkey PRIMARY KEY (rollout_id, seq),
  constraint rollout_events_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE RESTRICT,
  constraint rollout_events_seq_check CHECK ((seq >= 1))
);

create table rollout_evidence (
  rollout_id text collate "C" not null,
  look integer not null,
  at text collate "C" not null,
  data text collate "C" not null,
  constraint rollout_evidence_pkey PRIMARY KEY (rollout_id, look),
  constraint rollout_evidence_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE,
  constraint rollout_evidence_look_check CHECK ((look >= 1))
);

create table rollout_leftovers (
  rollout_id text collate "C" not null,
  constraint rollout_leftovers_pkey PRIMARY KEY (rollout_id),
  constraint rollout_leftovers_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE
);

create table rollout_sessions (
  session_id text collate "C" not null,
  rollout_id text collate "C" not null,
  counted text collate "C" not null,
  constraint rollout_sessions_pkey PRIMARY KEY (session_id),
  constraint rollout_sessions_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE
);

create table rollout_units (
  rollout_id text collate "C" not null,
  unit text collate "C" not null,
  state text collate "C" not null,
  constraint rollout_units_pkey PRIMARY KEY (rollout_id, unit),
  constraint rollout_units_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollouts(id) ON DELETE CASCADE
);

create table rollouts (
  id text collate "C" not null,
  agent_id text collate "C" not null,
  alias text collate "C" not null,
  promotion_id text collate "C" not null,
  baseline_version integer not null,
  candidate_version integer not null,
  salt text collate "C" not null,
  retry_of text collate "C",
  settings text collate "C" not null,
  status text collate "C" not null,
  step integer not null,
  weight integer not null,
  step_since text collate "C" not null,
  pause text collate "C",
  state text collate "C" not null,
  decision text collate "C",
  looks integer not null,
  last_look_at text collate "C",
  next_look_at text collate "C",
  last_traffic_at text collate "C" not null,
  events integer not null,
  actor text collate "C" not null,
  reason text collate "C",
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  ended_at text collate "C",
  ended_by text collate "C",
  end_reason text collate "C",
  constraint rollouts_pkey PRIMARY KEY (id),
  constraint rollouts_agent_id_alias_fkey FOREIGN KEY (agent_id, alias) REFERENCES aliases(agent_id, name) ON DELETE RESTRICT,
  constraint rollouts_agent_id_candidate_version_fkey FOREIGN KEY (agent_id, candidate_version) REFERENCES agent_versions(agent_id, version) ON DELETE RESTRICT,
  constraint rollouts_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions(id) ON DELETE RESTRICT,
  constraint rollouts_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES rollouts(id) ON DELETE RESTRICT,
  constraint rollouts_check CHECK (((status = ANY (ARRAY['running'::text, 'paused'::text])) = (ended_at IS NULL))),
  constraint rollouts_events_check CHECK ((events >= 0)),
  constraint rollouts_looks_check CHECK ((looks >= 0)),
  constraint rollouts_status_check CHECK ((status = ANY (ARRAY['running'::text, 'paused'::text, 'completed'::text, 'rolled_back'::text, 'aborted'::text]))),
  constraint rollouts_step_check CHECK ((step >= 0)),
  constraint rollouts_weight_check CHECK (((weight >= 0) AND (weight <= 10000)))
);

create table session_files (
  session_id text collate "C" not null,
  file_id text collate "C" not null,
  constraint session_files_pkey PRIMARY KEY (session_id, file_id),
  constraint session_files_file_id_fkey FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE,
  constraint session_files_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
);

create table session_scores (
  id text collate "C" not null,
  session_id text collate "C" not null,
  "position" integer not null,
  name text collate "C" not null,
  value double precision not null,
  comment text collate "C",
  source text collate "C" not null,
  actor text collate "C" not null,
  created_at text collate "C" not null,
  constraint session_scores_pkey PRIMARY KEY (id),
  constraint session_scores_session_id_position_key UNIQUE (session_id, "position"),
  constraint session_scores_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint session_scores_position_check CHECK (("position" >= 1)),
  constraint session_scores_source_check CHECK ((source = ANY (ARRAY['api'::text, 'scorer'::text]))),
  constraint session_scores_value_check CHECK (((value >= (0)::double precision) AND (value <= (1)::double precision)))
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
  resolution_alias text collate "C",
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
  stopped_at text collate "C",
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  rollout_id text collate "C",
  arm text collate "C",
  weight integer,
  unit text collate "C",
  turns integer default 0 not null,
  failed_turns integer default 0 not null,
  refused_turns integer default 0 not null,
  scores integer default 0 not null,
  unseen integer default 0 not null,
  open_calls text collate "C",
  rounds integer default 0 not null,
  context_from integer default 0 not null,
  vault_ids text collate "C",
  budget text collate "C",
  list_cost_usd double precision,
  copy_of text collate "C",
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_agent_id_agent_version_fkey FOREIGN KEY (agent_id, agent_version) REFERENCES agent_versions(agent_id, version) ON DELETE RESTRICT,
  constraint sessions_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environments(id) ON DELETE RESTRICT,
  constraint sessions_arm_check CHECK ((arm = ANY (ARRAY['control'::text, 'canary'::text]))),
  constraint sessions_queued_check CHECK ((queued >= 0)),
  constraint sessions_resolution_reason_check CHECK ((resolution_reason = ANY (ARRAY['pinned'::text, 'alias'::text, 'latest'::text]))),
  constraint sessions_status_check CHECK ((status = ANY (ARRAY['rescheduling'::text, 'running'::text, 'idle'::text, 'terminated'::text])))
);

create table shadow_pairs (
  shadow_id text collate "C" not null,
  session_id text collate "C" not null,
  shadow_session_id text collate "C",
  status text collate "C" not null,
  seen_turns integer not null,
  turns integer not null,
  tally text collate "C",
  reason text collate "C",
  created_at text collate "C" not null,
  constraint shadow_pairs_pkey PRIMARY KEY (shadow_id, session_id),
  constraint shadow_pairs_shadow_id_fkey FOREIGN KEY (shadow_id) REFERENCES shadows(id) ON DELETE RESTRICT,
  constraint shadow_pairs_seen_turns_check CHECK ((seen_turns >= 0)),
  constraint shadow_pairs_status_check CHECK ((status = ANY (ARRAY['open'::text, 'skipped'::text, 'failed'::text]))),
  constraint shadow_pairs_turns_check CHECK ((turns >= 0))
);

create table shadows (
  id text collate "C" not null,
  agent_id text collate "C" not null,
  alias text collate "C" not null,
  baseline_version integer not null,
  candidate_version integer not null,
  sample double precision not null,
  max_sessions integer not null,
  begun integer not null,
  eval_id text collate "C",
  status text collate "C" not null,
  ended_reason text collate "C",
  copies_archived integer not null,
  seen_until text collate "C" not null,
  actor text collate "C" not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  ended_at text collate "C",
  constraint shadows_pkey PRIMARY KEY (id),
  constraint shadows_agent_id_alias_fkey FOREIGN KEY (agent_id, alias) REFERENCES aliases(agent_id, name) ON DELETE RESTRICT,
  constraint shadows_agent_id_candidate_version_fkey FOREIGN KEY (agent_id, candidate_version) REFERENCES agent_versions(agent_id, version) ON DELETE RESTRICT,
  constraint shadows_eval_id_fkey FOREIGN KEY (eval_id) REFERENCES evals(id) ON DELETE RESTRICT,
  constraint shadows_begun_check CHECK ((begun >= 0)),
  constraint shadows_check CHECK (((status = 'running'::text) = (ended_at IS NULL))),
  constraint shadows_check1 CHECK (((copies_archived = 0) OR (ended_at IS NOT NULL))),
  constraint shadows_copies_archived_check CHECK ((copies_archived = ANY (ARRAY[0, 1]))),
  constraint shadows_max_sessions_check CHECK ((max_sessions >= 1)),
  constraint shadows_sample_check CHECK (((sample >= (0.0001)::double precision) AND (sample <= (1)::double precision))),
  constraint shadows_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'stopped'::text])))
);

create table sign_ins (
  hash text collate "C" not null,
  key_id text collate "C" not null,
  created_at text collate "C" not null,
  expires_at text collate "C" not null,
  constraint sign_ins_pkey PRIMARY KEY (hash),
  constraint sign_ins_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(id) ON DELETE CASCADE
);

create table sweeps (
  agent_id text collate "C" not null,
  alias text collate "C" not null,
  move integer not null,
  version integer not null,
  mode text collate "C" not null,
  created_at text collate "C" not null,
  constraint sweeps_pkey PRIMARY KEY (agent_id, alias, move),
  constraint sweeps_agent_id_alias_move_fkey FOREIGN KEY (agent_id, alias, move) REFERENCES alias_moves(agent_id, alias, move) ON DELETE RESTRICT,
  constraint sweeps_mode_check CHECK ((mode = ANY (ARRAY['stop_new_turns'::text, 'interrupt'::text])))
);

create table vault_credentials (
  id text collate "C" not null,
  vault_id text collate "C" not null,
  display_name text collate "C",
  metadata text collate "C" not null,
  url_key text collate "C" not null,
  auth text collate "C" not null,
  sealed text collate "C",
  key_id text collate "C",
  revision integer not null,
  refreshing_until text collate "C",
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint vault_credentials_pkey PRIMARY KEY (id),
  constraint vault_credentials_vault_id_fkey FOREIGN KEY (vault_id) REFERENCES vaults(id) ON DELETE CASCADE,
  constraint vault_credentials_check CHECK (((sealed IS NULL) = (key_id IS NULL))),
  constraint vault_credentials_check1 CHECK (((sealed IS NULL) = (archived_at IS NOT NULL))),
  constraint vault_credentials_revision_check CHECK ((revision >= 1))
);

create table vaults (
  id text collate "C" not null,
  display_name text collate "C" not null,
  metadata text collate "C" not null,
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  archived_at text collate "C",
  constraint vaults_pkey PRIMARY KEY (id)
);

create table verdicts (
  comparison_id text collate "C" not null,
  verdict text collate "C" not null,
  report text collate "C" not null,
  created_at text collate "C" not null,
  constraint verdicts_pkey PRIMARY KEY (comparison_id),
  constraint verdicts_comparison_id_fkey FOREIGN KEY (comparison_id) REFERENCES comparisons(id) ON DELETE RESTRICT,
  constraint verdicts_verdict_check CHECK ((verdict = ANY (ARRAY['pass'::text, 'fail'::text, 'inconclusive'::text, 'error'::text])))
);

create table webhook_deliveries (
  id text collate "C" not null,
  webhook_id text collate "C" not null,
  event_id text collate "C" not null,
  event_type text collate "C" not null,
  body text collate "C" not null,
  status text collate "C" not null,
  attempts integer not null,
  response_status integer,
  error text collate "C",
  last_attempt_at text collate "C",
  due_at text collate "C",
  created_at text collate "C" not null,
  ended_at text collate "C",
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE,
  constraint webhook_deliveries_attempts_check CHECK ((attempts >= 0)),
  constraint webhook_deliveries_check CHECK (((status = 'pending'::text) = (due_at IS NOT NULL))),
  constraint webhook_deliveries_check1 CHECK (((status = 'pending'::text) = (ended_at IS NULL))),
  constraint webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
);

create table webhooks (
  id text collate "C" not null,
  url text collate "C" not null,
  description text collate "C",
  enabled_events text collate "C" not null,
  state text collate "C" not null,
  disabled_reason text collate "C",
  failing_since text collate "C",
  signing_secret text collate "C" not null,
  old_secret text collate "C",
  old_secret_until text collate "C",
  created_at text collate "C" not null,
  updated_at text collate "C" not null,
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['gone'::text, 'failing'::text]))),
  constraint webhooks_state_check CHECK ((state = ANY (ARRAY['enabled'::text, 'disabled'::text])))
);

CREATE INDEX agents_by_time ON public.agents USING btree (created_at, id);

CREATE INDEX agents_live ON public.agents USING btree (created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX alias_moves_to ON public.alias_moves USING btree (agent_id, alias, to_version, move);

CREATE INDEX api_keys_by_time ON public.api_keys USING btree (created_at, id);

CREATE INDEX audit_by_time ON public.audit_entries USING btree (at, seq);

CREATE INDEX audit_of_subject ON public.audit_entries USING btree (subject_id, seq);

CREATE INDEX calibrations_by_time ON public.calibrations USING btree (created_at, id);

CREATE INDEX calibrations_of_eval ON public.calibrations USING btree (eval_id, kind, key, created_at, id);

CREATE INDEX comparisons_busy ON public.comparisons USING btree (created_at, id) WHERE (status = ANY (ARRAY['pending'::text, 'running'::text]));

CREATE INDEX comparisons_by_time ON public.comparisons USING btree (created_at, id);

CREATE INDEX comparisons_of_candidate ON public.comparisons USING btree (candidate_run_id);

CREATE INDEX comparisons_of_eval ON public.comparisons USING btree (eval_id, created_at, id);

CREATE UNIQUE INDEX dataset_cases_by_id ON public.dataset_cases USING btree (revision_id, case_id);

CREATE INDEX dataset_revisions_of_dataset ON public.dataset_revisions USING btree (dataset_id, created_at, id);

CREATE INDEX datasets_by_time ON public.datasets USING btree (created_at, id);

CREATE INDEX environments_by_time ON public.environments USING btree (created_at, id);

CREATE INDEX environments_live ON public.environments USING btree (created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX eval_results_to_reuse ON public.eval_results USING btree (outcome_key) WHERE (status = 'done'::text);

CREATE INDEX eval_runs_busy ON public.eval_runs USING btree (created_at, id) WHERE (status = ANY (ARRAY['pending'::text, 'running'::text]));

CREATE INDEX eval_runs_by_time ON public.eval_runs USING btree (created_at, id);

CREATE INDEX eval_runs_of_agent ON public.eval_runs USING btree (agent_id, agent_version, created_at, id);

CREATE INDEX eval_runs_of_eval ON public.eval_runs USING btree (eval_id, created_at, id);

CREATE INDEX evals_by_time ON public.evals USING btree (created_at, id);

CREATE INDEX files_expiring ON public.files USING btree (expires_at) WHERE ((expires_at IS NOT NULL) AND (expired = 0));

CREATE INDEX loose_blobs_due ON public.loose_blobs USING btree (due_at, id);

CREATE INDEX online_scorings_due ON public.online_scorings USING btree (rollout_id, name, due_at, session_id) WHERE (due_at IS NOT NULL);

CREATE INDEX online_scorings_given_up ON public.online_scorings USING btree (rollout_id, name) WHERE (given_up = 1);

CREATE INDEX online_scorings_of ON public.online_scorings USING btree (rollout_id);

CREATE INDEX promotions_by_time ON public.promotions USING btree (created_at, id);

CREATE INDEX promotions_of_alias ON public.promotions USING btree (agent_id, alias, created_at, id);

CREATE UNIQUE INDEX promotions_open ON public.promotions USING btree (agent_id, alias, candidate_version) WHERE (status = ANY (ARRAY['in_review'::text, 'approved'::text]));

CREATE INDEX rollout_departures_of ON public.rollout_departures USING btree (rollout_id, session_id);

CREATE INDEX rollout_sessions_of ON public.rollout_sessions USING btree (rollout_id);

CREATE INDEX rollouts_by_time ON public.rollouts USING btree (created_at, id);

CREATE INDEX rollouts_of_alias ON public.rollouts USING btree (agent_id, alias, created_at, id);

CREATE INDEX rollouts_of_promotion ON public.rollouts USING btree (promotion_id);

CREATE UNIQUE INDEX rollouts_open ON public.rollouts USING btree (agent_id, alias) WHERE (status = ANY (ARRAY['running'::text, 'paused'::text]));

CREATE INDEX rollouts_open_by_time ON public.rollouts USING btree (created_at, id) WHERE (status = ANY (ARRAY['running'::text, 'paused'::text]));

CREATE INDEX session_files_of_file ON public.session_files USING btree (file_id);

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

CREATE INDEX sessions_quiet ON public.sessions USING btree (agent_id, updated_at, id) WHERE (status = ANY (ARRAY['idle'::text, 'terminated'::text]));

CREATE INDEX sessions_unseen ON public.sessions USING btree (rollout_id, id) WHERE (unseen = 1);

CREATE INDEX shadow_pairs_begun ON public.shadow_pairs USING btree (shadow_id, created_at, session_id) WHERE ((status = 'open'::text) AND (shadow_session_id IS NOT NULL));

CREATE INDEX shadow_pairs_waiting ON public.shadow_pairs USING btree (shadow_id, created_at, session_id) WHERE ((status = 'open'::text) AND (shadow_session_id IS NULL));

CREATE INDEX shadows_by_time ON public.shadows USING btree (created_at, id);

CREATE INDEX shadows_of_agent ON public.shadows USING btree (agent_id, created_at, id);

CREATE INDEX shadows_open ON public.shadows USING btree (id) WHERE (copies_archived = 0);

CREATE INDEX sign_ins_end ON public.sign_ins USING btree (expires_at);

CREATE UNIQUE INDEX vault_credentials_active ON public.vault_credentials USING btree (vault_id, url_key) WHERE (archived_at IS NULL);

CREATE INDEX vault_credentials_by_key ON public.vault_credentials USING btree (key_id, id) WHERE (key_id IS NOT NULL);

CREATE INDEX vault_credentials_live ON public.vault_credentials USING btree (vault_id, created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX vault_credentials_of_vault ON public.vault_credentials USING btree (vault_id, created_at, id);

CREATE INDEX vaults_by_time ON public.vaults USING btree (created_at, id);

CREATE INDEX vaults_live ON public.vaults USING btree (created_at, id) WHERE (archived_at IS NULL);

CREATE INDEX webhook_deliveries_dead ON public.webhook_deliveries USING btree (created_at, id) WHERE (status = 'dead'::text);

CREATE INDEX webhook_deliveries_dead_of_webhook ON public.webhook_deliveries USING btree (webhook_id, created_at, id) WHERE (status = 'dead'::text);

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (webhook_id, due_at, id) WHERE (due_at IS NOT NULL);

CREATE INDEX webhook_deliveries_ended ON public.webhook_deliveries USING btree (status, ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX webhook_deliveries_of_webhook ON public.webhook_deliveries USING btree (webhook_id, created_at, id);

CREATE INDEX webhooks_by_time ON public.webhooks USING btree (created_at, id);

CREATE OR REPLACE FUNCTION public.agent_versions_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'agent_versions rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.alias_moves_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'alias_moves rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.audit_entries_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'audit_entries rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.calibrations_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'calibrations rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.dataset_bodies_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'dataset_bodies rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.dataset_cases_keep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
      if exists (select 1 from dataset_revisions where id = old.revision_id) then
        raise exception 'dataset_cases rows are never changed';
      end if;
      return old;
    end $function$;

CREATE OR REPLACE FUNCTION public.dataset_cases_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'dataset_cases rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.dataset_revisions_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'dataset_revisions rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.eval_revisions_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'eval_revisions rows are never changed'; end $function$;

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

CREATE OR REPLACE FUNCTION public.reviews_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'reviews rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.rollout_events_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'rollout_events rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.session_scores_keep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin
      if exists (select 1 from sessions where id = old.session_id) then
        raise exception 'session_scores rows are never changed';
      end if;
      return old;
    end $function$;

CREATE OR REPLACE FUNCTION public.session_scores_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'session_scores rows are never changed'; end $function$;

CREATE OR REPLACE FUNCTION public.verdicts_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin raise exception 'verdicts rows are never changed'; end $function$;

CREATE TRIGGER agent_versions_refuse_delete BEFORE DELETE ON public.agent_versions FOR EACH ROW EXECUTE FUNCTION agent_versions_refuse();

CREATE TRIGGER agent_versions_refuse_truncate BEFORE TRUNCATE ON public.agent_versions FOR EACH STATEMENT EXECUTE FUNCTION agent_versions_refuse();

CREATE TRIGGER agent_versions_refuse_update BEFORE UPDATE ON public.agent_versions FOR EACH ROW EXECUTE FUNCTION agent_versions_refuse();

CREATE TRIGGER alias_moves_refuse_delete BEFORE DELETE ON public.alias_moves FOR EACH ROW EXECUTE FUNCTION alias_moves_refuse();

CREATE TRIGGER alias_moves_refuse_truncate BEFORE TRUNCATE ON public.alias_moves FOR EACH STATEMENT EXECUTE FUNCTION alias_moves_refuse();

CREATE TRIGGER alias_moves_refuse_update BEFORE UPDATE ON public.alias_moves FOR EACH ROW EXECUTE FUNCTION alias_moves_refuse();

CREATE TRIGGER audit_entries_refuse_delete BEFORE DELETE ON public.audit_entries FOR EACH ROW EXECUTE FUNCTION audit_entries_refuse();

CREATE TRIGGER audit_entries_refuse_truncate BEFORE TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse();

CREATE TRIGGER audit_entries_refuse_update BEFORE UPDATE ON public.audit_entries FOR EACH ROW EXECUTE FUNCTION audit_entries_refuse();

CREATE TRIGGER calibrations_refuse_delete BEFORE DELETE ON public.calibrations FOR EACH ROW EXECUTE FUNCTION calibrations_refuse();

CREATE TRIGGER calibrations_refuse_truncate BEFORE TRUNCATE ON public.calibrations FOR EACH STATEMENT EXECUTE FUNCTION calibrations_refuse();

CREATE TRIGGER calibrations_refuse_update BEFORE UPDATE ON public.calibrations FOR EACH ROW EXECUTE FUNCTION calibrations_refuse();

CREATE TRIGGER dataset_bodies_refuse_delete BEFORE DELETE ON public.dataset_bodies FOR EACH ROW EXECUTE FUNCTION dataset_bodies_refuse();

CREATE TRIGGER dataset_bodies_refuse_truncate BEFORE TRUNCATE ON public.dataset_bodies FOR EACH STATEMENT EXECUTE FUNCTION dataset_bodies_refuse();

CREATE TRIGGER dataset_bodies_refuse_update BEFORE UPDATE ON public.dataset_bodies FOR EACH ROW EXECUTE FUNCTION dataset_bodies_refuse();

CREATE TRIGGER dataset_cases_refuse_delete BEFORE DELETE ON public.dataset_cases FOR EACH ROW EXECUTE FUNCTION dataset_cases_keep();

CREATE TRIGGER dataset_cases_refuse_truncate BEFORE TRUNCATE ON public.dataset_cases FOR EACH STATEMENT EXECUTE FUNCTION dataset_cases_refuse();

CREATE TRIGGER dataset_cases_refuse_update BEFORE UPDATE ON public.dataset_cases FOR EACH ROW EXECUTE FUNCTION dataset_cases_refuse();

CREATE TRIGGER dataset_revisions_refuse_delete BEFORE DELETE ON public.dataset_revisions FOR EACH ROW EXECUTE FUNCTION dataset_revisions_refuse();

CREATE TRIGGER dataset_revisions_refuse_truncate BEFORE TRUNCATE ON public.dataset_revisions FOR EACH STATEMENT EXECUTE FUNCTION dataset_revisions_refuse();

CREATE TRIGGER dataset_revisions_refuse_update BEFORE UPDATE ON public.dataset_revisions FOR EACH ROW EXECUTE FUNCTION dataset_revisions_refuse();

CREATE TRIGGER eval_revisions_refuse_delete BEFORE DELETE ON public.eval_revisions FOR EACH ROW EXECUTE FUNCTION eval_revisions_refuse();

CREATE TRIGGER eval_revisions_refuse_truncate BEFORE TRUNCATE ON public.eval_revisions FOR EACH STATEMENT EXECUTE FUNCTION eval_revisions_refuse();

CREATE TRIGGER eval_revisions_refuse_update BEFORE UPDATE ON public.eval_revisions FOR EACH ROW EXECUTE FUNCTION eval_revisions_refuse();

CREATE TRIGGER events_refuse_delete BEFORE DELETE ON public.events FOR EACH ROW EXECUTE FUNCTION events_keep();

CREATE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();

CREATE TRIGGER events_refuse_update BEFORE UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION events_refuse();

CREATE TRIGGER reviews_refuse_delete BEFORE DELETE ON public.reviews FOR EACH ROW EXECUTE FUNCTION reviews_refuse();

CREATE TRIGGER reviews_refuse_truncate BEFORE TRUNCATE ON public.reviews FOR EACH STATEMENT EXECUTE FUNCTION reviews_refuse();

CREATE TRIGGER reviews_refuse_update BEFORE UPDATE ON public.reviews FOR EACH ROW EXECUTE FUNCTION reviews_refuse();

CREATE TRIGGER rollout_events_refuse_delete BEFORE DELETE ON public.rollout_events FOR EACH ROW EXECUTE FUNCTION rollout_events_refuse();

CREATE TRIGGER rollout_events_refuse_truncate BEFORE TRUNCATE ON public.rollout_events FOR EACH STATEMENT EXECUTE FUNCTION rollout_events_refuse();

CREATE TRIGGER rollout_events_refuse_update BEFORE UPDATE ON public.rollout_events FOR EACH ROW EXECUTE FUNCTION rollout_events_refuse();

CREATE TRIGGER session_scores_refuse_delete BEFORE DELETE ON public.session_scores FOR EACH ROW EXECUTE FUNCTION session_scores_keep();

CREATE TRIGGER session_scores_refuse_truncate BEFORE TRUNCATE ON public.session_scores FOR EACH STATEMENT EXECUTE FUNCTION session_scores_refuse();

CREATE TRIGGER session_scores_refuse_update BEFORE UPDATE ON public.session_scores FOR EACH ROW EXECUTE FUNCTION session_scores_refuse();

CREATE TRIGGER verdicts_refuse_delete BEFORE DELETE ON public.verdicts FOR EACH ROW EXECUTE FUNCTION verdicts_refuse();

CREATE TRIGGER verdicts_refuse_truncate BEFORE TRUNCATE ON public.verdicts FOR EACH STATEMENT EXECUTE FUNCTION verdicts_refuse();

CREATE TRIGGER verdicts_refuse_update BEFORE UPDATE ON public.verdicts FOR EACH ROW EXECUTE FUNCTION verdicts_refuse();
