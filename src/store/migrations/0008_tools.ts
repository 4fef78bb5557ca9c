import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** Sessions with calls of tools that are still open, with vaults, and with a budget, and those that are copies. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes: [] });
}

const tables = [
  'alter table sessions add column open_calls text',
  'alter table sessions add column rounds integer not null default 0',
  'alter table sessions add column context_from integer not null default 0',
  'alter table sessions add column vault_ids text',
  'alter table sessions add column budget text',
  'alter table sessions add column list_cost_usd double precision',
  'alter table sessions add column copy_of text',
];
