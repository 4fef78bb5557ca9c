import { sql } from 'kysely';
import type { Handle } from './dialect.ts';
import { isBusyNow } from './sessions.ts';

/** How many sessions of an agent are busy; not more than `most` are told apart. */
export async function countBusySessions(db: Handle, agentId: string, most: number): Promise<number> {
  const busy = db
    .selectFrom('sessions')
    .select('id')
    .where('agent_id', '=', agentId)
    .where(isBusyNow)
    .limit(most)
    .as('busy');
  const { count } = await db
    .selectFrom(busy)
    .select((of) => of.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** How many are taken up in one look. */
const mostUnattended = 1000;

const busyStatuses = {
  sessions: { queue: 'turns', statuses: ['running', 'rescheduling'] },
  eval_runs: { queue: 'eval_runs', statuses: ['pending', 'running'] },
  comparisons: { queue: 'comparisons', statuses: ['pending', 'running'] },
} as const;
export type BusyTable = keyof typeof busyStatuses;

/** Spelled out in the text of the query, so that both databases see that a small index of what is busy fits. */
function isBusyIn(table: BusyTable) {
  return sql<boolean>`status in (${sql.join(busyStatuses[table].statuses.map((status) => sql.lit(status)))})`;
}

/** Ids of all that is under way, oldest first. */
export async function listBusy(db: Handle, table: BusyTable): Promise<string[]> {
  const query = db.selectFrom(table).select('id').where(isBusyIn(table));
  return (await query.orderBy('created_at').orderBy('id').execute()).map(({ id }) => id);
}

/**
 * Ids of what is under way although nobody is asked to work on it: what another program has left, or what was copied here in
 * the middle. Only on PostgreSQL, beside the tables of the job engine.
 */
export async function listUnattended(
  db: Handle,
  table: BusyTable,
  limit = mostUnattended,
): Promise<string[]> {
  const { queue } = busyStatuses[table];
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} as it
    where ${isBusyIn(table)}
      and not exists (select 1 from pgboss.job
        where name = ${queue} and singleton_key = it.id and state < 'completed')
    order by created_at limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}
