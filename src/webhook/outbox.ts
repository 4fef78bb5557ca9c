import type { Ids } from '../core/ids.ts';
import type { Dialect, Handle } from '../store/dialect.ts';
import { type DeliveryRow, insertDeliveries, keepEnabledWebhooks } from '../store/webhooks.ts';
import { testEventType, type WebhookEvent } from './event-types.ts';

type Deps = { readonly dialect: Dialect; readonly ids: Ids };

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
    const body = JSON.stringify({ type: 'event', id: event_id, created_at: at, data: { type, ...data } });
    return (webhook_id) => ({
      ...{ id: ids.next('delivery'), webhook_id, event_id, event_type: type, body },
      ...{ status: 'pending', attempts: 0, response_status: null, error: null, last_attempt_at: null },
      ...{ due_at: at, created_at: at, ended_at: null },
    });
  }

  return {
    /**
     * Leaves an event for every enabled webhook that wants its type. It is there if and only if the transaction is
     * committed; whoever commits it calls `wake` afterwards.
     */
    async enqueue(tx: Handle, event: WebhookEvent): Promise<void> {
      const webhooks = await keepEnabledWebhooks(tx, dialect);
      const wanting = webhooks.filter(({ enabled_events }) => wants(enabled_events, event.type));
      if (wanting.length === 0) return;
      const deliveryTo = deliveriesOf(event);
      await insertDeliveries(
        tx,
        wanting.map(({ id }) => deliveryTo(id)),
      );
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

function wants(enabledEvents: string, type: string): boolean {
  const types = JSON.parse(enabledEvents) as string[];
  return types.includes('*') || types.includes(type);
}
