import { pageOf } from '../wire/answers/fields.ts';
import { webhook, webhookDeleted, webhookDelivery, webhookWithSecret } from '../wire/answers/webhooks.ts';
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
    description: 'A delivery is forgotten 30 days after it has ended.',
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
  delete_webhook: {
    route: 'DELETE /pawl/v1/webhooks/:id',
    tag: 'Webhooks',
    summary: 'Deletes a webhook with all its deliveries.',
    answer: json(webhookDeleted),
    errors: ['webhook_not_found'],
  },
};
