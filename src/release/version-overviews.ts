import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Arm } from '../core/rollout.ts';
import { listAliasesOf, listVersionOverviews, type VersionOverviewRow } from '../store/agent-overviews.ts';
import type { Store } from '../store/dialect.ts';
import { type Alias, readAlias } from './alias.ts';

/** Where a version is live. */
export type VersionPlace = {
  readonly alias: string;
  /** `canary` while a rollout gives it a part of the traffic; `control` where the alias stands for it. */
  readonly arm: Arm;
  /** How much of the alias's traffic it gets, in percent. */
  readonly weight: number;
};

/** A version as a timeline shows it: without its configuration. */
export type VersionOverview = {
  readonly agent_id: string;
  readonly version: number;
  /** The same for versions that behave alike. */
  readonly config_hash: string;
  readonly author: string | null;
  readonly message: string | null;
  /** By the name of the alias; empty where no alias gives it to anybody. */
  readonly live: readonly VersionPlace[];
  readonly created_at: string;
};

/** A page of an agent's versions by number; none for an agent that there is not. */
export async function readVersionOverviews(
  store: Store,
  of: { readonly agent_id: string; readonly search: string | undefined },
  request: PageRequest,
): Promise<Page<VersionOverview>> {
  const [rows, aliases] = await Promise.all([
    listVersionOverviews(store.db, { ...of, request }),
    listAliasesOf(store.db, [of.agent_id]),
  ]);
  const page = pageOf(rows, request, ({ version }) => [version]);
  const read = aliases.map(readAlias);
  return { data: page.data.map((row) => overviewOf(row, read)), next_page: page.next_page };
}

function overviewOf(
  { effective_hash, config_hash: _config, ...row }: VersionOverviewRow,
  aliases: readonly Alias[],
): VersionOverview {
  return { ...row, config_hash: effective_hash, live: aliases.flatMap((one) => placesIn(one, row.version)) };
}

function placesIn({ name: alias, version, rollout }: Alias, wanted: number): VersionPlace[] {
  const weight = rollout?.weight ?? 0;
  const places: VersionPlace[] = [];
  if (version === wanted) places.push({ alias, arm: 'control', weight: 100 - weight });
  if (rollout?.version === wanted) places.push({ alias, arm: 'canary', weight });
  return places;
}
