import { z } from 'zod';
import { sentTypes, wantedTypes } from '../../webhook/event-types.ts';
import {
  type Delivery,
  deliveryStatuses,
  type Replay,
  type Webhook,
  webhookStates,
} from '../../webhook/webhook.ts';
import { limit, newestFirst, page, search, text, time } from './fields.ts';
import { quoted } from './sentences.ts';

const url = text(1, 2048).describe(
  'Where events are posted to, by HTTPS. It must be out in the internet, unless the server is set to allow others.',
);
const description = text(0, 1000).nullable().describe('What it is for, in words for people.');
// There are too many to list them.
const noSuchType = {
  error: ({ input }: { readonly input?: unknown }): string =>
    `${quoted(input)} is no type of event that webhooks are told of; see docs/reference/webhooks.md`,
};
const enabledEvents = z
  .array(z.enum(wantedTypes, noSuchType))
  .min(1)
  .max(100)
  .refine((types) => new Set(types).size === types.length, 'must not name a type twice')
  .refine((types) => !types.includes('*') || types.length === 1, 'must name either types or *')
  .describe('The types of events that it is sent; `*` alone stands for all, those to come as well.');

export const webhookCreate = z
  .strictObject({
    url,
    enabled_events: enabledEvents,
    description: description.default(null),
  })
  .meta({ id: 'NewWebhook', description: 'A place that is to be told what happens here.' });

export const webhookUpdate = z
  .strictObject({
    url: url.optional(),
    enabled_events: enabledEvents.optional(),
    description: description.optional(),
    state: z
      .enum(webhookStates)
      .optional()
      .describe(
        '`disabled` sends nothing more; what happens meanwhile is never sent, what waits goes on later.',
      ),
  })
  .meta({ id: 'WebhookChanges', description: 'What is to be different; what is absent stays.' });

export const webhookListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  order: newestFirst,
  search: search('Only webhooks with this in their URL or description.'),
  state: z.enum(['enabled', 'disabled']).optional().describe('Only webhooks that stand so.'),
});

export const deliveryListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  status: z.enum(deliveryStatuses).optional().describe('Only deliveries that stand so.'),
});

const since = time.meta({
  ...{ type: 'string', format: 'date-time' },
  description: 'Only events that happened then or later.',
});

export const deadListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  webhook_id: z.string().optional().describe('Only deliveries to this webhook, `wbhk_…`.'),
  event_type: z.enum(sentTypes, noSuchType).optional().describe('Only events of this type.'),
  since,
});

export const webhookReplay = z
  .strictObject({ since })
  .meta({ id: 'DeadDeliveriesToReplay', description: 'Which of the dead deliveries are sent again.' });

export const deliveryParams = z.strictObject({
  id: z.string().describe('The id of a delivery, `dlvr_…`.'),
});

/** A webhook as answers carry it. */
export type WebhookResponse = Webhook & { readonly type: 'webhook' };

/** The answer to making a webhook or a new secret for it: the only ones that ever hold a secret. */
export type WebhookSecretResponse = WebhookResponse & { readonly signing_secret: string };

/** The answer to deleting a webhook. */
export type WebhookDeletedResponse = { readonly type: 'webhook_deleted'; readonly id: string };

/** A delivery as answers carry it. */
export type DeliveryResponse = Delivery & { readonly type: 'webhook_delivery' };

/** The answer to sending dead deliveries again. */
export type ReplayResponse = Replay & { readonly type: 'webhook_replay' };

export function webhookResponse(webhook: Webhook): WebhookResponse {
  return { type: 'webhook', ...webhook };
}

export function deliveryResponse(delivery: Delivery): DeliveryResponse {
  return { type: 'webhook_delivery', ...delivery };
}
