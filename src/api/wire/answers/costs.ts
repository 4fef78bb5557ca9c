import { z } from 'zod';
import { arms } from '../../../core/rollout.ts';
import type { AgentCostsResponse } from '../../costs.ts';
import { count, describes, listOf, text, time } from './fields.ts';

const usage = z.object({
  input_tokens: count.describe('Tokens that were read, and came from no cache.'),
  output_tokens: count.describe('Tokens that were written.'),
  cache_read_input_tokens: count.describe('Tokens that were read from a cache.'),
  cache_creation: z
    .object({
      ephemeral_5m_input_tokens: count.describe('To be kept for five minutes.'),
      ephemeral_1h_input_tokens: count.describe('To be kept for an hour.'),
    })
    .describe('Tokens that were written to a cache.'),
});

const spent = {
  sessions: count.describe('How many sessions.'),
  unpriced_sessions: count.describe('Those that have used tokens and whose cost nobody knows.'),
  turns: count.describe('How many turns they have ended.'),
  usage: usage.describe('The tokens that they have used.'),
  cost_usd: z
    .number()
    .min(0)
    .nullable()
    .describe('US dollars at list prices, of the sessions that have a cost; null when none has.'),
};

const part = z.object({
  alias: text
    .nullable()
    .describe('The alias that stood for the version; null where its number was named, or nothing was.'),
  arm: z.enum(arms).nullable().describe('The arm of a rollout; null for those that are in none.'),
  ...spent,
});

const version = z.object({
  version: count.describe('The number of the version.'),
  ...spent,
  parts: listOf(part).describe('The same by how sessions came to the version.'),
});

export const agentCosts = describes<AgentCostsResponse>()(
  z.object({
    type: z.literal('agent_costs'),
    agent_id: text.describe('`agent_…`'),
    from: time.describe('From when on the sessions were made.'),
    before: time.describe('Before when they were made.'),
    total: z.object(spent).describe('All of them.'),
    versions: listOf(version).describe('By version, the latest first.'),
  }),
).meta({ id: 'AgentCosts', description: 'What the sessions of an agent have cost, by version.' });
