import type { Ids } from '../core/ids.ts';
import type { Dialect, Handle } from '../store/dialect.ts';
import { type DeliveryRow, insertDeliveries, keepEnabledWebhooks } from '../store/webhooks.ts';
import { isWanted, testEventType, type WebhookEvent } from './event-types.ts';

type Deps = { readonly dialect: Dialect; readonly ids: Ids };

/** The official SDKs know of several of each; here everything is in one. */
const place = { organization_id: 'org_pawl', workspace_id: 'wrkspc_pawl' };

/** Where other rooms leave what webhooks are to be told, in the transaction of what happened. */
export function createOutbox({ dialect, ids }: Deps) {
  /** Makes deliveries of one event, due at once: all of them hold the same. */
  function deliveriesOf({
    type,
    data,
    at,
  }: Omit<WebhookEvent, 'type'> & { readonly type: string }): (webhookId: string) => DeliveryRow {
    const event_id = ids.next('webhook_event');
    // As the SDK's `webhooks.unwrap` gives it: what happened stands within, beside the ids.
    const body = JSON.stringify({
      type: 'event',
      id: event_id,
      created_at: at,
      data: { type, ...data, ...place },
    });
    return (webhook_id) => ({
      ...{ id: ids.next('delivery'), webhook_id, event_id, event_type: type, body },
      ...{ status: 'pending', attempts: 0, response_status: null, error: null, last_attempt_at: null },
      ...{ due_at: at, created_at: at, ended_at: null },
    });
  }

  return {
    /**
     * Leaves events for every enabled webhook that wants their types. They are there if and only if the transaction is
     * committed; whoever commits it calls `wake` afterwards.
     */
    async enqueue(tx: Handle, ...events: readonly WebhookEvent[]): Promise<void> {
      const webhooks = await keepEnabledWebhooks(tx, dialect);
      const rows = events.flatMap((event) => {
        const deliveryTo = deliveriesOf(event);
        const wanting = webhooks.filter(({ enabled_events }) => isWanted(enabled_events, event.type));
        return wanting.map(({ id }) => deliveryTo(id));
      });
      if (rows.length > 0) await insertDeliveries(tx, rows);
    },

    /** Leaves a test event for one webhook, whatever that wants. */
    async enqueueTest(tx: Handle, webhookId: string, at: string): Promise<DeliveryRow> {
      const row = deliveriesOf({ type: testEventType, data: { id: webhookId }, at })(webhookId);
      await insertDeliveries(tx, [row]);
      return row;
    },
  };
}

export type Outbox = ReturnType<typeof createOutbox>;
