import type { AgentCostsResponse } from '../../api/costs.ts';
import { agentIdOf } from '../alias/agent-id.ts';
import { agentPath } from '../alias/alias-calls.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer } from '../api-client.ts';
import { money } from '../eval/quantities.ts';
import { print, printJson, table } from '../output.ts';

export type CostsOptions = ReleaseOptions & { readonly from?: string; readonly to?: string };

/** A year of sessions takes a while. */
const timeoutMs = 10 * 60_000;

/** Prints what the sessions of an agent have cost. @throws CommandError, ConfigError, InterruptedError */
export async function showCosts(agent: string, options: CostsOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const path = `${agentPath(await agentIdOf(server, agent))}/costs?${queryOf(options)}`;
    const signal = AbortSignal.timeout(timeoutMs);
    const costs = await callServer<AgentCostsResponse>(server, { method: 'GET', path, signal });
    if (options.output === 'json') return printJson(costs);
    const { agent_id, from, before, total } = costs;
    print(`Sessions of ${agent_id} from ${from} to ${before}:`);
    print(table(heads, rowsOf(costs)));
    if (total.unpriced_sessions === 0) return;
    print(`${total.unpriced_sessions} of the sessions have no cost, because their model had no price.`);
  });
}

type Spent = AgentCostsResponse['total'];

const heads = ['VERSION', 'ALIAS', 'ARM', 'SESSIONS', 'TURNS', 'IN', 'CACHED', 'OUT', 'COST', 'PER SESSION'];

function rowsOf({ total, versions }: AgentCostsResponse): readonly (readonly string[])[] {
  const rows = versions.flatMap(({ version, parts }) =>
    parts.map((part) => [String(version), part.alias ?? '', part.arm ?? '', ...cells(part)]),
  );
  return [...rows, ['all', '', '', ...cells(total)]];
}

function cells({ sessions, unpriced_sessions, turns, usage, cost_usd }: Spent): string[] {
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = usage.cache_creation;
  const cost =
    cost_usd === null ? ['', ''] : [cost_usd, cost_usd / (sessions - unpriced_sessions)].map(money);
  return [
    ...[sessions, turns, usage.input_tokens + short + long, usage.cache_read_input_tokens].map(String),
    ...[String(usage.output_tokens), ...cost],
  ];
}

function queryOf({ from, to }: CostsOptions): string {
  const query = new URLSearchParams();
  if (from !== undefined) query.set('created_at[gte]', from);
  if (to !== undefined) query.set('created_at[lt]', to);
  return query.toString();
}
