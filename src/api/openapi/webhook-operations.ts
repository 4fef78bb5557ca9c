import { pageOf } from '../wire/answers/fields.ts';
import {
  replay,
  webhook,
  webhookDeleted,
  webhookDelivery,
  webhookWithSecret,
} from '../wire/answers/webhooks.ts';
import { json, type Operations } from './operation.ts';

/** Who is told what happens here, and what they were told. */
export const webhookOperations: Operations = {
  create_webhook: {
    route: 'POST /pawl/v1/webhooks',
    tag: 'Webhooks',
    summary: 'Makes a webhook and gives its signing secret, this once.',
    answer: json(webhookWithSecret),
    errors: ['webhook_limit'],
  },
  list_webhooks: {
    route: 'GET /pawl/v1/webhooks',
    tag: 'Webhooks',
    summary: 'Lists webhooks, the newest first.',
    answer: json(pageOf(webhook)),
    errors: [],
  },
  retrieve_webhook: {
    route: 'GET /pawl/v1/webhooks/:id',
    tag: 'Webhooks',
    summary: 'Gives a webhook.',
    answer: json(webhook),
    errors: ['webhook_not_found'],
  },
  update_webhook: {
    route: 'POST /pawl/v1/webhooks/:id',
    tag: 'Webhooks',
    summary: 'Changes a webhook, enables or disables it.',
    description: 'A new URL, and being enabled, begin with a clean slate: earlier failures are forgotten.',
    answer: json(webhook),
    errors: ['webhook_not_found'],
  },
  regenerate_webhook_signing_secret: {
    route: 'POST /pawl/v1/webhooks/:id/regenerate_signing_secret',
    tag: 'Webhooks',
    summary: 'Makes a new signing secret and gives it, this once.',
    description:
      'For a day, deliveries are signed with the secret before as well, so that receivers can change over. Asked for twice, it ends the first one at once.',
    answer: json(webhookWithSecret),
    errors: ['webhook_not_found'],
  },
  test_webhook: {
    route: 'POST /pawl/v1/webhooks/:id/test',
    tag: 'Webhooks',
    summary: 'Sends a webhook a test event, whatever it wants.',
    answer: json(webhookDelivery),
    errors: ['webhook_not_found', 'webhook_disabled'],
  },
  list_webhook_deliveries: {
    route: 'GET /pawl/v1/webhooks/:id/deliveries',
    tag: 'Webhooks',
    summary: 'Lists what a webhook was told and what became of it, the newest first.',
    description: 'What was delivered is forgotten after 3 days, and what was given up after 30.',
    answer: json(pageOf(webhookDelivery)),
    errors: ['webhook_not_found'],
  },
  replay_webhook_delivery: {
    route: 'POST /pawl/v1/webhook_deliveries/:id/replay',
    tag: 'Webhooks',
    summary: 'Sends a delivery again: the same event under the same id.',
    answer: json(webhookDelivery),
    errors: ['delivery_not_found', 'webhook_disabled'],
  },
  list_dead_deliveries: {
    route: 'GET /pawl/v1/webhook_deliveries/dead',
    tag: 'Webhooks',
    summary: 'Lists the deliveries that were given up, those of all webhooks, the newest first.',
    answer: json(pageOf(webhookDelivery)),
    errors: ['webhook_not_found'],
  },
  replay_dead_deliveries: {
    route: 'POST /pawl/v1/webhooks/:id/replay',
    tag: 'Webhooks',
    summary: 'Sends the dead deliveries of a webhook again, a thousand at most, the oldest first.',
    description:
      'One that is not dead any more is left alone, so that asking twice sends nothing twice. `has_more` says whether to ask again.',
    answer: json(replay),
    errors: ['webhook_not_found', 'webhook_disabled'],
  },
  delete_webhook: {
    route: 'DELETE /pawl/v1/webhooks/:id',
    tag: 'Webhooks',
    summary: 'Deletes a webhook with all its deliveries.',
    answer: json(webhookDeleted),
    errors: ['webhook_not_found'],
  },
};
