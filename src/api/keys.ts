import type { Keys } from '../access/keys.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import {
  type KeyResponse,
  keyCreate,
  keyListQuery,
  keyResponse,
  keyUpdate,
  type NewKeyResponse,
} from './wire/keys.ts';
import { idParams, noBody } from './wire/params.ts';

type Deps = { readonly keys: Keys; readonly clock: Clock };

export function keyRoutes(app: App, { keys, clock }: Deps): void {
  const config = { role: 'admin' } as const;

  app.post(
    '/pawl/v1/keys',
    { schema: { body: keyCreate }, config },
    async ({ body, actor }): Promise<NewKeyResponse> => {
      const { expires_at } = body;
      if (expires_at !== undefined && expires_at <= formatTime(clock.now())) {
        throw new PawlError('invalid_request', 'expires_at: must be in the future');
      }
      const { key, secret } = await keys.create(body, actor);
      return { ...keyResponse(key), secret };
    },
  );

  app.post(
    '/pawl/v1/keys/:id',
    { schema: { params: idParams, body: keyUpdate }, config },
    async ({ params, body, actor }): Promise<KeyResponse> => {
      const id = requireId('key', params.id);
      return keyResponse(await keys.setLimit(id, body.rate_limit_per_minute, actor));
    },
  );

  app.get('/pawl/v1/keys', { schema: { querystring: keyListQuery }, config }, async ({ query }) => {
    const { search, role } = query;
    const page = await keys.list(pageRequest(query, lists.keys), { search, role });
    return { ...page, data: page.data.map(keyResponse) };
  });

  app.post(
    '/pawl/v1/keys/:id/revoke',
    { schema: { params: idParams, body: noBody }, config },
    async ({ params, actor }): Promise<KeyResponse> => {
      return keyResponse(await keys.revoke(requireId('key', params.id), actor));
    },
  );
}
