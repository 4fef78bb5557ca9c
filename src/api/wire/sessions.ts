import { z } from 'zod';
import { percent } from '../../core/assignment.ts';
import type { Budget, Money } from '../../core/budget.ts';
import { readTime } from '../../core/clock.ts';
import type { SessionAgent, UsageSnapshot } from '../../core/events.ts';
import type { Metadata } from '../../core/metadata.ts';
import { listCost } from '../../core/money.ts';
import type { Arm, RolloutPlace } from '../../core/rollout.ts';
import { type ResolutionReason, type SessionStatus, sessionStatuses } from '../../core/session.ts';
import type { SessionUsage } from '../../core/usage.ts';
import type { ResolvedRoute } from '../../model/routes.ts';
import { budgetOf } from '../../session/budget.ts';
import { activeUntil, usageSnapshot } from '../../session/choreography.ts';
import { type Session, sessionAgent, vaultIdsOf } from '../../session/opening.ts';
import { overrideFields } from './agents.ts';
import { initialEvents } from './events.ts';
import {
  flag,
  limit,
  list,
  lookup,
  metadata,
  metadataPatch,
  page,
  parseInto,
  text,
  time,
  unsupported,
  versionNumber,
} from './fields.ts';
import { mcpServers, tools } from './tools.ts';

const version = z.int().min(1).optional();

const agentObject = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('agent'), id: z.string(), version }),
  z.strictObject({ type: z.literal('agent_with_overrides'), id: z.string(), version, ...overrideFields }),
]);

/** Which agent, at which version, with what replaced. */
const agent = z.unknown().transform((value, context) => {
  if (typeof value === 'string') return { type: 'agent' as const, id: value };
  return parseInto(agentObject, value, context);
});

/** A whole number of cents above nothing, as text. The most is what a number holds exactly, in dollars. */
const cents = z
  .string("must be a whole number of cents, as a string such as '500'")
  .regex(/^[1-9]\d{0,11}$/, "must be a whole number of cents from 1, as a string such as '500'");

const budget = z.strictObject({
  type: z.literal('limit', "must be 'limit'"),
  max_list_cost: z.strictObject({ amount: cents, currency: z.literal('USD', "must be 'USD'") }),
});

export const sessionCreate = z.strictObject({
  agent,
  environment_id: z.string(),
  title: text(0, 1024).nullable().optional(),
  metadata: metadata.optional(),
  resources: unsupported('list', 'resources are').optional(),
  vault_ids: z
    .array(lookup, 'must be a list of vault ids')
    .max(50, 'must hold at most 50 vaults')
    .nullable()
    .optional(),
  budget: budget.nullable().optional(),
  initial_events: initialEvents.optional(),
});

export const sessionUpdate = z.strictObject({
  title: text(0, 1024).nullable().optional(),
  metadata: metadataPatch.optional(),
  agent: z.strictObject({ tools: tools.optional(), mcp_servers: mcpServers.optional() }).optional(),
  budget: budget.nullable().optional(),
  vault_ids: z.undefined('the vaults of a session cannot be changed').optional(),
});

export const sessionListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: z.enum(['asc', 'desc']).default('desc'),
  include_archived: flag('Whether archived ones are listed as well.'),
  agent_id: lookup.optional(),
  agent_version: versionNumber.optional(),
  deployment_id: lookup.optional(),
  memory_store_id: lookup.optional(),
  statuses: list(z.enum(sessionStatuses)),
  'created_at[gt]': time,
  'created_at[gte]': time,
  'created_at[lt]': time,
  'created_at[lte]': time,
});

/** A session as answers carry it. */
export type SessionResponse = {
  readonly id: string;
  readonly type: 'session';
  readonly agent: SessionAgent;
  readonly environment_id: string;
  readonly status: SessionStatus;
  readonly title: string | null;
  readonly metadata: Metadata;
  readonly resources: readonly never[];
  readonly vault_ids: readonly string[];
  readonly budget: Budget | null;
  readonly outcome_evaluations: readonly never[];
  readonly usage: Omit<UsageSnapshot, 'list_cost'> & { readonly list_cost: Money | null };
  readonly stats: { readonly active_seconds: number; readonly duration_seconds: number };
  readonly deployment_id: null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived_at: string | null;
  readonly pawl: SessionExtras;
};

/** What this server adds: how the session got its version, and who serves its model. */
export type SessionExtras = {
  readonly version: number;
  readonly reason: ResolutionReason;
  /** The alias that stood for the version; null unless the reason is `alias` or `canary`. */
  readonly alias: string | null;
  /** Which arm of which rollout it is in; null when the alias had none. */
  readonly rollout: SessionRollout | null;
  /** Hash of the configuration that the session runs with, overrides included. */
  readonly config_hash: string;
  /** Whether something was replaced for this session alone; such a session counts in no evaluation. */
  readonly overridden: boolean;
  /** Since when it takes no more messages, because its version was rolled back; null while it does. */
  readonly stopped_at: string | null;
  /** Null when no route serves the model any more. */
  readonly served_by: ResolvedRoute | null;
  /** What it cost at list prices, in US dollars with all fractions; null while none of its requests has a price. */
  readonly cost_usd: number | null;
};

/** The arm of a rollout that a session is in, as answers carry it. */
export type SessionRollout = {
  readonly id: string;
  readonly arm: Arm;
  /** The canary's share of the traffic when the session was assigned, in percent. */
  readonly weight: number;
};

/** `now` is in microseconds; the age of a session stands still once it is terminated. */
export function sessionResponse(
  { row, config }: Session,
  { now, served_by }: { now: number; served_by: ResolvedRoute | null },
): SessionResponse {
  const activeUs = activeUntil(row, now);
  const end = row.status === 'terminated' ? readTime(row.updated_at) : now;
  return {
    id: row.id,
    type: 'session',
    agent: sessionAgent(row, config),
    environment_id: row.environment_id,
    status: row.status,
    title: row.title,
    metadata: JSON.parse(row.metadata) as Metadata,
    resources: [],
    vault_ids: vaultIdsOf(row),
    budget: budgetOf(row),
    outcome_evaluations: [],
    usage: {
      ...usageSnapshot(JSON.parse(row.usage) as SessionUsage, { ...row, active_us: activeUs }),
      list_cost: listCost(row.list_cost_usd),
    },
    stats: {
      active_seconds: activeUs / 1_000_000,
      duration_seconds: Math.max(0, end - readTime(row.created_at)) / 1_000_000,
    },
    deployment_id: null,
    created_at: row.created_at,
    updated_at: row.updated_at,
    archived_at: row.archived_at,
    pawl: {
      version: row.agent_version,
      reason: row.arm === 'canary' ? 'canary' : row.resolution_reason,
      alias: row.resolution_alias,
      rollout: rolloutResponse(rolloutPlace(row)),
      config_hash: row.effective_hash,
      overridden: row.overrides !== null,
      stopped_at: row.stopped_at,
      served_by,
      cost_usd: row.list_cost_usd,
    },
  };
}

/** Where a session stands in the rollout that it is in; null when it is in none. */
export function rolloutPlace({ rollout_id, arm, weight, unit }: Session['row']): RolloutPlace | null {
  if (rollout_id === null || arm === null || weight === null || unit === null) return null;
  return { id: rollout_id, arm, weight, unit };
}

function rolloutResponse(place: RolloutPlace | null): SessionRollout | null {
  return place === null ? null : { id: place.id, arm: place.arm, weight: percent(place.weight) };
}
