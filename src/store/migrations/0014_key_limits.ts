import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { runStep } from '../migration-step.ts';

/** A key may be allowed more requests a minute, or fewer, than the server allows every key. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await runStep(db, dialect, { tables, indexes: [] });
}

const tables = [
  'alter table api_keys add column rate_limit_per_minute integer check (rate_limit_per_minute >= 0)',
];
