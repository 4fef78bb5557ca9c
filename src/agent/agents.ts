import { type AgentConfig, effectiveConfig } from '../core/agent-config.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import {
  type AgentFilter,
  type AgentRow,
  findAgent,
  findVersion,
  insertAgent,
  insertVersion,
  listAgents,
  listVersions,
  lockAgent,
  setAgentArchived,
  type VersionRow,
} from '../store/agents.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { type AgentChanges, firstConfig, type ModelInput, mergeConfig } from './merge.ts';
import { type Resolution, resolveVersion } from './resolve.ts';
import { readVersion, type Version, type Versions } from './versions.ts';

/** An agent at one of its versions. */
export type Agent = { readonly row: AgentRow; readonly version: Version };

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly versions: Versions;
  /** Whether some model route serves this id. */
  readonly serves: (model: string) => boolean;
};

/** Agents and their immutable versions. */
export function createAgents({ store, clock, ids, versions, serves }: Deps) {
  /**
   * An agent at the version with this number, or at its latest, and how that was decided.
   * @throws PawlError `agent_not_found`, `version_not_found`
   */
  async function resolve(
    id: string,
    number?: number,
  ): Promise<{ agent: Agent } & Pick<Resolution, 'reason'>> {
    const row = requireAgent(await findAgent(store.db, id), id);
    const resolution = resolveVersion(number, row);
    const version = await versions.find(id, resolution.version);
    if (version === null) throw new PawlError('version_not_found', `agent ${id} has no version ${number}`);
    return { agent: { row, version }, reason: resolution.reason };
  }

  return {
    /** Makes an agent; it comes back as version 1. @throws PawlError `model_not_served`, `invalid_metadata` */
    async create(fields: AgentChanges & { name: string; model: ModelInput }): Promise<Agent> {
      const config = firstConfig(fields);
      requireServed(config, serves);
      const now = formatTime(clock.now());
      const id = ids.next('agent');
      const row: AgentRow = { id, latest_version: 1, created_at: now, updated_at: now, archived_at: null };
      const version = versionRow({ agent_id: id, version: 1, config, created_at: now });
      await store.write((tx) => insertAgent(tx, { agent: row, version }));
      return { row, version: readVersion(version) };
    },

    /** As {@link resolve}, for whoever does not ask why. @throws PawlError `agent_not_found`, `version_not_found` */
    async retrieve(id: string, number?: number): Promise<Agent> {
      return (await resolve(id, number)).agent;
    },

    resolve,

    /** @throws PawlError `agent_not_found`, `agent_archived`, `version_conflict`, in this order */
    async requireUpdatable(id: string, basedOn: number | undefined): Promise<void> {
      const row = requireAgent(await findAgent(store.db, id), id);
      requireLive(row);
      requireCurrent(row, basedOn);
    },

    /**
     * Makes the next version, or gives back the agent as it is when nothing changes. `basedOn` is the version
     * that the caller read; absent means whatever is latest. It is compared before anything else is.
     * @throws PawlError `agent_not_found`, `agent_archived`, `version_conflict`, `model_not_served`,
     *   `invalid_metadata`
     */
    async update(id: string, basedOn: number | undefined, changes: AgentChanges): Promise<Agent> {
      return store.write(async (tx) => {
        const row = requireAgent(await lockAgent(tx, store.dialect, id), id);
        requireLive(row);
        requireCurrent(row, basedOn);
        const current = await latestVersion(tx, row);
        const config = mergeConfig(current.config, changes);
        if (config.model.id !== current.config.model.id) requireServed(config, serves);
        if (contentHash(config) === current.config_hash) return { row, version: current };
        const now = formatTime(clock.now());
        const next = versionRow({ agent_id: id, version: row.latest_version + 1, config, created_at: now });
        await insertVersion(tx, next);
        return {
          row: { ...row, latest_version: next.version, updated_at: now },
          version: readVersion(next),
        };
      });
    },

    /** Archives an agent for good; doing it again changes nothing. @throws PawlError `agent_not_found` */
    async archive(id: string): Promise<Agent> {
      return store.write(async (tx) => {
        const row = requireAgent(await lockAgent(tx, store.dialect, id), id);
        const version = await latestVersion(tx, row);
        if (row.archived_at !== null) return { row, version };
        const now = formatTime(clock.now());
        await setAgentArchived(tx, id, now);
        return { row: { ...row, archived_at: now, updated_at: now }, version };
      });
    },

    /** Agents by creation time, each at its latest version. */
    async list(filter: AgentFilter, request: PageRequest): Promise<Page<Agent>> {
      const rows = await listAgents(store.db, filter, request);
      const page = pageOf(rows, request, ({ agent }) => [agent.created_at, agent.id]);
      const data = page.data.map(({ agent, version }) => ({ row: agent, version: readVersion(version) }));
      return { data, next_page: page.next_page };
    },

    /** An agent's versions by number. @throws PawlError `agent_not_found` */
    async listVersions(id: string, request: PageRequest): Promise<Page<Agent>> {
      const row = requireAgent(await findAgent(store.db, id), id);
      const page = pageOf(await listVersions(store.db, id, request), request, ({ version }) => [version]);
      return {
        data: page.data.map((version) => ({ row, version: readVersion(version) })),
        next_page: page.next_page,
      };
    },
  };
}

export type Agents = ReturnType<typeof createAgents>;

function versionRow(fields: {
  agent_id: string;
  version: number;
  config: AgentConfig;
  created_at: string;
}): VersionRow {
  return {
    ...fields,
    config: JSON.stringify(fields.config),
    config_hash: contentHash(fields.config),
    effective_hash: contentHash(effectiveConfig(fields.config)),
  };
}

async function latestVersion(tx: Handle, row: AgentRow): Promise<Version> {
  const version = await findVersion(tx, row.id, row.latest_version);
  if (version === null) throw new Error(`Agent ${row.id} lacks its version ${row.latest_version}`);
  return readVersion(version);
}

function requireAgent(row: AgentRow | null, id: string): AgentRow {
  if (row === null) throw new PawlError('agent_not_found', `agent ${id} does not exist`);
  return row;
}

function requireLive(row: AgentRow): void {
  if (row.archived_at === null) return;
  throw new PawlError('agent_archived', `agent ${row.id} is archived and cannot be updated`);
}

function requireCurrent(row: AgentRow, basedOn: number | undefined): void {
  if (basedOn === undefined || basedOn === row.latest_version) return;
  const message = `version: agent ${row.id} is at version ${row.latest_version}, not ${basedOn}; read it again and repeat the update`;
  throw new PawlError('version_conflict', message);
}

function requireServed(config: AgentConfig, serves: (model: string) => boolean): void {
  if (serves(config.model.id)) return;
  throw new PawlError(
    'model_not_served',
    `model: no route serves ${config.model.id}; add one to the model routes`,
  );
}
