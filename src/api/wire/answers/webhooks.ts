import { z } from 'zod';
import { connectFailures } from '../../../outbound/connect-failure.ts';
import { wantedTypes } from '../../../webhook/event-types.ts';
import { deliveryStatuses, disabledReasons, webhookStates } from '../../../webhook/webhook.ts';
import type {
  DeliveryResponse,
  ReplayResponse,
  WebhookDeletedResponse,
  WebhookResponse,
  WebhookSecretResponse,
} from '../webhooks.ts';
import { count, describes, listOf, text, time } from './fields.ts';

const shape = {
  type: z.literal('webhook'),
  id: text.describe('`wbhk_…`'),
  url: text.describe('Where events are posted to.'),
  description: text.nullable().describe('What it is for.'),
  enabled_events: listOf(z.enum(wantedTypes)).describe(
    'The types of events that it is sent; `*` stands for all.',
  ),
  state: z.enum(webhookStates).describe('Whether it is sent anything.'),
  disabled_reason: z
    .enum(disabledReasons)
    .nullable()
    .describe(
      'Why the server has disabled it: it answered 410, or nothing has succeeded for days. Null while it is enabled, and when somebody else did.',
    ),
  failing_since: time
    .nullable()
    .describe('When the first attempt failed after the last success; null when the last one succeeded.'),
  old_secret_until: time
    .nullable()
    .describe('Until when the secret before is signed with as well; null when there was none.'),
  created_at: time.describe('When it was made.'),
  updated_at: time.describe('When it last changed.'),
};

export const webhook = describes<WebhookResponse>()(z.object(shape)).meta({
  id: 'Webhook',
  description: 'A place that is told what happens here, without its secret.',
});

export const webhookWithSecret = describes<WebhookSecretResponse>()(
  z.object({
    ...shape,
    signing_secret: text.describe('What its deliveries are signed with, `whsec_…`. It is never given again.'),
  }),
).meta({ id: 'WebhookWithSecret', description: 'A webhook that was just made, or has a new secret.' });

export const webhookDeleted = describes<WebhookDeletedResponse>()(
  z.object({ type: z.literal('webhook_deleted'), id: text.describe('`wbhk_…`') }),
).meta({ id: 'WebhookDeleted', description: 'A webhook that is no more.' });

export const webhookDelivery = describes<DeliveryResponse>()(
  z.object({
    type: z.literal('webhook_delivery'),
    id: text.describe('`dlvr_…`'),
    webhook_id: text.describe('`wbhk_…`'),
    event_id: text.describe('`whe_…`: the same in every attempt, and for all webhooks.'),
    event_type: text.describe('What happened.'),
    status: z
      .enum(deliveryStatuses)
      .describe('`dead` was given up; it can be sent again, as `delivered` can.'),
    attempts: count.describe('Attempts so far, since it was made or last asked for again.'),
    response_status: z
      .int()
      .nullable()
      .describe('What the last attempt was answered with; null when it was not, and before the first.'),
    error: z
      .enum(connectFailures)
      .nullable()
      .describe('Why the last attempt was not answered; null when it was, and before the first.'),
    last_attempt_at: time.nullable().describe('When the last attempt ended; null before the first.'),
    next_attempt_at: time.nullable().describe('When the next one is due; null unless it is pending.'),
    created_at: time.describe('When the event happened.'),
    ended_at: time.nullable().describe('When it was delivered or given up; null while it is pending.'),
  }),
).meta({ id: 'WebhookDelivery', description: 'One event for one webhook, and what became of it.' });

export const replay = describes<ReplayResponse>()(
  z.object({
    type: z.literal('webhook_replay'),
    webhook_id: text.describe('`wbhk_…`'),
    replayed: count.describe('How many dead deliveries are pending again.'),
    has_more: z.boolean().describe('Whether there may be more; ask again for those.'),
  }),
).meta({ id: 'WebhookReplay', description: 'How much is sent to a webhook again.' });
