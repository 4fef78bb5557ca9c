import type { Agents } from '../agent/agents.ts';
import { authorship } from './authorship.ts';
import type { App } from './http.ts';
import { lists, pageRequest, timeBounds } from './query.ts';
import { requireAgentReference, requireId } from './route.ts';
import {
  type AgentResponse,
  agentCreate,
  agentListQuery,
  agentQuery,
  agentResponse,
  agentUpdate,
  versionListQuery,
} from './wire/agents.ts';
import { idParams, noBody } from './wire/params.ts';

export function agentRoutes(app: App, agents: Agents): void {
  app.post('/v1/agents', { schema: { body: agentCreate } }, async (request): Promise<AgentResponse> => {
    return agentResponse(await agents.create(request.body, authorship(request)));
  });

  app.get('/v1/agents', { schema: { querystring: agentListQuery } }, async ({ query }) => {
    const filter = { include_archived: query.include_archived, created_at: timeBounds(query) };
    const page = await agents.list(filter, pageRequest(query, lists.agents));
    return { ...page, data: page.data.map(agentResponse) };
  });

  app.get(
    '/v1/agents/:id',
    { schema: { params: idParams, querystring: agentQuery } },
    async ({ params, query }): Promise<AgentResponse> =>
      agentResponse(await agents.retrieve(requireAgentReference(params.id), query.version)),
  );

  app.post(
    '/v1/agents/:id',
    { schema: { params: idParams, body: agentUpdate }, attachValidation: true },
    async (request): Promise<AgentResponse> => {
      const { body, validationError } = request;
      const id = requireId('agent', request.params.id);
      const { version, ...changes } = body;
      if (validationError !== undefined) {
        // Whether the agent can be updated at all is said before what is wrong with the update.
        const basedOn = Number.isInteger(version) && Number(version) >= 1 ? version : undefined;
        await agents.requireUpdatable(id, basedOn);
        throw validationError;
      }
      return agentResponse(await agents.update(id, { basedOn: version, changes, ...authorship(request) }));
    },
  );

  app.post(
    '/v1/agents/:id/archive',
    { schema: { params: idParams, body: noBody } },
    async ({ params, actor }): Promise<AgentResponse> => {
      return agentResponse(await agents.archive(requireId('agent', params.id), actor));
    },
  );

  app.get(
    '/v1/agents/:id/versions',
    { schema: { params: idParams, querystring: versionListQuery } },
    async ({ params, query }) => {
      const page = await agents.listVersions(
        requireId('agent', params.id),
        pageRequest(query, lists.versions),
      );
      return { ...page, data: page.data.map(agentResponse) };
    },
  );
}
