import { sql } from 'kysely';
import { mostExamined, type PageRequest, readsDown } from '../core/page.ts';
import type { Arm } from '../core/rollout.ts';
import type { Dialect, Handle } from './dialect.ts';
import { jsonField } from './json-field.ts';
import { seek } from './keyset.ts';
import { oneHolds } from './search.ts';
import { filteredSessions, type SessionFilter, type SessionRow } from './sessions.ts';

/** What a list of sessions can be kept to beside what indexes find. Those that no index finds are looked for among a part. */
export type SessionRowFilter = SessionFilter & {
  readonly id?: string | undefined;
  /** The alias that gave the version. */
  readonly alias?: string | undefined;
  readonly rollout_id?: string | undefined;
  readonly arm?: Arm | undefined;
  /** Whether a turn has failed for good. */
  readonly failed?: boolean | undefined;
  readonly targeting_key?: string | undefined;
  /** A part of the title. */
  readonly title?: string | undefined;
};

/** What is known of sessions in a list; the columns that may be long are left out. */
export type ListedSessionRow = Pick<SessionRow, (typeof columns)[number]> & {
  readonly targeting_key: string | null;
  readonly overridden: number | boolean;
  readonly budgeted: number | boolean;
};

const columns = [
  ...(['id', 'agent_id', 'agent_version', 'agent_name', 'environment_id', 'title', 'status'] as const),
  ...(['resolution_reason', 'resolution_alias', 'last_seq', 'usage', 'rollout_id', 'arm', 'weight'] as const),
  ...(['unit', 'turns', 'failed_turns', 'refused_turns', 'stopped_at', 'list_cost_usd'] as const),
  ...(['created_at', 'updated_at', 'archived_at'] as const),
] satisfies (keyof SessionRow)[];

/** Rows of a page, and the last one that was looked at when there may be more behind it; null when all were. */
export type ExaminedRows = {
  readonly rows: readonly ListedSessionRow[];
  readonly edge: readonly [created_at: string, id: string] | null;
};

/** Sessions by creation time; one more than the page holds, if that many are found among those looked at. */
export async function listSessionRows(
  db: Handle,
  dialect: Dialect,
  { filter, request }: { readonly filter: SessionRowFilter; readonly request: PageRequest },
): Promise<ExaminedRows> {
  const all = filteredSessions(db, filter);
  if (all === null) return { rows: [], edge: null };
  const key = jsonField<string | null>(dialect, 'metadata', ['targeting_key']);
  const { id, alias, rollout_id, arm, failed, targeting_key, title } = filter;
  let query = all
    .select(columns)
    .select([key.as('targeting_key'), sql<boolean>`overrides is not null`.as('overridden')])
    .select(sql<boolean>`budget is not null`.as('budgeted'));
  if (id !== undefined) query = query.where('id', '=', id);
  if (alias !== undefined) query = query.where('resolution_alias', '=', alias);
  if (rollout_id !== undefined) query = query.where('rollout_id', '=', rollout_id);
  if (arm !== undefined) query = query.where('arm', '=', arm);
  if (failed !== undefined) query = query.where('failed_turns', failed ? '>' : '=', 0);
  if (targeting_key !== undefined) query = query.where(sql<boolean>`${key} = ${targeting_key}`);
  if (title !== undefined) query = query.where(oneHolds(['title'], title));
  const isFound = [alias, rollout_id, arm, failed, targeting_key, title].every((one) => one === undefined);
  const edge = isFound || id !== undefined ? null : await edgeOf(all, request);
  if (edge !== null) {
    // Said by the row and not by its number: what is made meanwhile is not looked at twice.
    const down = readsDown(request);
    query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), down ? '>=' : '<=', eb.tuple(...edge)));
  }
  return { rows: await seek(query, 'sessions', request).execute(), edge };
}

/** The last session that a page looks at; null when there are fewer. */
async function edgeOf(
  all: NonNullable<ReturnType<typeof filteredSessions>>,
  request: PageRequest,
): Promise<readonly [string, string] | null> {
  const query = seek(all.select(['created_at', 'id']), 'sessions', request);
  const row = await query
    .offset(mostExamined - 1)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : [row.created_at, row.id];
}

/** The last events of some sessions: so many each at most, oldest first, and only of these types. */
export async function listLastEvents(
  db: Handle,
  {
    sessions,
    types,
    among,
  }: { readonly sessions: readonly string[]; readonly types: readonly string[]; readonly among: number },
): Promise<{ readonly session_id: string; readonly data: string }[]> {
  if (sessions.length === 0) return [];
  return db
    .selectFrom('sessions')
    .innerJoin('events', 'events.session_id', 'sessions.id')
    .select(['events.session_id', 'events.data'])
    .where('sessions.id', 'in', sessions)
    .where('events.type', 'in', types)
    .whereRef('events.seq', '>', sql`sessions.last_seq - ${among}`)
    .orderBy('events.session_id')
    .orderBy('events.seq')
    .execute();
}
