import { type RawBuilder, sql } from 'kysely';
import type { Dialect, Handle } from './dialect.ts';
import { jsonField } from './json-field.ts';
import type { SessionTable } from './session-tables.ts';

/** Sessions of one version that came to it in one way, and what they have taken. */
export type CostRow = {
  readonly version: number;
  /** The alias that stood for the version; null when none did. */
  readonly alias: string | null;
  /** The arm of a rollout; null for sessions that are in none. */
  readonly arm: SessionTable['arm'];
  readonly sessions: number;
  /** Those that have used tokens and have no cost. */
  readonly unpriced_sessions: number;
  readonly turns: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly ephemeral_5m_input_tokens: number;
  readonly ephemeral_1h_input_tokens: number;
  /** Of those that have a cost, in US dollars; null when none has. */
  readonly cost_usd: number | null;
};

/** Sessions of an agent by when they were made: from a time on, and before another. */
export type CostRange = { readonly agent_id: string; readonly gte: string; readonly lt: string };

/**
 * What the sessions of an agent that were made in a time have taken, by version, alias and arm. One query over a range
 * of the index of the agent's sessions, each of which is read.
 */
export async function sumCosts(
  db: Handle,
  dialect: Dialect,
  { agent_id, gte, lt }: CostRange,
): Promise<CostRow[]> {
  const used = (...path: [string, ...string[]]): RawBuilder<number> =>
    sql<number>`cast(${jsonField(dialect, 'usage', path)} as bigint)`;
  const input = used('input_tokens');
  const output = used('output_tokens');
  return db
    .selectFrom('sessions')
    .select(['agent_version as version', 'resolution_alias as alias', 'arm'])
    .select([
      sql<number>`count(*)`.as('sessions'),
      sum(sql<number>`case when list_cost_usd is null and ${input} + ${output} > 0 then 1 else 0 end`).as(
        'unpriced_sessions',
      ),
      sum(sql<number>`turns`).as('turns'),
      sum(input).as('input_tokens'),
      sum(output).as('output_tokens'),
      sum(used('cache_read_input_tokens')).as('cache_read_input_tokens'),
      sum(used('cache_creation', 'ephemeral_5m_input_tokens')).as('ephemeral_5m_input_tokens'),
      sum(used('cache_creation', 'ephemeral_1h_input_tokens')).as('ephemeral_1h_input_tokens'),
      sql<number | null>`sum(list_cost_usd)`.as('cost_usd'),
    ])
    .where('agent_id', '=', agent_id)
    .where('created_at', '>=', gte)
    .where('created_at', '<', lt)
    .groupBy(['agent_version', 'resolution_alias', 'arm'])
    .execute();
}

/** A sum of whole numbers, which PostgreSQL would give as text. */
function sum(of: RawBuilder<number>): RawBuilder<number> {
  return sql<number>`cast(sum(${of}) as bigint)`;
}
