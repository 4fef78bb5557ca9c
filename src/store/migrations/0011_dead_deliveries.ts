import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Deliveries that were given up are found among many that were not, and the others are forgotten earlier. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables: [], indexes });
}

const indexes = [
  'drop index webhook_deliveries_ended',
  `create index webhook_deliveries_ended on webhook_deliveries (status, ended_at) where ended_at is not null`,
  `create index webhook_deliveries_dead on webhook_deliveries (created_at, id) where status = 'dead'`,
  `create index webhook_deliveries_dead_of_webhook on webhook_deliveries (webhook_id, created_at, id)
    where status = 'dead'`,
];
