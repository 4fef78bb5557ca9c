import { setImmediate } from 'node:timers/promises';
import { formatTime } from '../core/clock.ts';
import { addCost } from '../core/money.ts';
import { type Arm, arms } from '../core/rollout.ts';
import { noSessionUsage, type SessionUsage } from '../core/usage.ts';
import { findAgent } from '../store/agents.ts';
import { type CostRow, sumCosts } from '../store/costs.ts';
import type { Store } from '../store/dialect.ts';
import { requireAgent } from './agents.ts';

/** What some sessions have taken. */
export type Spent = {
  readonly sessions: number;
  /** Those that have used tokens and whose cost nobody knows. */
  readonly unpriced_sessions: number;
  readonly turns: number;
  readonly usage: SessionUsage;
  /** US dollars at list prices, of the sessions that have a cost; null when none has. */
  readonly cost_usd: number | null;
};

/** The sessions of a version that came to it in one way. */
export type SpentPart = Spent & {
  /** The alias that stood for the version; null where its number was named, or nothing was. */
  readonly alias: string | null;
  /** The arm of a rollout; null for those that are in none. */
  readonly arm: Arm | null;
};

/** The sessions of a version, in all and by how they came to it. */
export type SpentVersion = Spent & { readonly version: number; readonly parts: readonly SpentPart[] };

/** What sessions of an agent have taken: in all, and by version, the latest first. */
export type AgentCosts = { readonly total: Spent; readonly versions: readonly SpentVersion[] };

const dayUs = 86_400_000_000;

/**
 * Adds up what the sessions of an agent have taken that were made from a time on and before another, in microseconds
 * since 1970. Each such session is read: on SQLite a day at a time, with everybody else's turn in between.
 * @throws PawlError `agent_not_found`
 */
export async function readAgentCosts(
  { db, dialect }: Pick<Store, 'db' | 'dialect'>,
  { agent_id, from, before }: { readonly agent_id: string; readonly from: number; readonly before: number },
): Promise<AgentCosts> {
  requireAgent(await findAgent(db, agent_id), agent_id);
  const parts = new Map<string, SpentPart & { readonly version: number }>();
  for (let start = from; start < before; start += dayUs) {
    const range = { gte: formatTime(start), lt: formatTime(Math.min(start + dayUs, before)) };
    for (const row of await sumCosts(db, dialect, { agent_id, ...range })) {
      const { version, alias, arm } = row;
      const key = JSON.stringify([version, alias, arm]);
      parts.set(key, { version, alias, arm, ...together(parts.get(key) ?? nothing, spentOf(row)) });
    }
    await setImmediate();
  }
  const versions = [...Map.groupBy(parts.values(), ({ version }) => version)]
    .toSorted(([a], [b]) => b - a)
    .map(([version, group]) => ({
      version,
      ...group.reduce(together, nothing),
      parts: group.map(({ version: _, ...part }) => part).toSorted(byAliasAndArm),
    }));
  return { total: versions.reduce(together, nothing), versions };
}

const nothing: Spent = { sessions: 0, unpriced_sessions: 0, turns: 0, usage: noSessionUsage, cost_usd: null };

function spentOf(row: CostRow): Spent {
  const { sessions, unpriced_sessions, turns, input_tokens, output_tokens, cost_usd } = row;
  const { cache_read_input_tokens, ephemeral_5m_input_tokens, ephemeral_1h_input_tokens } = row;
  const cache_creation = { ephemeral_5m_input_tokens, ephemeral_1h_input_tokens };
  const usage = { input_tokens, output_tokens, cache_read_input_tokens, cache_creation };
  return { sessions, unpriced_sessions, turns, usage, cost_usd };
}

/** Two of them as one, without what else either has. */
function together(a: Spent, b: Spent): Spent {
  const [one, other] = [a.usage, b.usage];
  return {
    sessions: a.sessions + b.sessions,
    unpriced_sessions: a.unpriced_sessions + b.unpriced_sessions,
    turns: a.turns + b.turns,
    usage: {
      input_tokens: one.input_tokens + other.input_tokens,
      output_tokens: one.output_tokens + other.output_tokens,
      cache_read_input_tokens: one.cache_read_input_tokens + other.cache_read_input_tokens,
      cache_creation: {
        ephemeral_5m_input_tokens:
          one.cache_creation.ephemeral_5m_input_tokens + other.cache_creation.ephemeral_5m_input_tokens,
        ephemeral_1h_input_tokens:
          one.cache_creation.ephemeral_1h_input_tokens + other.cache_creation.ephemeral_1h_input_tokens,
      },
    },
    cost_usd: addCost(a.cost_usd, b.cost_usd),
  };
}

/** By alias, those without one last; within it the control before the canary, and those in no rollout last. */
function byAliasAndArm(a: SpentPart, b: SpentPart): number {
  return placeOf(a) < placeOf(b) ? -1 : 1;
}

/** A text that sorts; no alias has a tilde. */
function placeOf({ alias, arm }: SpentPart): string {
  return `${alias ?? '~'} ${arm === null ? arms.length : arms.indexOf(arm)}`;
}
