import { type Selectable, sql } from 'kysely';
import type { Handle } from './dialect.ts';
import type { RetentionRuleTable } from './retention-tables.ts';
import type { SessionRow } from './sessions.ts';

export type RetentionRuleRow = Selectable<RetentionRuleTable>;

/** The rules of those of these agents that have one of their own, in no order. */
export async function findRetentionRules(
  db: Handle,
  agentIds: readonly string[],
): Promise<RetentionRuleRow[]> {
  if (agentIds.length === 0) return [];
  return db.selectFrom('retention_rules').selectAll().where('agent_id', 'in', agentIds).execute();
}

/** Gives an agent a rule, in place of the one that it has. */
export async function putRetentionRule(tx: Handle, row: RetentionRuleRow): Promise<void> {
  const { agent_id: _, ...changes } = row;
  await tx
    .insertInto('retention_rules')
    .values(row)
    .onConflict((conflict) => conflict.column('agent_id').doUpdateSet(changes))
    .execute();
}

/** Takes an agent's rule away, if it has one. */
export async function deleteRetentionRule(tx: Handle, agentId: string): Promise<void> {
  await tx.deleteFrom('retention_rules').where('agent_id', '=', agentId).execute();
}

/**
 * The first agent behind another one, by id, whose sessions may have an end: one whose rule says how long, or, with
 * `unruled`, one without a rule. Null when there is none.
 */
export async function findNextRuledAgent(
  db: Handle,
  { after, unruled }: { readonly after: string; readonly unruled: boolean },
): Promise<string | null> {
  return unruled ? nextUnruled(db, after) : nextRuled(db, after);
}

async function nextUnruled(db: Handle, after: string): Promise<string | null> {
  const query = db
    .selectFrom('agents')
    .leftJoin('retention_rules', 'retention_rules.agent_id', 'agents.id')
    .select('agents.id')
    .where('agents.id', '>', after)
    .where((eb) =>
      eb.or([eb('retention_rules.agent_id', 'is', null), eb('retention_rules.days', 'is not', null)]),
    );
  return (await query.orderBy('agents.id').limit(1).executeTakeFirst())?.id ?? null;
}

async function nextRuled(db: Handle, after: string): Promise<string | null> {
  const query = db.selectFrom('retention_rules').select('agent_id').where('agent_id', '>', after);
  const next = await query.where('days', 'is not', null).orderBy('agent_id').limit(1).executeTakeFirst();
  return next?.agent_id ?? null;
}

// Spelled out, so that both databases see that the index of sessions at rest fits.
const quiet = sql<boolean>`status in ('idle', 'terminated')`;

/** Where a list of sessions by their last activity goes on. */
export type QuietPlace = Pick<SessionRow, 'updated_at' | 'id'>;

/** Sessions of an agent at rest that nothing has happened to since a moment, the longest at rest first. */
export async function listQuietSessions(
  db: Handle,
  of: {
    readonly agent_id: string;
    readonly before: string;
    /** Only those that come after this one. */
    readonly after: QuietPlace | null;
    readonly limit: number;
  },
): Promise<SessionRow[]> {
  const { agent_id, before, after, limit } = of;
  let query = db.selectFrom('sessions').selectAll().where('agent_id', '=', agent_id);
  query = query.where(quiet).where('updated_at', '<', before);
  if (after !== null) {
    query = query.where((eb) =>
      eb(eb.refTuple('updated_at', 'id'), '>', eb.tuple(after.updated_at, after.id)),
    );
  }
  return query.orderBy('updated_at').orderBy('id').limit(limit).execute();
}

const busyRun = sql<boolean>`eval_runs.status in ('pending', 'running')`;
const openRollout = sql<boolean>`status in ('running', 'paused')`;

/** Those of these eval runs that are not over. */
export async function findBusyRuns(db: Handle, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const query = db.selectFrom('eval_runs').select('id').where('id', 'in', ids).where(busyRun);
  return new Set((await query.execute()).map(({ id }) => id));
}

/** Those of these datasets, by name, that an eval run is not over with. */
export async function findBusyDatasets(db: Handle, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const query = db
    .selectFrom('eval_runs')
    .innerJoin('dataset_revisions', 'dataset_revisions.id', 'eval_runs.dataset_revision_id')
    .innerJoin('datasets', 'datasets.id', 'dataset_revisions.dataset_id')
    .select('datasets.name')
    .distinct()
    .where(busyRun)
    .where('datasets.name', 'in', names);
  return new Set((await query.execute()).map(({ name }) => name));
}

/** Those of these rollouts that are not over. */
export async function findOpenRollouts(db: Handle, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const query = db.selectFrom('rollouts').select('id').where('id', 'in', ids).where(openRollout);
  return new Set((await query.execute()).map(({ id }) => id));
}

/** Those of these sessions that shadows copy which have not yet done all that they have to, and their copies. */
export async function findShadowed(
  db: Handle,
  sessions: readonly Pick<SessionRow, 'id' | 'copy_of'>[],
): Promise<ReadonlySet<string>> {
  const originals = [...new Set(sessions.map(({ id, copy_of }) => copy_of ?? id))];
  const unfinished = await db
    .selectFrom('shadows')
    .select('id')
    .where(sql<boolean>`copies_archived = 0`)
    .execute();
  if (originals.length === 0 || unfinished.length === 0) return new Set();
  const pairs = await db
    .selectFrom('shadow_pairs')
    .select(['session_id', 'shadow_session_id'])
    .where(
      'shadow_id',
      'in',
      unfinished.map(({ id }) => id),
    )
    .where('session_id', 'in', originals)
    .execute();
  return new Set(
    pairs.flatMap(({ session_id, shadow_session_id }) => [session_id, shadow_session_id ?? []].flat()),
  );
}
