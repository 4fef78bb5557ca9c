import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Online scoring: which sessions of rollouts are still to be scored, by which of their scorers, and what that has cost. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
}

const tables = [
  `create table online_scorings (
    session_id text not null references sessions (id) on delete cascade,
    name text not null,
    rollout_id text not null references rollouts (id) on delete cascade,
    turns integer not null check (turns >= 0),
    attempts integer not null check (attempts >= 0),
    due_at text,
    error text,
    given_up integer not null check (given_up in (0, 1)),
    primary key (session_id, name)
  )`,
  `create table online_costs (
    rollout_id text not null references rollouts (id) on delete cascade,
    name text not null,
    cost_usd double precision,
    primary key (rollout_id, name)
  )`,
];

const indexes = [
  `create index online_scorings_due on online_scorings (rollout_id, name, due_at, session_id)
    where due_at is not null`,
  'create index online_scorings_given_up on online_scorings (rollout_id, name) where given_up = 1',
  'create index online_scorings_of on online_scorings (rollout_id)',
];
