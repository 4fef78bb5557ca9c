import { dutyNames } from '../../src/queue/duties.ts';
import { type DatabaseRows, openRows } from '../database-rows.ts';
import { eventually } from '../story.ts';

/** Asks a PostgreSQL database something from outside its servers. */
export async function lookAt<T>(
  database_url: string,
  question: (rows: DatabaseRows) => Promise<T>,
): Promise<T> {
  const rows = await openRows({ database_url });
  try {
    return await question(rows);
  } finally {
    await rows.close();
  }
}

/** Waits until every duty is somebody's; as long as there is one process, it has all of them. */
export function untilDutiesAreTaken(database_url: string): Promise<true> {
  const taken = "select 1 from pgboss.job where name = 'duties' and state = 'active'";
  return eventually('all duties taken', () =>
    lookAt(database_url, async (rows) => (await rows.query(taken)).length === dutyNames.length),
  );
}
