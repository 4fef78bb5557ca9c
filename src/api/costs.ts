import { type AgentCosts, readAgentCosts } from '../agent/costs.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import type { Store } from '../store/dialect.ts';
import type { App } from './http.ts';
import { requireId } from './route.ts';
import { costQuery, costRange } from './wire/costs.ts';
import { idParams } from './wire/params.ts';

/** What the sessions of an agent have cost, as answers carry it. */
export type AgentCostsResponse = AgentCosts & {
  readonly type: 'agent_costs';
  readonly agent_id: string;
  /** From when on the sessions were made, and before when. */
  readonly from: string;
  readonly before: string;
};

export function costRoutes(
  app: App,
  { store, clock }: { readonly store: Store; readonly clock: Clock },
): void {
  app.get(
    '/pawl/v1/agents/:id/costs',
    { schema: { params: idParams, querystring: costQuery } },
    async ({ params, query }): Promise<AgentCostsResponse> => {
      const agent_id = requireId('agent', params.id);
      const range = costRange(query, clock.now());
      const costs = await readAgentCosts(store, { agent_id, ...range });
      const [from, before] = [formatTime(range.from), formatTime(range.before)];
      return { type: 'agent_costs', agent_id, from, before, ...costs };
    },
  );
}
