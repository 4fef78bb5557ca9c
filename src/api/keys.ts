import type { Keys } from '../access/keys.ts';
import { requireAdmin } from './auth.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { type KeyResponse, keyCreate, keyListQuery, keyResponse, type NewKeyResponse } from './wire/keys.ts';
import { idParams, noBody } from './wire/params.ts';

export function keyRoutes(app: App, keys: Keys): void {
  app.post('/pawl/v1/keys', { schema: { body: keyCreate } }, async (request): Promise<NewKeyResponse> => {
    requireAdmin(request);
    const { key, secret } = await keys.create(request.body.name, request.body.role);
    return { ...keyResponse(key), secret };
  });

  app.get('/pawl/v1/keys', { schema: { querystring: keyListQuery } }, async (request) => {
    requireAdmin(request);
    const page = await keys.list(pageRequest(request.query, lists.keys));
    return { ...page, data: page.data.map(keyResponse) };
  });

  app.post(
    '/pawl/v1/keys/:id/revoke',
    { schema: { params: idParams, body: noBody } },
    async (request): Promise<KeyResponse> => {
      requireAdmin(request);
      return keyResponse(await keys.revoke(requireId('key', request.params.id)));
    },
  );
}
