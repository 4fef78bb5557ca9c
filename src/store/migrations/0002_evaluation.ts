import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** What evaluation remembers: datasets and their revisions, evals, runs with their results, and verdicts. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const guards = [
    ...dialect.refuseChanges('dataset_revisions', ['update', 'delete']),
    ...dialect.refuseChanges('dataset_bodies', ['update', 'delete']),
    ...dialect.refuseChanges('dataset_cases', ['update']),
    // An import that was broken off leaves cases without a revision; only those may be swept away.
    ...dialect.refuseLoneDelete('dataset_cases', { table: 'dataset_revisions', key: 'revision_id' }),
    ...dialect.refuseChanges('eval_revisions', ['update', 'delete'], [['eval_id', 'revision']]),
    ...dialect.refuseChanges('verdicts', ['update', 'delete'], [['comparison_id']]),
    ...dialect.refuseChanges('calibrations', ['update', 'delete']),
  ];
  await runStep(db, dialect, { tables, indexes, guards });
}

const tables = [
  `create table datasets (
    id text primary key,
    name text not null unique,
    description text,
    latest_revision_id text,
    created_at text not null,
    updated_at text not null,
    archived_at text
  )`,
  `create table dataset_revisions (
    id text primary key,
    dataset_id text not null references datasets (id) on delete restrict,
    hash text not null,
    cases integer not null check (cases >= 1),
    summary text not null,
    created_at text not null,
    unique (dataset_id, hash)
  )`,
  `create table dataset_bodies (
    hash text primary key,
    body text not null
  )`,
  `create table dataset_cases (
    revision_id text not null,
    position integer not null check (position >= 0),
    case_id text not null,
    hash text not null references dataset_bodies (hash) on delete restrict,
    primary key (revision_id, position)
  )`,
  `create table evals (
    id text primary key,
    name text not null unique,
    latest_revision integer not null check (latest_revision >= 1),
    created_at text not null,
    updated_at text not null,
    archived_at text
  )`,
  `create table eval_revisions (
    eval_id text not null references evals (id) on delete restrict,
    revision integer not null check (revision >= 1),
    definition text not null,
    hash text not null,
    created_at text not null,
    primary key (eval_id, revision)
  )`,
  `create table eval_runs (
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
    ended_at text,
    foreign key (eval_id, eval_revision) references eval_revisions (eval_id, revision) on delete restrict
  )`,
  `create table eval_results (
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
  )`,
  `create table eval_objects (
    endpoint text not null,
    kind text not null,
    name text not null,
    hash text not null,
    object_id text not null,
    version integer,
    created_at text not null,
    primary key (endpoint, kind, name, hash)
  )`,
  `create table comparisons (
    id text primary key,
    eval_id text not null references evals (id) on delete restrict,
    candidate_run_id text not null references eval_runs (id) on delete restrict,
    baseline_run_id text not null references eval_runs (id) on delete restrict,
    gate text not null,
    status text not null check (status in ('pending', 'running', 'completed', 'failed', 'canceled')),
    error text,
    created_at text not null,
    ended_at text
  )`,
  `create table verdicts (
    comparison_id text primary key references comparisons (id) on delete restrict,
    verdict text not null check (verdict in ('pass', 'fail', 'inconclusive', 'error')),
    report text not null,
    created_at text not null
  )`,
  `create table calibrations (
    id text primary key,
    eval_id text not null references evals (id) on delete restrict,
    kind text not null check (kind in ('gate', 'judge')),
    key text not null,
    report text not null,
    created_at text not null
  )`,
];

const indexes = [
  'create index datasets_by_time on datasets (created_at, id)',
  'create index dataset_revisions_of_dataset on dataset_revisions (dataset_id, created_at, id)',
  'create unique index dataset_cases_by_id on dataset_cases (revision_id, case_id)',
  'create index evals_by_time on evals (created_at, id)',
  'create index eval_runs_by_time on eval_runs (created_at, id)',
  'create index eval_runs_of_eval on eval_runs (eval_id, created_at, id)',
  'create index eval_runs_of_agent on eval_runs (agent_id, agent_version, created_at, id)',
  `create index eval_runs_busy on eval_runs (created_at, id) where status in ('pending', 'running')`,
  `create index eval_results_to_reuse on eval_results (outcome_key) where status = 'done'`,
  'create index comparisons_by_time on comparisons (created_at, id)',
  'create index comparisons_of_eval on comparisons (eval_id, created_at, id)',
  `create index comparisons_busy on comparisons (created_at, id) where status in ('pending', 'running')`,
  'create index calibrations_of_eval on calibrations (eval_id, kind, key, created_at, id)',
  'create index calibrations_by_time on calibrations (created_at, id)',
];
