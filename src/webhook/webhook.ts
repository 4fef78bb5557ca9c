import type { ConnectFailure } from '../outbound/connect-failure.ts';
import type { DeliveryRow, WebhookRow } from '../store/webhooks.ts';
import type { EventType } from './event-types.ts';

/** What a webhook wants to be told of: types of events, or `*` alone for everything. */
export type Wanted = readonly (EventType | '*')[];

/** Whether a webhook is sent anything. */
export const webhookStates = ['enabled', 'disabled'] as const;

/** Why the server disables a webhook: it answered 410, or nothing has succeeded for days. */
export const disabledReasons = ['gone', 'failing'] as const;

/** Where a delivery stands. A dead one was given up. */
export const deliveryStatuses = ['pending', 'delivered', 'dead'] as const;

/** A webhook without its secrets. */
export type Webhook = Omit<WebhookRow, 'enabled_events' | 'signing_secret' | 'old_secret'> & {
  readonly enabled_events: Wanted;
};

/** One event for one webhook, and what became of it; the event itself is left out. */
export type Delivery = Omit<DeliveryRow, 'body' | 'error' | 'due_at'> & {
  /** Why the last attempt had no answer; null when it had one, and before the first. */
  readonly error: ConnectFailure | null;
  /** Null unless it is pending. */
  readonly next_attempt_at: string | null;
};

/** How many dead deliveries of a webhook were made pending again, and whether there may be more of them. */
export type Replay = {
  readonly webhook_id: string;
  readonly replayed: number;
  readonly has_more: boolean;
};

/** A webhook as others may see it. */
export function withoutSecrets(row: WebhookRow): Webhook {
  const { signing_secret: _secret, old_secret: _old, enabled_events, ...rest } = row;
  return { ...rest, enabled_events: JSON.parse(enabled_events) as Wanted };
}

/** A delivery as others may see it. */
export function withoutBody({ body: _body, error, due_at, ...rest }: DeliveryRow): Delivery {
  return { ...rest, error: error as ConnectFailure | null, next_attempt_at: due_at };
}
