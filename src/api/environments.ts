import type { Environments } from '../agent/environments.ts';
import { PawlError } from '../core/errors.ts';
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
    async ({ body }): Promise<EnvironmentResponse> => environmentResponse(await environments.create(body)),
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
    async ({ params, body }): Promise<EnvironmentResponse> => {
      const { config, ...changes } = body;
      const id = requireId('environment', params.id);
      // An archived one says so itself, when it is updated.
      const isLive = async () => (await environments.retrieve(id)).archived_at === null;
      if (config?.type === 'self_hosted' && (await isLive())) {
        throw new PawlError(
          'invalid_config_type_change',
          "config.type: this environment was made as 'cloud'",
        );
      }
      return environmentResponse(
        await environments.update(id, { ...changes, config: config?.type === 'self_hosted' ? null : config }),
      );
    },
  );

  app.post(
    '/v1/environments/:id/archive',
    { schema: { params: idParams, body: noBody } },
    async ({ params }): Promise<EnvironmentResponse> =>
      environmentResponse(await environments.archive(requireId('environment', params.id))),
  );

  app.delete('/v1/environments/:id', { schema: { params: idParams } }, async ({ params }) => {
    await environments.remove(requireId('environment', params.id));
    return { id: params.id, type: 'environment_deleted' as const };
  });
}
