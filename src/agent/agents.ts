import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import { type AgentConfig, effectiveConfig } from '../core/agent-config.ts';
import { type AgentReference, latestAlias } from '../core/agent-reference.ts';
import type { AuditFact } from '../core/audit-entry.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Json } from '../core/evaluation.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import {
  type AgentFilter,
  type AgentRow,
  findAgent,
  findAgentAndAlias,
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
import type { Notify } from '../webhook/notify.ts';
import { type AgentChanges, firstConfig, type ModelInput, mergeConfig } from './merge.ts';
import { type Resolution, resolveVersion } from './resolve.ts';
import { readVersion, type Version, type Versions } from './versions.ts';

/** Who makes a version, and what they say about it; null when they say nothing. */
export type Authorship = { readonly by: Actor; readonly message: string | null };

/** `basedOn` is the version that the caller read; undefined means whatever is latest. */
export type AgentUpdate = { readonly basedOn: number | undefined; readonly changes: AgentChanges };

/** An agent at one of its versions. */
export type Agent = { readonly row: AgentRow; readonly version: Version };

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly audit: Audit;
  readonly versions: Versions;
  readonly notify: Notify;
  /** Whether some model route serves this id. */
  readonly serves: (model: string) => boolean;
};

/** Agents and their immutable versions. */
export function createAgents({ store, clock, ids, audit, versions, notify, serves }: Deps) {
  /**
   * An agent at the version with this number, or else at that of the alias that is named, or else of the agent's own,
   * or else at its latest; and how that was decided. While the alias has a rollout, `key` says who is served, and part of
   * all keys get the candidate; without one, the alias stands for its own version alone.
   * @throws PawlError `agent_not_found`, `version_not_found`, `alias_not_found`, and `invalid_request` when both an
   *   alias and a number are named.
   */
  async function resolve(
    reference: AgentReference,
    number?: number,
    key: string | null = null,
  ): Promise<{ agent: Agent } & Omit<Resolution, 'version'>> {
    const { id } = reference;
    if (reference.alias !== null && number !== undefined) {
      const message = `version: leave it out, or name the agent as ${id} alone; @${reference.alias} already says which version`;
      throw new PawlError('invalid_request', message);
    }
    const { aliased, rollout, row } = requireFound(await findAgentAndAlias(store.db, reference), id);
    const alias = reference.alias ?? row.default_alias;
    const resolution = resolveVersion({ number, alias, aliased, latest: row.latest_version, rollout, key });
    if (resolution === null) {
      throw new PawlError(
        'alias_not_found',
        `agent ${id} has no alias ${alias?.slice(0, 100)} that stands for a version`,
      );
    }
    const version = await versions.find(id, resolution.version);
    if (version === null) throw new PawlError('version_not_found', `agent ${id} has no version ${number}`);
    const { version: _number, ...how } = resolution;
    return { agent: { row, version }, ...how };
  }

  return {
    /** Makes an agent; it comes back as version 1. @throws PawlError `model_not_served`, `invalid_metadata` */
    async create(
      fields: AgentChanges & { name: string; model: ModelInput },
      made: Authorship,
    ): Promise<Agent> {
      const config = firstConfig(fields);
      requireServed(config, serves);
      const now = formatTime(clock.now());
      const id = ids.next('agent');
      const row: AgentRow = {
        ...{ id, latest_version: 1, default_alias: null },
        ...{ created_at: now, updated_at: now, archived_at: null },
      };
      const version = versionRow({ agent_id: id, version: 1, config, created_at: now }, made);
      await store.write(async (tx) => {
        await insertAgent(tx, { agent: row, version });
        await audit.append(tx, agentFact('agent.created', id, made, { before: null, after: told(version) }));
        await notify.enqueue(tx, { type: 'agent.created', data: { id }, at: now });
      });
      notify.wake();
      return { row, version: readVersion(version) };
    },

    /** As {@link resolve}, except that a bare id means the latest version whatever the agent's own alias is. */
    async retrieve({ id, alias }: AgentReference, number?: number): Promise<Agent> {
      if (alias === null && number === undefined) return (await resolve({ id, alias: latestAlias })).agent;
      return (await resolve({ id, alias }, number)).agent;
    },

    resolve,

    /** @throws PawlError `agent_not_found`, `agent_archived`, `version_conflict`, in this order */
    async requireUpdatable(id: string, basedOn: number | undefined): Promise<void> {
      const row = requireAgent(await findAgent(store.db, id), id);
      requireLive(row);
      requireCurrent(row, basedOn);
    },

    /**
     * Makes the next version, or gives back the agent as it is when nothing changes. `basedOn` is compared before
     * anything else is.
     * @throws PawlError `agent_not_found`, `agent_archived`, `version_conflict`, `model_not_served`,
     *   `invalid_metadata`
     */
    async update(id: string, { basedOn, changes, ...made }: AgentUpdate & Authorship): Promise<Agent> {
      const updated = await store.write(async (tx) => {
        const row = requireAgent(await lockAgent(tx, store.dialect, id), id);
        requireLive(row);
        requireCurrent(row, basedOn);
        const current = await latestVersion(tx, row);
        const config = mergeConfig(current.config, changes);
        if (config.model.id !== current.config.model.id) requireServed(config, serves);
        if (contentHash(config) === current.config_hash) return { row, version: current };
        const now = formatTime(clock.now());
        const numbered = { agent_id: id, version: row.latest_version + 1 };
        const next = versionRow({ ...numbered, config, created_at: now }, made);
        await insertVersion(tx, next);
        const change = { before: told(current), after: told(next) };
        await audit.append(tx, agentFact('agent.updated', id, made, change));
        await notify.enqueue(tx, { type: 'agent.updated', data: { id }, at: now });
        return {
          row: { ...row, latest_version: next.version, updated_at: now },
          version: readVersion(next),
        };
      });
      notify.wake();
      return updated;
    },

    /** Archives an agent for good; doing it again changes nothing. @throws PawlError `agent_not_found` */
    async archive(id: string, by: Actor): Promise<Agent> {
      const archived = await store.write(async (tx) => {
        const row = requireAgent(await lockAgent(tx, store.dialect, id), id);
        const version = await latestVersion(tx, row);
        if (row.archived_at !== null) return { row, version };
        const now = formatTime(clock.now());
        await setAgentArchived(tx, id, now);
        const change = { before: { archived_at: null }, after: { archived_at: now } };
        await audit.append(tx, agentFact('agent.archived', id, { by, message: null }, change));
        await notify.enqueue(tx, { type: 'agent.archived', data: { id }, at: now });
        return { row: { ...row, archived_at: now, updated_at: now }, version };
      });
      notify.wake();
      return archived;
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

/** What a version says of itself in the audit log; the rest of it is there for ever under its number. */
function told({ version, config_hash }: Pick<VersionRow, 'version' | 'config_hash'>): Json {
  return { version, config_hash };
}

function agentFact(
  action: string,
  id: string,
  { by, message }: Authorship,
  change: { readonly before: Json; readonly after: Json },
): AuditFact {
  return { action, outcome: 'done', actor: by, subject: { type: 'agent', id }, reason: message, ...change };
}

function versionRow(
  fields: { agent_id: string; version: number; config: AgentConfig; created_at: string },
  { by, message }: Authorship,
): VersionRow {
  return {
    ...fields,
    author: by.name,
    message,
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

/** The row that was looked for. @throws PawlError `agent_not_found` */
export function requireAgent(row: AgentRow | null, id: string): AgentRow {
  return requireFound(row, id);
}

function requireFound<T>(found: T | null, id: string): T {
  if (found === null) throw new PawlError('agent_not_found', `agent ${id} does not exist`);
  return found;
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
