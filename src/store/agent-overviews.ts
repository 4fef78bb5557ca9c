import { type RawBuilder, sql } from 'kysely';
import { type PageRequest, readsDown } from '../core/page.ts';
import type { RolloutStatus } from '../core/rollout.ts';
import type { AgentRow, VersionRow } from './agents.ts';
import type { AliasRow } from './aliases.ts';
import type { VerdictRow } from './comparisons.ts';
import type { Dialect, Handle } from './dialect.ts';
import { jsonFieldBesideAnyText } from './json-field.ts';
import { seekNumber } from './keyset.ts';
import { holds, oneHolds } from './search.ts';

/** What a list of agents can be sorted by. */
export const agentSorts = ['created_at', 'updated_at', 'name'] as const;
export type AgentSort = (typeof agentSorts)[number];

export type AgentOverviewFilter = {
  readonly include_archived: boolean;
  /** A part of the name of the latest version, or an id. */
  readonly search?: string | undefined;
  readonly sort: AgentSort;
};

/** An agent with its latest version, and what the list is sorted by. */
export type AgentOverviewRow = AgentRow & {
  readonly config: string;
  readonly version_created_at: string;
  readonly sort_key: string;
} & Pick<VersionRow, 'author' | 'message'>;

/** Agents with their latest versions; one more than the page holds, if there is one. */
export async function listAgentOverviews(
  db: Handle,
  dialect: Dialect,
  { filter, request }: { readonly filter: AgentOverviewFilter; readonly request: PageRequest },
): Promise<AgentOverviewRow[]> {
  const down = readsDown(request);
  const name = jsonFieldBesideAnyText<string>(dialect, 'latest.config', ['name']);
  const key: RawBuilder<string> =
    filter.sort === 'name' ? sql`lower(${name})` : sql.ref<string>(`agents.${filter.sort}`);
  let query = db
    .selectFrom('agents')
    .innerJoin('agent_versions as latest', (join) =>
      join.onRef('latest.agent_id', '=', 'agents.id').onRef('latest.version', '=', 'agents.latest_version'),
    )
    .selectAll('agents')
    .select(['latest.config', 'latest.created_at as version_created_at', 'latest.author', 'latest.message'])
    .select(key.as('sort_key'));
  if (!filter.include_archived) query = query.where('agents.archived_at', 'is', null);
  const { search } = filter;
  if (search !== undefined) {
    query = query.where((eb) => eb.or([holds(name, search), eb('agents.id', '=', search)]));
  }
  if (request.cursor !== null) {
    const [from, id] = request.cursor.key;
    query = query.where(sql<boolean>`(${key}, agents.id) ${sql.raw(down ? '<' : '>')} (${from}, ${id})`);
  }
  const direction = down ? 'desc' : 'asc';
  const sorted = query.orderBy(key, direction).orderBy('agents.id', direction);
  return sorted.limit(request.limit + 1).execute();
}

/** A version without its configuration, which may be long. */
export type VersionOverviewRow = Omit<VersionRow, 'config'>;

/** An agent's versions by number, those where `search` is a part of the message or of the author's name; one more than the page holds, if there is one. */
export async function listVersionOverviews(
  db: Handle,
  { agent_id, search, request }: { agent_id: string; search: string | undefined; request: PageRequest },
): Promise<VersionOverviewRow[]> {
  let query = db
    .selectFrom('agent_versions')
    .select(['agent_id', 'version', 'config_hash', 'effective_hash', 'author', 'message', 'created_at'])
    .where('agent_id', '=', agent_id);
  if (search !== undefined) query = query.where(oneHolds(['message', 'author'], search));
  return seekNumber(query, 'version', request).execute();
}

/** All aliases of some agents, by name. */
export async function listAliasesOf(db: Handle, agentIds: readonly string[]): Promise<AliasRow[]> {
  if (agentIds.length === 0) return [];
  return db.selectFrom('aliases').selectAll().where('agent_id', 'in', agentIds).orderBy('name').execute();
}

/** Where some rollouts stand, by id. */
export async function findRolloutStatuses(
  db: Handle,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RolloutStatus>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('rollouts').select(['id', 'status']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, status }) => [id, status]));
}

/** How many promotions of some agents are not over, by agent; one without any has no entry. */
export async function countOpenPromotions(
  db: Handle,
  agentIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (agentIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('promotions')
    .select(({ fn }) => ['agent_id', fn.countAll<number>().as('count')])
    .where('agent_id', 'in', agentIds)
    // Spelled out, so that both databases see that the small index of open ones fits.
    .where(sql<boolean>`status in ('in_review', 'approved')`)
    .groupBy('agent_id')
    .execute();
  return new Map(rows.map(({ agent_id, count }) => [agent_id, Number(count)]));
}

/** What the gate said of an agent last. */
export type LastVerdict = {
  readonly agent_id: string;
  readonly comparison_id: string;
  readonly verdict: VerdictRow['verdict'];
  readonly baseline: number;
  readonly candidate: number;
  readonly created_at: string;
};

/** The newest verdict on a version of each of some agents of this server; one without any is not among them. */
export async function findLastVerdicts(db: Handle, agentIds: readonly string[]): Promise<LastVerdict[]> {
  if (agentIds.length === 0) return [];
  const ranked = db
    .selectFrom('eval_runs as candidate')
    .innerJoin('comparisons', 'comparisons.candidate_run_id', 'candidate.id')
    .innerJoin('eval_runs as baseline', 'baseline.id', 'comparisons.baseline_run_id')
    .innerJoin('verdicts', 'verdicts.comparison_id', 'comparisons.id')
    .where('candidate.agent_id', 'in', agentIds)
    .where('candidate.endpoint', 'is', null)
    .select(['candidate.agent_id', 'comparisons.id as comparison_id', 'verdicts.verdict'])
    .select(['candidate.agent_version as candidate', 'baseline.agent_version as baseline'])
    // A verdict is of the moment at which its comparison ends. Its own time stands behind a long report.
    .select('comparisons.ended_at as created_at')
    .select(({ fn }) =>
      fn
        .agg<number>('row_number')
        .over((over) =>
          over
            .partitionBy('candidate.agent_id')
            .orderBy('comparisons.ended_at', 'desc')
            .orderBy('comparisons.id', 'desc'),
        )
        .as('place'),
    );
  const rows = await db
    .selectFrom(ranked.as('ranked'))
    .select(['agent_id', 'comparison_id', 'verdict', 'candidate', 'baseline', 'created_at'])
    .where('place', '=', 1)
    .execute();
  return rows.flatMap(({ created_at, ...row }) => (created_at === null ? [] : [{ ...row, created_at }]));
}
