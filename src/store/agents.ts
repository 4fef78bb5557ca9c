import { type Selectable, sql } from 'kysely';
import type { PageRequest } from '../core/page.ts';
import type { AgentTable, AgentVersionTable, AliasTable } from './database.ts';
import type { Dialect, Handle } from './dialect.ts';
import { seek, seekNumber, type TimeBounds, within } from './keyset.ts';
import { prepare } from './prepared.ts';

export type AgentRow = Selectable<AgentTable>;
export type VersionRow = Selectable<AgentVersionTable>;
/** An agent together with one of its versions. */
export type AgentAtVersion = { readonly agent: AgentRow; readonly version: VersionRow };

/** Remembers a new agent and its version 1. */
export async function insertAgent(tx: Handle, { agent, version }: AgentAtVersion): Promise<void> {
  await tx.insertInto('agents').values(agent).execute();
  await tx.insertInto('agent_versions').values(version).execute();
}

/** Remembers the next version of an agent whose row is locked. */
export async function insertVersion(tx: Handle, version: VersionRow): Promise<void> {
  await tx.insertInto('agent_versions').values(version).execute();
  await tx
    .updateTable('agents')
    .set({ latest_version: version.version, updated_at: version.created_at })
    .where('id', '=', version.agent_id)
    .execute();
}

/** An agent's row, locked until the transaction ends; null when there is none. */
export async function lockAgent(tx: Handle, dialect: Dialect, id: string): Promise<AgentRow | null> {
  const query = dialect.lock(tx.selectFrom('agents').selectAll().where('id', '=', id));
  return (await query.executeTakeFirst()) ?? null;
}

export async function findAgent(db: Handle, id: string): Promise<AgentRow | null> {
  return (await db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

/** An agent with what an alias stands for; without an alias, what the agent's own does. */
export type AgentAndAlias = {
  readonly row: AgentRow;
  /** Null when there is no alias, or it stands for nothing. */
  readonly aliased: number | null;
  /** The rollout that the alias has; null when it has none. */
  readonly rollout: {
    readonly id: string;
    readonly salt: string;
    readonly version: number;
    readonly weight: number;
  } | null;
};

export async function findAgentAndAlias(
  db: Handle,
  key: { readonly id: string; readonly alias: string | null },
): Promise<AgentAndAlias | null> {
  const found = (await selectWithAlias(db, key))[0];
  if (found === undefined) return null;
  const { aliased, rollout_id, canary_salt, canary_version, canary_weight, ...row } = found;
  const rollout = runningRollout({ rollout_id, canary_salt, canary_version, canary_weight });
  return { row, aliased, rollout };
}

/** The columns of an alias that say which rollout it has. */
export type RolloutColumns = Pick<
  AliasTable,
  'rollout_id' | 'canary_salt' | 'canary_version' | 'canary_weight'
>;

/** The rollout that an alias has; null when it has none. */
export function runningRollout(columns: RolloutColumns): AgentAndAlias['rollout'] {
  const { rollout_id, canary_salt, canary_version, canary_weight } = columns;
  const isWhole = rollout_id !== null && canary_salt !== null && canary_version !== null;
  return isWhole && canary_weight !== null
    ? { id: rollout_id, salt: canary_salt, version: canary_version, weight: canary_weight }
    : null;
}

// Asked for every session that is made.
const selectWithAlias = prepare<
  { id: string; alias: string | null },
  AgentRow & RolloutColumns & { readonly aliased: number | null }
>(['id', 'alias'], (db, { id, alias }) =>
  db
    .selectFrom('agents')
    .leftJoin('aliases', (join) =>
      join
        .onRef('aliases.agent_id', '=', 'agents.id')
        .on('aliases.name', '=', sql<string>`coalesce(${alias}, agents.default_alias)`),
    )
    .selectAll('agents')
    .select(['aliases.version as aliased', 'aliases.rollout_id', 'aliases.canary_salt'])
    .select(['aliases.canary_version', 'aliases.canary_weight'])
    // SQLite plans a join anew at each run for a value that it sees is compared with a key; a cast hides it.
    .where('agents.id', '=', sql<string>`cast(${id} as text)`),
);

/** Names the alias that decides for whoever names the agent alone; null for none. The row is locked. */
export async function setDefaultAlias(
  tx: Handle,
  id: string,
  { alias, at }: { readonly alias: string | null; readonly at: string },
): Promise<void> {
  await tx.updateTable('agents').set({ default_alias: alias, updated_at: at }).where('id', '=', id).execute();
}

export async function findVersion(db: Handle, agentId: string, version: number): Promise<VersionRow | null> {
  return (await selectVersion(db, { agent_id: agentId, version }))[0] ?? null;
}

const selectVersion = prepare<{ agent_id: string; version: number }, VersionRow>(
  ['agent_id', 'version'],
  (db, { agent_id, version }) => {
    const query = db.selectFrom('agent_versions').selectAll().where('agent_id', '=', agent_id);
    return query.where('version', '=', version);
  },
);

/** Who made the versions of an agent that behave alike: each name once. */
export async function listAuthors(db: Handle, agentId: string, effectiveHash: string): Promise<string[]> {
  const query = db.selectFrom('agent_versions').select('author').distinct().where('agent_id', '=', agentId);
  const rows = await query.where('effective_hash', '=', effectiveHash).execute();
  return rows.flatMap(({ author }) => (author === null ? [] : [author]));
}

export async function setAgentArchived(tx: Handle, id: string, at: string): Promise<void> {
  await tx.updateTable('agents').set({ archived_at: at, updated_at: at }).where('id', '=', id).execute();
}

export type AgentFilter = { readonly include_archived: boolean; readonly created_at: TimeBounds };

/** Agents by creation time, each with its latest version; one more than the page holds, if there is one. */
export async function listAgents(
  db: Handle,
  filter: AgentFilter,
  request: PageRequest,
): Promise<AgentAtVersion[]> {
  let query = db.selectFrom('agents').selectAll();
  if (!filter.include_archived) query = query.where('archived_at', 'is', null);
  const agents = await seek(within(query, 'created_at', filter.created_at), 'agents', request).execute();
  if (agents.length === 0) return [];
  const versions = await db
    .selectFrom('agent_versions')
    .innerJoin('agents', (join) =>
      join
        .onRef('agents.id', '=', 'agent_versions.agent_id')
        .onRef('agents.latest_version', '=', 'agent_versions.version'),
    )
    .selectAll('agent_versions')
    .where(
      'agents.id',
      'in',
      agents.map((agent) => agent.id),
    )
    .execute();
  const latest = new Map(versions.map((version) => [version.agent_id, version]));
  return agents.flatMap((agent) => {
    const version = latest.get(agent.id);
    return version === undefined ? [] : [{ agent, version }];
  });
}

/** An agent's versions by number; one more than the page holds, if there is one. */
export async function listVersions(db: Handle, agentId: string, request: PageRequest): Promise<VersionRow[]> {
  const query = db.selectFrom('agent_versions').selectAll().where('agent_id', '=', agentId);
  return seekNumber(query, 'version', request).execute();
}
