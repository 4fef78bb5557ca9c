import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Rollouts: who of the traffic gets a candidate, what came of it, and what was decided on that. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const guards = dialect.refuseChanges('rollout_events', ['update', 'delete'], [['rollout_id', 'seq']]);
  const scores = [
    ...dialect.refuseChanges('session_scores', ['update'], [['id'], ['session_id', 'position']]),
    ...dialect.refuseLoneDelete('session_scores', { table: 'sessions', key: 'session_id' }),
  ];
  await runStep(db, dialect, { tables, indexes, guards: [...guards, ...scores] });
}

const tables = [
  'alter table aliases add column rollout_id text',
  'alter table aliases add column canary_salt text',
  'alter table aliases add column canary_version integer',
  'alter table aliases add column canary_weight integer',
  'alter table promotions add column rollout_id text',
  'alter table sessions add column rollout_id text',
  "alter table sessions add column arm text check (arm in ('control', 'canary'))",
  'alter table sessions add column weight integer',
  'alter table sessions add column unit text',
  'alter table sessions add column turns integer not null default 0',
  'alter table sessions add column failed_turns integer not null default 0',
  'alter table sessions add column refused_turns integer not null default 0',
  'alter table sessions add column scores integer not null default 0',
  'alter table sessions add column unseen integer not null default 0',
  `create table rollouts (
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
  )`,
  `create table rollout_events (
    rollout_id text not null references rollouts (id) on delete restrict,
    seq integer not null check (seq >= 1),
    type text not null,
    actor text not null,
    reason text,
    data text not null,
    at text not null,
    primary key (rollout_id, seq)
  )`,
  `create table rollout_units (
    rollout_id text not null references rollouts (id) on delete cascade,
    unit text not null,
    state text not null,
    primary key (rollout_id, unit)
  )`,
  `create table rollout_sessions (
    session_id text primary key,
    rollout_id text not null references rollouts (id) on delete cascade,
    counted text not null
  )`,
  `create table rollout_departures (
    session_id text primary key,
    rollout_id text not null references rollouts (id) on delete cascade,
    session text not null
  )`,
  `create table rollout_leftovers (
    rollout_id text primary key references rollouts (id) on delete cascade
  )`,
  `create table session_scores (
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
  )`,
  `create table canary_sweeps (
    rollout_id text primary key references rollouts (id) on delete cascade,
    agent_id text not null,
    alias text not null,
    version integer not null,
    mode text not null check (mode in ('stop_new_turns', 'interrupt')),
    created_at text not null
  )`,
];

const indexes = [
  "create unique index rollouts_open on rollouts (agent_id, alias) where status in ('running', 'paused')",
  "create index rollouts_open_by_time on rollouts (created_at, id) where status in ('running', 'paused')",
  'create index rollouts_by_time on rollouts (created_at, id)',
  'create index rollouts_of_alias on rollouts (agent_id, alias, created_at, id)',
  'create index rollouts_of_promotion on rollouts (promotion_id)',
  'create index sessions_unseen on sessions (rollout_id, id) where unseen = 1',
  'create index rollout_departures_of on rollout_departures (rollout_id, session_id)',
  'create index rollout_sessions_of on rollout_sessions (rollout_id)',
];
