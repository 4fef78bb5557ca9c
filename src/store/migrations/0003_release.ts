import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** What release remembers: aliases and their histories, promotions with their reviews, and the audit log. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const guards = [
    ...dialect.refuseChanges('alias_moves', ['update', 'delete'], [['agent_id', 'alias', 'move']]),
    ...dialect.refuseChanges('reviews', ['update', 'delete'], [['id'], ['promotion_id', 'position']]),
    ...dialect.refuseChanges('audit_entries', ['update', 'delete'], [['seq'], ['id']]),
  ];
  await runStep(db, dialect, { tables, indexes, guards });
}

const tables = [
  `create table aliases (
    agent_id text not null references agents (id) on delete restrict,
    name text not null,
    version integer,
    move integer not null check (move >= 0),
    hold text,
    policy text not null,
    created_at text not null,
    updated_at text not null,
    primary key (agent_id, name),
    foreign key (agent_id, version) references agent_versions (agent_id, version) on delete restrict
  )`,
  `create table alias_moves (
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
  )`,
  `create table sweeps (
    agent_id text not null,
    alias text not null,
    move integer not null,
    version integer not null,
    mode text not null check (mode in ('stop_new_turns', 'interrupt')),
    created_at text not null,
    primary key (agent_id, alias, move),
    foreign key (agent_id, alias, move) references alias_moves (agent_id, alias, move) on delete restrict
  )`,
  `create table promotions (
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
    ended_at text,
    foreign key (agent_id, alias) references aliases (agent_id, name) on delete restrict,
    foreign key (agent_id, candidate_version) references agent_versions (agent_id, version) on delete restrict
  )`,
  `create table reviews (
    id text primary key,
    promotion_id text not null references promotions (id) on delete restrict,
    position integer not null check (position >= 1),
    decision text not null check (decision in ('approve', 'reject', 'override', 'comment')),
    actor text not null,
    comment text,
    basis_hash text not null,
    created_at text not null,
    unique (promotion_id, position)
  )`,
  `create table audit_entries (
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
  )`,
  `create table audit_head (
    one integer primary key check (one = 1),
    seq integer not null,
    at text,
    hash text
  )`,
  'insert into audit_head (one, seq) values (1, 0)',
];

const indexes = [
  'create index promotions_by_time on promotions (created_at, id)',
  'create index promotions_of_alias on promotions (agent_id, alias, created_at, id)',
  `create unique index promotions_open on promotions (agent_id, alias, candidate_version)
    where status in ('in_review', 'approved')`,
  'create index audit_of_subject on audit_entries (subject_id, seq)',
  'create index comparisons_of_candidate on comparisons (candidate_run_id)',
  'create index alias_moves_to on alias_moves (agent_id, alias, to_version, move)',
];
