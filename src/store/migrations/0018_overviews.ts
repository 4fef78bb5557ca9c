import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** What was known of a rollout's traffic at some of its looks, so that its way can be drawn; and the audit log by time. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
}

const tables = [
  `create table rollout_evidence (
    rollout_id text not null references rollouts (id) on delete cascade,
    look integer not null check (look >= 1),
    at text not null,
    data text not null,
    primary key (rollout_id, look)
  )`,
];

const indexes = ['create index audit_by_time on audit_entries (at, seq)'];
