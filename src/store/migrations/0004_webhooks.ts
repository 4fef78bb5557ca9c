import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Webhooks, and the outbox of what they are told. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes });
}

const tables = [
  `create table webhooks (
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
  )`,
  `create table webhook_deliveries (
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
  )`,
];

const indexes = [
  'create index webhooks_by_time on webhooks (created_at, id)',
  'create index webhook_deliveries_of_webhook on webhook_deliveries (webhook_id, created_at, id)',
  `create index webhook_deliveries_due on webhook_deliveries (webhook_id, due_at, id) where due_at is not null`,
  `create index webhook_deliveries_ended on webhook_deliveries (ended_at) where ended_at is not null`,
];
