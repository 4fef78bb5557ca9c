import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Runs whose answers are recorded, and candidates that answer copies of what users say. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
}

const tables = [
  "alter table eval_runs add column recorded text check (recorded in ('production', 'shadow'))",
  'alter table comparisons add column origin text',
  `create table shadows (
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
  )`,
  `create table shadow_pairs (
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
  )`,
];

const indexes = [
  'create index shadows_by_time on shadows (created_at, id)',
  'create index shadows_of_agent on shadows (agent_id, created_at, id)',
  'create index shadows_open on shadows (id) where copies_archived = 0',
  `create index shadow_pairs_begun on shadow_pairs (shadow_id, created_at, session_id)
    where status = 'open' and shadow_session_id is not null`,
  `create index shadow_pairs_waiting on shadow_pairs (shadow_id, created_at, session_id)
    where status = 'open' and shadow_session_id is null`,
];
