import type { Audit } from '../access/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Duty } from '../queue/duties.ts';
import type { Store } from '../store/dialect.ts';
import { createDeliveries } from './deliveries.ts';
import { createOutbox } from './outbox.ts';
import type { Post } from './post.ts';
import { createSender } from './sender.ts';
import { createWebhookSettings } from './webhook-settings.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly audit: Audit;
  readonly post: Post;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Random numbers in [0, 1). */
  readonly random: () => number;
  /** Ends an attempt that takes too long; asked for once for each attempt. */
  readonly deadline: () => AbortSignal;
  /** Whether webhooks may be on this machine, in private networks, and on plain HTTP. */
  readonly allow_private: boolean;
  readonly pawl_version: string;
  readonly duty: Duty;
};

/** Puts the room together: what webhooks there are, the outbox, and the loop that empties it. */
export function createWebhooks(deps: Deps) {
  const outbox = createOutbox({ dialect: deps.store.dialect, ids: deps.ids });
  const sender = createSender(deps);
  return {
    ...sender,
    /** Which webhooks there are. */
    settings: createWebhookSettings({ ...deps, wake: sender.wake }),
    /** What they were told. */
    deliveries: createDeliveries({ ...deps, outbox, wake: sender.wake }),
    enqueue: outbox.enqueue,
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
