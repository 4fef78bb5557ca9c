import { type Kysely, sql } from 'kysely';
import type { Dialect } from './dialect.ts';

/** Runs the statements of a step in order; `text` in the tables becomes the text that sorts by its characters. */
export async function runStep(
  db: Kysely<unknown>,
  dialect: Dialect,
  step: {
    readonly tables: readonly string[];
    readonly indexes: readonly string[];
    readonly guards?: readonly string[];
  },
): Promise<void> {
  const typed = step.tables.map((statement) => statement.replaceAll(/ text\b/g, ` ${dialect.text}`));
  const { indexes, guards = [] } = step;
  for (const statement of [...typed, ...indexes, ...guards]) await sql.raw(statement).execute(db);
}
