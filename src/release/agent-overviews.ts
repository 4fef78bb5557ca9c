import type { AgentConfig } from '../core/agent-config.ts';
import type { Verdict } from '../core/evaluation.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { RolloutStatus } from '../core/rollout.ts';
import {
  type AgentOverviewFilter,
  type AgentOverviewRow,
  countOpenPromotions,
  findLastVerdicts,
  findRolloutStatuses,
  listAgentOverviews,
  listAliasesOf,
} from '../store/agent-overviews.ts';
import type { AliasRow } from '../store/aliases.ts';
import type { Store } from '../store/dialect.ts';
import { readAlias } from './alias.ts';

/** What an alias of an agent stands for, in short. */
export type AliasOverview = {
  readonly name: string;
  /** Null when it stands for nothing. */
  readonly version: number | null;
  /** Whether it was rolled back and does not move before somebody lets it go. */
  readonly held: boolean;
  readonly rollout: {
    readonly id: string;
    readonly status: RolloutStatus;
    /** How much of the traffic gets the candidate, in percent. */
    readonly weight: number;
    readonly candidate_version: number;
  } | null;
};

/** What the gate said last of a version of an agent. */
export type VerdictOverview = {
  readonly verdict: Verdict;
  readonly comparison_id: string;
  /** The versions that were compared. */
  readonly baseline: number;
  readonly candidate: number;
  readonly created_at: string;
};

/** An agent as a list shows it: what it serves, what is on its way, and how it stands. */
export type AgentOverview = {
  readonly id: string;
  /** As the latest version has them, like the next two. */
  readonly name: string;
  readonly description: string | null;
  readonly model: string;
  readonly latest_version: {
    readonly version: number;
    readonly created_at: string;
    readonly author: string | null;
    readonly message: string | null;
  };
  /** The alias that decides for sessions that name the agent alone; null gives those the latest version. */
  readonly default_alias: string | null;
  /** By name. */
  readonly aliases: readonly AliasOverview[];
  /** Null when no comparison of one of its versions is completed. */
  readonly last_verdict: VerdictOverview | null;
  /** How many promotions wait for something. */
  readonly open_promotions: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived_at: string | null;
};

/** A page of agents, in as many queries for a hundred of them as for one. */
export async function readAgentOverviews(
  store: Store,
  filter: AgentOverviewFilter,
  request: PageRequest,
): Promise<Page<AgentOverview>> {
  const rows = await listAgentOverviews(store.db, store.dialect, { filter, request });
  const page = pageOf(rows, request, ({ sort_key, id }) => [sort_key, id]);
  const ids = page.data.map(({ id }) => id);
  const [aliases, promotions, verdicts] = await Promise.all([
    listAliasesOf(store.db, ids),
    countOpenPromotions(store.db, ids),
    findLastVerdicts(store.db, ids),
  ]);
  const rollouts = aliases.flatMap(({ rollout_id }) => rollout_id ?? []);
  const statuses = await findRolloutStatuses(store.db, rollouts);
  const aliasesOf = Map.groupBy(aliases, ({ agent_id }) => agent_id);
  const verdictOf = new Map(verdicts.map(({ agent_id, ...verdict }) => [agent_id, verdict]));
  const data = page.data.map((row) => ({
    ...ofRow(row),
    aliases: (aliasesOf.get(row.id) ?? []).map((alias) => aliasOf(alias, statuses)),
    last_verdict: verdictOf.get(row.id) ?? null,
    open_promotions: promotions.get(row.id) ?? 0,
  }));
  return { data, next_page: page.next_page };
}

function ofRow(row: AgentOverviewRow): Omit<AgentOverview, 'aliases' | 'last_verdict' | 'open_promotions'> {
  const { config, sort_key: _key, version_created_at, latest_version, author, message, ...agent } = row;
  const { name, description, model } = JSON.parse(config) as AgentConfig;
  return {
    ...agent,
    ...{ name, description, model: model.id },
    latest_version: { version: latest_version, created_at: version_created_at, author, message },
  };
}

function aliasOf(row: AliasRow, statuses: ReadonlyMap<string, RolloutStatus>): AliasOverview {
  const { name, version, hold, rollout } = readAlias(row);
  const status = rollout === null ? undefined : statuses.get(rollout.id);
  return {
    ...{ name, version, held: hold !== null },
    rollout:
      rollout === null || status === undefined
        ? null
        : { id: rollout.id, status, weight: rollout.weight, candidate_version: rollout.version },
  };
}
