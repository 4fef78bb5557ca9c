import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { DatabaseError, type Dialect, type Handle } from './dialect.ts';
import { up as init } from './migrations/0001_init.ts';
import { up as evaluation } from './migrations/0002_evaluation.ts';
import { up as release } from './migrations/0003_release.ts';
import { up as webhooks } from './migrations/0004_webhooks.ts';
import { up as rollouts } from './migrations/0005_rollouts.ts';
import { up as onlineScoring } from './migrations/0006_online_scoring.ts';
import { up as shadows } from './migrations/0007_shadows.ts';
import { up as tools } from './migrations/0008_tools.ts';
import { up as files } from './migrations/0009_files.ts';
import { up as vaults } from './migrations/0010_vaults.ts';
import { up as deadDeliveries } from './migrations/0011_dead_deliveries.ts';
import { up as retention } from './migrations/0013_retention.ts';
import { up as keyLimits } from './migrations/0014_key_limits.ts';
import { up as signIns } from './migrations/0017_sign_ins.ts';
import { up as overviews } from './migrations/0018_overviews.ts';

/**
 * A step of the schema. Once released it is never edited, and a new step is added after it; before the first release,
 * a data folder of an earlier build may not fit.
 */
type Step = (db: Kysely<unknown>, dialect: Dialect) => Promise<void>;

const steps: Readonly<Record<string, Step>> = {
  '0001_init': init,
  '0002_evaluation': evaluation,
  '0003_release': release,
  '0004_webhooks': webhooks,
  '0005_rollouts': rollouts,
  '0006_online_scoring': onlineScoring,
  '0007_shadows': shadows,
  '0008_tools': tools,
  '0009_files': files,
  '0010_vaults': vaults,
  '0011_dead_deliveries': deadDeliveries,
  '0013_retention': retention,
  '0014_key_limits': keyLimits,
  '0017_sign_ins': signIns,
  '0018_overviews': overviews,
};

/** The name of the newest schema that this program knows. */
export const newestSchema = Object.keys(steps).at(-1);

/** The steps that a database with this schema lacks, in order; all of them for null. */
export function stepsAfter(schema: string | null): string[] {
  return Object.keys(steps).filter((name) => schema === null || name > schema);
}

/**
 * Brings a database to the newest schema, or an empty one to an older schema. Safe when several processes do it at once.
 * @throws DatabaseError when the database is newer than this program, or a step fails.
 */
export async function migrate(db: Handle, dialect: Dialect, to?: string): Promise<void> {
  const migrations: Record<string, Migration> = {};
  for (const [name, step] of Object.entries(steps)) migrations[name] = { up: (tx) => step(tx, dialect) };
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await (to === undefined ? migrator.migrateToLatest() : migrator.migrateTo(to));
  if (error === undefined) return;
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('previously executed migration')) {
    throw new DatabaseError(
      'The database was made by a newer pawl than this one; use that or a later version',
      {
        cause: error,
      },
    );
  }
  throw new DatabaseError(`The database schema could not be brought up to date: ${message}`, {
    cause: error,
  });
}
