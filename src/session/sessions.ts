import type { Agents } from '../agent/agents.ts';
import type { Environments } from '../agent/environments.ts';
import { type OverrideInput, resolveOverrides } from '../agent/merge.ts';
import type { Versions } from '../agent/versions.ts';
import {
  type AgentConfig,
  type AgentOverrides,
  applyOverrides,
  effectiveConfig,
} from '../core/agent-config.ts';
import type { AgentReference } from '../core/agent-reference.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { EventBody, EventDraft, SessionAgent } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import { type Metadata, type MetadataPatch, patchMetadata } from '../core/metadata.ts';
import { type BidirectionalPage, type PageRequest, pageOf } from '../core/page.ts';
import { isBusy } from '../core/session.ts';
import { noSessionUsage } from '../core/usage.ts';
import type { Store } from '../store/dialect.ts';
import { keepDeparture } from '../store/rollouts.ts';
import {
  deleteSession,
  findSession,
  insertSession,
  listSessions,
  lockSession,
  type SessionFilter,
  type SessionRow,
} from '../store/sessions.ts';
import { terminated } from './choreography.ts';
import type { Hub } from './hub.ts';
import type { Decision, Journal } from './journal.ts';
import { sessionConfig } from './turn.ts';

/** A session with the configuration that it runs with. */
export type Session = { readonly row: SessionRow; readonly config: AgentConfig };

export type SessionCreation = {
  readonly agent: AgentReference & { readonly version?: number | undefined };
  /** Null when the request asks for the agent as it is. */
  readonly overrides: OverrideInput | null;
  readonly environment_id: string;
  readonly title: string | null;
  readonly metadata: MetadataPatch;
};

export type SessionChanges = {
  readonly title?: string | null | undefined;
  readonly metadata?: MetadataPatch | null | undefined;
  readonly agent?: Pick<OverrideInput, 'tools' | 'mcp_servers'> | undefined;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly hub: Hub;
  readonly journal: Journal;
  readonly agents: Agents;
  readonly environments: Environments;
  readonly versions: Versions;
  readonly serves: (model: string) => boolean;
};

/** Sessions: each keeps the version that it was created with, whatever happens to the agent. */
export function createSessions(deps: Deps) {
  const { store, clock, ids, hub, journal, versions } = deps;
  const underway = new Set<Promise<Session>>();

  async function make(creation: SessionCreation): Promise<Session> {
    const session = await planSession(deps, creation);
    try {
      await store.write((tx) => insertSession(tx, session.row));
    } catch (error) {
      // Between the look and the write, somebody has deleted the environment.
      if (!store.dialect.isBrokenReference(error)) throw error;
      const message = `environment ${creation.environment_id} does not exist`;
      throw new PawlError('environment_not_found', message, { cause: error });
    }
    return session;
  }

  async function requireSession(id: string): Promise<SessionRow> {
    const row = await findSession(store.db, id);
    if (row === null) throw new PawlError('session_not_found', `session ${id} does not exist`);
    return row;
  }

  const withConfig = async (row: SessionRow): Promise<Session> => ({
    row,
    config: await sessionConfig(versions, row),
  });

  return {
    /**
     * Opens an idle session with an empty history.
     * @throws PawlError `agent_not_found`, `version_not_found`, `alias_not_found`, `agent_archived`, `environment_not_found`,
     *   `environment_archived`, `agent_model_required`, `model_not_served`, `invalid_metadata`
     */
    async create(creation: SessionCreation): Promise<Session> {
      const made = make(creation);
      underway.add(made);
      return made.finally(() => underway.delete(made));
    },

    /**
     * Resolves when every creation that is under way has ended: each may have read an alias before it moved. One that
     * begins later sees whatever was committed before this was asked.
     */
    async created(): Promise<void> {
      await Promise.allSettled(underway);
    },

    /** @throws PawlError `session_not_found` */
    async retrieve(id: string): Promise<Session> {
      return withConfig(await requireSession(id));
    },

    /**
     * Changes a session and says so in its history; without an effective change nothing is written.
     * @throws PawlError `session_not_found`, `session_archived`, `session_running`, `invalid_metadata`
     */
    async update(id: string, changes: SessionChanges): Promise<Session> {
      const before = await requireSession(id);
      const version = await versions.require(before.agent_id, before.agent_version);
      const written = await journal.write(id, (session) =>
        decideUpdate({ session, config: version.config, changes, ids, now: formatTime(clock.now()) }),
      );
      return withConfig(written.session);
    },

    /** Archives for good; doing it again changes nothing. @throws PawlError `session_not_found`, `session_running` */
    async archive(id: string): Promise<Session> {
      const written = await journal.write(id, (session): Decision<null> => {
        if (session.archived_at !== null) return { result: null };
        requireQuiet(session, 'archived');
        const now = formatTime(clock.now());
        return {
          events: terminated(session).map((body) => ({ ...body, id: ids.next('event') })),
          changes: { status: 'terminated', archived_at: now, updated_at: now },
          result: null,
        };
      });
      return withConfig(written.session);
    },

    /** Deletes a session with all that belongs to it. @throws PawlError `session_not_found`, `session_running` */
    async remove(id: string): Promise<void> {
      await store.write(async (tx) => {
        const session = await lockSession(tx, store.dialect, id);
        if (session === null) throw new PawlError('session_not_found', `session ${id} does not exist`);
        requireQuiet(session, 'deleted');
        if (session.unseen === 1) await keepDeparture(tx, session);
        await deleteSession(tx, id);
      });
      const event = { id: ids.next('event'), type: 'session.deleted', processed_at: formatTime(clock.now()) };
      hub.publishDeleted(id, JSON.stringify(event));
    },

    /** Sessions by creation time. */
    async list(filter: SessionFilter, request: PageRequest): Promise<BidirectionalPage<Session>> {
      const rows = await listSessions(store.db, filter, request);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { ...page, data: await Promise.all(page.data.map(withConfig)) };
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;

/** The agent as a session holds it, in the form that answers and events carry. */
export function sessionAgent(
  row: Pick<SessionRow, 'agent_id' | 'agent_version'>,
  config: AgentConfig,
): SessionAgent {
  const { metadata: _metadata, ...rest } = config;
  return { type: 'agent', id: row.agent_id, version: row.agent_version, ...rest };
}

/** The metadata that says who is served, so that they get the same version every time. */
const targetingKey = 'targeting_key';

const noPlace = { rollout_id: null, arm: null, weight: null, unit: null } as const;

async function planSession(
  { clock, ids, agents, environments, serves }: Deps,
  creation: SessionCreation,
): Promise<Session> {
  const id = ids.next('session');
  const metadata = patchMetadata({}, creation.metadata);
  const { agent, reason, alias, rollout } = await agents.resolve(
    creation.agent,
    creation.agent.version,
    // Without a key of its own, a session is on its own.
    metadata[targetingKey] || id,
  );
  if (agent.row.archived_at !== null) {
    throw new PawlError('agent_archived', `agent: ${agent.row.id} is archived and starts no sessions`);
  }
  const environment = await environments.retrieve(creation.environment_id);
  if (environment.archived_at !== null) {
    throw new PawlError(
      'environment_archived',
      `environment_id: ${environment.id} is archived and takes no sessions`,
    );
  }
  const overrides = creation.overrides === null ? null : resolveOverrides(creation.overrides);
  const config = applyOverrides(agent.version.config, overrides);
  if (!serves(config.model.id)) {
    throw new PawlError('model_not_served', `agent.model: no route serves ${config.model.id}`);
  }
  const now = formatTime(clock.now());
  const row: SessionRow = {
    id,
    agent_id: agent.row.id,
    agent_version: agent.version.version,
    agent_name: config.name,
    environment_id: environment.id,
    title: creation.title,
    metadata: JSON.stringify(metadata),
    overrides: overrides === null ? null : JSON.stringify(overrides),
    resolution_reason: reason === 'canary' ? 'alias' : reason,
    resolution_alias: alias,
    effective_hash: overrides === null ? agent.version.effective_hash : contentHash(effectiveConfig(config)),
    status: 'idle',
    attempt: 0,
    last_seq: 0,
    last_event_at: null,
    last_position: 0,
    queued: 0,
    open_span: null,
    usage: JSON.stringify(noSessionUsage),
    active_us: 0,
    running_since: null,
    stopped_at: null,
    ...(rollout === null
      ? noPlace
      : { rollout_id: rollout.id, arm: rollout.arm, weight: rollout.weight, unit: rollout.unit }),
    ...{ turns: 0, failed_turns: 0, refused_turns: 0, scores: 0, unseen: 0 },
    created_at: now,
    updated_at: now,
    archived_at: null,
  };
  return { row, config };
}

function decideUpdate(update: {
  session: SessionRow;
  config: AgentConfig;
  changes: SessionChanges;
  ids: Ids;
  now: string;
}): Decision<null> {
  const { session, changes, ids, now } = update;
  if (session.status === 'terminated') {
    throw new PawlError('session_archived', `session ${session.id} is archived and can only be read`);
  }
  if (changes.agent !== undefined) requireQuiet(session, 'given other tools');
  const metadata = patchMetadata(JSON.parse(session.metadata) as Metadata, changes.metadata);
  const metadataText = JSON.stringify(metadata);
  const title = changes.title === undefined ? session.title : changes.title;
  const retitled = title !== session.title;
  const relabelled = metadataText !== session.metadata;
  const before = session.overrides === null ? null : (JSON.parse(session.overrides) as AgentOverrides);
  const overrides = changes.agent === undefined ? before : withTools(before, update.config, changes.agent);
  const rearmed = JSON.stringify(overrides) !== JSON.stringify(before);
  if (!retitled && !relabelled && !rearmed) return { result: null };
  const config = applyOverrides(update.config, overrides);
  const body: EventBody = {
    type: 'session.updated',
    ...(retitled ? { title } : {}),
    ...(relabelled && Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...(rearmed ? { agent: sessionAgent(session, config) } : {}),
  };
  const event: EventDraft = { ...body, id: ids.next('event') };
  return {
    events: [event],
    changes: {
      title,
      metadata: metadataText,
      updated_at: now,
      ...(rearmed
        ? {
            unseen: session.rollout_id === null || session.attempt === 0 ? session.unseen : 1,
            overrides: JSON.stringify(overrides),
            effective_hash: contentHash(effectiveConfig(config)),
          }
        : {}),
    },
    result: null,
  };
}

/** Lays other tools over a session, unless they are what it has already. */
function withTools(
  before: AgentOverrides | null,
  base: AgentConfig,
  input: NonNullable<SessionChanges['agent']>,
): AgentOverrides | null {
  const current = applyOverrides(base, before);
  const next = { ...before, ...resolveOverrides(input) };
  const changed = JSON.stringify(applyOverrides(current, next)) !== JSON.stringify(current);
  return changed ? next : before;
}

function requireQuiet(session: SessionRow, what: string): void {
  if (!isBusy(session.status)) return;
  const message = `session ${session.id} cannot be ${what} while its status is ${session.status}; interrupt it and wait for idle`;
  throw new PawlError('session_running', message);
}
