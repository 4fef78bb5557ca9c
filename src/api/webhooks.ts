import type { WebhookWithSecret } from '../webhook/webhook-settings.ts';
import type { Webhooks } from '../webhook/webhooks.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { idParams, noBody } from './wire/params.ts';
import {
  deadListQuery,
  deliveryListQuery,
  deliveryParams,
  deliveryResponse,
  type ReplayResponse,
  type WebhookDeletedResponse,
  type WebhookResponse,
  type WebhookSecretResponse,
  webhookCreate,
  webhookListQuery,
  webhookReplay,
  webhookResponse,
  webhookUpdate,
} from './wire/webhooks.ts';

const config = { role: 'admin' } as const;

export function webhookRoutes(app: App, webhooks: Webhooks): void {
  settingRoutes(app, webhooks);
  deliveryRoutes(app, webhooks);
  deadDeliveryRoutes(app, webhooks);
}

function settingRoutes(app: App, webhooks: Webhooks): void {
  app.post(
    '/pawl/v1/webhooks',
    { schema: { body: webhookCreate }, config },
    async ({ body, actor }): Promise<WebhookSecretResponse> =>
      withSecret(await webhooks.settings.create(body, actor)),
  );

  app.get('/pawl/v1/webhooks', { schema: { querystring: webhookListQuery }, config }, async ({ query }) => {
    const { search, state } = query;
    const page = await webhooks.settings.list(pageRequest(query, lists.webhooks), { search, state });
    return { ...page, data: page.data.map(webhookResponse) };
  });

  app.get(
    '/pawl/v1/webhooks/:id',
    { schema: { params: idParams }, config },
    async ({ params }): Promise<WebhookResponse> =>
      webhookResponse(await webhooks.settings.retrieve(requireId('webhook', params.id))),
  );

  app.post(
    '/pawl/v1/webhooks/:id',
    { schema: { params: idParams, body: webhookUpdate }, config },
    async ({ params, body, actor }): Promise<WebhookResponse> =>
      webhookResponse(await webhooks.settings.update(requireId('webhook', params.id), body, actor)),
  );

  app.post(
    '/pawl/v1/webhooks/:id/regenerate_signing_secret',
    { schema: { params: idParams, body: noBody }, config },
    async ({ params, actor }): Promise<WebhookSecretResponse> => {
      const id = requireId('webhook', params.id);
      return withSecret(await webhooks.settings.regenerateSigningSecret(id, actor));
    },
  );

  app.delete(
    '/pawl/v1/webhooks/:id',
    { schema: { params: idParams }, config },
    async ({ params, actor }): Promise<WebhookDeletedResponse> => {
      await webhooks.settings.remove(requireId('webhook', params.id), actor);
      return { type: 'webhook_deleted', id: params.id };
    },
  );
}

function deliveryRoutes(app: App, webhooks: Webhooks): void {
  app.post(
    '/pawl/v1/webhooks/:id/test',
    { schema: { params: idParams, body: noBody }, config },
    async ({ params }) => deliveryResponse(await webhooks.deliveries.test(requireId('webhook', params.id))),
  );

  app.get(
    '/pawl/v1/webhooks/:id/deliveries',
    { schema: { params: idParams, querystring: deliveryListQuery }, config },
    async ({ params, query }) => {
      const request = pageRequest(query, lists.webhook_deliveries);
      const { id } = await webhooks.settings.retrieve(requireId('webhook', params.id));
      const page = await webhooks.deliveries.list({ webhook_id: id, status: query.status }, request);
      return { ...page, data: page.data.map(deliveryResponse) };
    },
  );

  app.post(
    '/pawl/v1/webhook_deliveries/:id/replay',
    { schema: { params: deliveryParams, body: noBody }, config },
    async ({ params }) =>
      deliveryResponse(await webhooks.deliveries.replay(requireId('delivery', params.id))),
  );
}

function deadDeliveryRoutes(app: App, webhooks: Webhooks): void {
  app.get(
    '/pawl/v1/webhook_deliveries/dead',
    { schema: { querystring: deadListQuery }, config },
    async ({ query }) => {
      const request = pageRequest(query, lists.dead_deliveries);
      const { webhook_id, event_type, since } = query;
      if (webhook_id !== undefined) await webhooks.settings.retrieve(requireId('webhook', webhook_id));
      const page = await webhooks.deliveries.listDead({ webhook_id, event_type, since }, request);
      return { ...page, data: page.data.map(deliveryResponse) };
    },
  );

  app.post(
    '/pawl/v1/webhooks/:id/replay',
    { schema: { params: idParams, body: webhookReplay }, config },
    async ({ params, body }): Promise<ReplayResponse> => {
      const webhook_id = requireId('webhook', params.id);
      const replay = await webhooks.deliveries.replayDead({ webhook_id, since: body.since });
      return { type: 'webhook_replay', ...replay };
    },
  );
}

function withSecret({ webhook, signing_secret }: WebhookWithSecret): WebhookSecretResponse {
  return { ...webhookResponse(webhook), signing_secret };
}
