import type { Environments } from '../agent/environments.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import {
  type EnvironmentResponse,
  environmentCreate,
  environmentListQuery,
  environmentResponse,
  environmentUpdate,
} from './wire/environments.ts';
import { idParams, noBody } from './wire/params.ts';

export function environmentRoutes(app: App, environments: Environments): void {
  app.post(
    '/v1/environments',
    { schema: { body: environmentCreate } },
    async ({ body, actor }): Promise<EnvironmentResponse> =>
      environmentResponse(await environments.create(body, actor)),
  );

  app.get('/v1/environments', { schema: { querystring: environmentListQuery } }, async ({ query }) => {
    const page = await environments.list(query, pageRequest(query, lists.environments));
    return { ...page, data: page.data.map(environmentResponse) };
  });

  app.get(
    '/v1/environments/:id',
    { schema: { params: idParams } },
    async ({ params }): Promise<EnvironmentResponse> =>
      environmentResponse(await environments.retrieve(requireId('environment', params.id))),
  );

  app.post(
    '/v1/environments/:id',
    { schema: { params: idParams, body: environmentUpdate } },
    async ({ params, body, actor }): Promise<EnvironmentResponse> => {
      return environmentResponse(await environments.update(requireId('environment', params.id), body, actor));
    },
  );

  app.post(
    '/v1/environments/:id/archive',
    { schema: { params: idParams, body: noBody } },
    async ({ params, actor }): Promise<EnvironmentResponse> =>
      environmentResponse(await environments.archive(requireId('environment', params.id), actor)),
  );

  app.delete('/v1/environments/:id', { schema: { params: idParams } }, async ({ params, actor }) => {
    await environments.remove(requireId('environment', params.id), actor);
    return { id: params.id, type: 'environment_deleted' as const };
  });
}
