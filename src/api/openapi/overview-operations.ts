import { mostExamined } from '../../core/page.ts';
import { pageBothWaysOf, pageOf } from '../wire/answers/fields.ts';
import { agentOverview, versionOverview } from '../wire/answers/overviews.ts';
import { listedSession } from '../wire/answers/session-rows.ts';
import { json, type Operations } from './operation.ts';

/** Lists of agents, versions and sessions for people to look through. */
export const overviewOperations: Operations = {
  list_agents: {
    route: 'GET /pawl/v1/agents',
    tag: 'Overviews',
    summary: 'Lists agents with what they serve, what is on its way, and the last verdict.',
    answer: json(pageOf(agentOverview)),
    errors: [],
  },
  list_versions: {
    route: 'GET /pawl/v1/agents/:id/versions',
    tag: 'Overviews',
    summary: 'Lists the versions of an agent without their configurations, with where they are live.',
    answer: json(pageOf(versionOverview)),
    errors: ['agent_not_found'],
  },
  list_sessions: {
    route: 'GET /pawl/v1/sessions',
    tag: 'Overviews',
    summary: 'Lists sessions with how they were assigned and how they went.',
    description: `An alias, a rollout, an arm, failures, a targeting key and words of a title have no index: they are looked for among ${mostExamined} sessions for each page, the newest that the other fields let through. A page that finds few of them, or none, leads on to the sessions behind these by its \`next_page\`.`,
    answer: json(pageBothWaysOf(listedSession)),
    errors: [],
  },
};
