import type { Handle } from '../store/dialect.ts';
import type { WebhookEvent } from '../webhook/event-types.ts';

/** Tells the world outside what happened. A notice is part of the transaction that it is about. */
export type Notify = {
  enqueue(tx: Handle, event: WebhookEvent): Promise<void>;
  /** Says that notices were committed. */
  wake(): void;
};
