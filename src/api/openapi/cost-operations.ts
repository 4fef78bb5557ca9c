import { agentCosts } from '../wire/answers/costs.ts';
import { json, type Operations } from './operation.ts';

/** What sessions have cost. */
export const costOperations: Operations = {
  retrieve_agent_costs: {
    route: 'GET /pawl/v1/agents/:id/costs',
    tag: 'Costs',
    summary: 'Adds up what the sessions of an agent have cost, by version, alias and arm.',
    description:
      'Of the sessions that were made in a time: the last 30 days, unless the query says otherwise, and 366 days at most.',
    answer: json(agentCosts),
    errors: ['agent_not_found'],
  },
};
