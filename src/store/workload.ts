import { sql } from 'kysely';
import type { Handle } from './dialect.ts';
import { isBusyNow } from './sessions.ts';
import { countPendingDeliveries } from './webhooks.ts';

/** What is under way and what waits. More than so many of a kind are not counted: whoever asks would have to wait. */
export type Workload = {
  readonly busy_sessions: number;
  readonly eval_runs: { readonly pending: number; readonly running: number };
  readonly deliveries: { readonly pending: number; readonly dead: number };
};

const mostCounted = 10_000;

export async function readWorkload(db: Handle): Promise<Workload> {
  // Spelled out, so that both databases see that the small indexes fit.
  const [busy_sessions, pending, running, dead] = await Promise.all([
    countOf(db, sql`select id from sessions where ${isBusyNow}`),
    countOf(db, sql`select id from eval_runs where status in ('pending', 'running') and status = 'pending'`),
    countOf(db, sql`select id from eval_runs where status in ('pending', 'running') and status = 'running'`),
    countOf(db, sql`select id from webhook_deliveries where status = 'dead'`),
  ]);
  const deliveries = { pending: await countPendingDeliveries(db), dead };
  return { busy_sessions, eval_runs: { pending, running }, deliveries };
}

async function countOf(db: Handle, some: ReturnType<typeof sql>): Promise<number> {
  const counting = sql<{ count: number }>`
    select count(*) as count from (${some} limit ${sql.lit(mostCounted)}) as counted`;
  return Number((await counting.execute(db)).rows[0]?.count ?? 0);
}

/** A process that shares the database, by the name that it gives itself. */
export type SharingProcess = { readonly name: string; readonly started_at: Date; readonly heard_at: Date };

/** After so many heartbeats that were missed a process counts as gone. */
const mostMissed = 3;

/** The processes that are heard of, oldest first. Only on PostgreSQL, beside the tables of the job engine. */
export async function listProcesses(db: Handle): Promise<SharingProcess[]> {
  const { rows } = await sql<SharingProcess>`
    select coalesce(name, '') as name, started_on as started_at, heartbeat_on as heard_at
    from pgboss.instance
    where stopped_on is null
      and heartbeat_on >= now() - heartbeat_seconds * ${sql.lit(mostMissed)} * interval '1 second'
    order by started_on, id limit 1000`.execute(db);
  return rows;
}
