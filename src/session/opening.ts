import type { Agents } from '../agent/agents.ts';
import type { Environments } from '../agent/environments.ts';
import { type OverrideInput, resolveOverrides } from '../agent/merge.ts';
import {
  type AgentConfig,
  type AgentOverrides,
  applyOverrides,
  effectiveConfig,
} from '../core/agent-config.ts';
import type { AgentReference } from '../core/agent-reference.ts';
import type { Budget } from '../core/budget.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { ClientEventBody, SessionAgent } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import { type Metadata, type MetadataPatch, patchMetadata } from '../core/metadata.ts';
import { copyKey } from '../core/session.ts';
import { noSessionUsage } from '../core/usage.ts';
import type { SessionRow } from '../store/sessions.ts';
import { draftsWith, toBeCounted, turnStart } from './choreography.ts';
import { filesIn } from './file-references.ts';
import type { Decision } from './journal.ts';

/** A session with the configuration that it runs with. */
export type Session = { readonly row: SessionRow; readonly config: AgentConfig };

export type SessionCreation = {
  readonly agent: AgentReference & { readonly version?: number | undefined };
  /** Null when the request asks for the agent as it is. */
  readonly overrides: OverrideInput | null;
  readonly environment_id: string;
  readonly title: string | null;
  readonly metadata: MetadataPatch;
  /** In the order in which they are looked through. */
  readonly vault_ids: readonly string[];
  readonly budget: Budget | null;
  /** Messages that the session begins with, in one turn; without any it is idle. */
  readonly initial_events: readonly Extract<ClientEventBody, { type: 'user.message' }>[];
};

/** The vaults that a session looks through, in that order. */
export function vaultIdsOf({ vault_ids }: Pick<SessionRow, 'vault_ids'>): readonly string[] {
  return vault_ids === null ? [] : (JSON.parse(vault_ids) as string[]);
}

/** What was replaced for a session alone; null when nothing was. */
export function overridesOf({ overrides }: Pick<SessionRow, 'overrides'>): AgentOverrides | null {
  return overrides === null ? null : (JSON.parse(overrides) as AgentOverrides);
}

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

/** What a new session is to be, before anything is stored. */
export async function planSession(
  { clock, ids, agents, environments, serves }: PlanDeps,
  creation: SessionCreation,
): Promise<Session> {
  const id = ids.next('session');
  const metadata = patchMetadata({}, creation.metadata);
  const resolved = await agents.resolve(
    creation.agent,
    creation.agent.version,
    // Without a key of its own, a session is on its own.
    metadata[targetingKey] || id,
  );
  const { agent } = resolved;
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
  const overrides =
    creation.overrides === null ? null : resolveOverrides(creation.overrides, agent.version.config);
  const config = applyOverrides(agent.version.config, overrides);
  if (!serves(config.model.id)) {
    throw new PawlError('model_not_served', `agent.model: no route serves ${config.model.id}`);
  }
  const at = formatTime(clock.now());
  return { row: newRow(creation, { id, metadata, resolved, overrides, config, at }), config };
}

/** The row of a session that nothing has happened in. */
function newRow(
  creation: SessionCreation,
  { id, metadata, resolved, overrides, config, at }: Planned,
): SessionRow {
  const { agent, reason, alias, rollout } = resolved;
  const copy_of = metadata[copyKey] || null;
  const place = copy_of === null ? rollout : null;
  // Field by field: behind a spread, the rest of an object is put together the slow way.
  return {
    id,
    agent_id: agent.row.id,
    agent_version: agent.version.version,
    agent_name: config.name,
    environment_id: creation.environment_id,
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
    rollout_id: place?.id ?? null,
    arm: place?.arm ?? null,
    weight: place?.weight ?? null,
    unit: place?.unit ?? null,
    turns: 0,
    failed_turns: 0,
    refused_turns: 0,
    scores: 0,
    unseen: 0,
    open_calls: null,
    rounds: 0,
    context_from: 0,
    list_cost_usd: null,
    vault_ids: creation.vault_ids.length === 0 ? null : JSON.stringify(creation.vault_ids),
    budget: creation.budget === null ? null : JSON.stringify(creation.budget),
    copy_of,
    created_at: at,
    updated_at: at,
    archived_at: null,
  };
}

type Planned = {
  readonly id: string;
  readonly metadata: Metadata;
  readonly resolved: Awaited<ReturnType<Agents['resolve']>>;
  readonly overrides: AgentOverrides | null;
  readonly config: AgentConfig;
  readonly at: string;
};

/** What a session is made of beside its agent has to be there, and to fit. @throws PawlError naming the field */
export async function requireParts(
  { hasPrice, requireVaults, requireFiles }: PartDeps,
  { vault_ids, budget, initial_events }: SessionCreation,
  { model }: AgentConfig,
): Promise<void> {
  if (budget !== null && !hasPrice(model.id)) throw notBudgetable(model.id);
  if (vault_ids.length > 0) await requireVaults(vault_ids);
  const files = filesIn(initial_events);
  if (files.length > 0) await requireFiles(files);
}

/** No budget can be kept by what a model costs that has no price. */
export function notBudgetable(model: string): PawlError {
  const message = `budget: the price table has no price for the model ${model}, so that nobody could tell when the budget is used up`;
  return new PawlError('model_not_budgetable', message);
}

/** What a session's history begins with: nothing, or messages and the turn that answers them. */
export function firstEvents(
  row: SessionRow,
  bodies: SessionCreation['initial_events'],
  { ids }: { readonly ids: Ids },
): Decision<null> {
  if (bodies.length === 0) return { result: null };
  const messages = bodies.map(draftsWith(ids));
  const start = turnStart(row, { ids, at: row.created_at });
  return {
    events: [...messages, ...start.events],
    changes: { ...start.changes, ...toBeCounted(row) },
    result: null,
  };
}

type PlanDeps = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly agents: Agents;
  readonly environments: Environments;
  readonly serves: (model: string) => boolean;
};

type PartDeps = {
  readonly hasPrice: (model: string) => boolean;
  readonly requireVaults: (ids: readonly string[]) => Promise<void>;
  readonly requireFiles: (ids: readonly string[]) => Promise<void>;
};
