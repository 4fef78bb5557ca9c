import type { Handle } from '../store/dialect.ts';
import type { WebhookEvent } from './event-types.ts';

/** Tells the world outside what happened. A notice is part of the transaction that it is about. */
export type Notify = {
  /** Leaves events for every enabled webhook that wants them. The end of the audit log is locked before, if at all. */
  enqueue(tx: Handle, ...events: readonly WebhookEvent[]): Promise<void>;
  /** Says that notices were committed. */
  wake(): void;
};
