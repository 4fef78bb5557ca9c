import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  type DeadFilter,
  type DeliveryRow,
  findDelivery,
  keepWebhook,
  listDeadDeliveries,
  listDeliveries,
  reviveDeliveries,
  updateDelivery,
} from '../store/webhooks.ts';
import type { Outbox } from './outbox.ts';
import { type Delivery, type Replay, withoutBody } from './webhook.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly wake: () => void;
};

type Revival = { readonly webhook_id: string; readonly since?: string | undefined };

/** How many deliveries become pending again in one transaction. */
const mostRevived = 1000;

/** What webhooks were told and what became of it. */
export function createDeliveries({ store, clock, outbox, wake }: Deps) {
  /** Asks for something to be sent to a webhook that can be sent something, and has it sent. */
  async function send(ask: (tx: Handle, at: string) => Promise<DeliveryRow>): Promise<Delivery> {
    const row = await store.write((tx) => ask(tx, formatTime(clock.now())));
    wake();
    return withoutBody(row);
  }

  /** @throws PawlError `webhook_not_found`, `webhook_disabled` */
  async function requireEnabled(tx: Handle, webhookId: string): Promise<void> {
    const webhook = await keepWebhook(tx, store.dialect, webhookId);
    if (webhook === null) throw new PawlError('webhook_not_found', `webhook ${webhookId} does not exist`);
    if (webhook.state === 'enabled') return;
    throw new PawlError('webhook_disabled', `webhook ${webhookId} is disabled; enable it first`);
  }

  return {
    /** The deliveries of a webhook by creation time. */
    async list(
      filter: { readonly webhook_id: string; readonly status?: DeliveryRow['status'] | undefined },
      request: PageRequest,
    ): Promise<Page<Delivery>> {
      return pageFrom(await listDeliveries(store.db, filter, request), request);
    },

    /** The deliveries that were given up, those of all webhooks unless one is named, by creation time. */
    async listDead(filter: DeadFilter, request: PageRequest): Promise<Page<Delivery>> {
      return pageFrom(await listDeadDeliveries(store.db, filter, request), request);
    },

    /** Sends a webhook a test event, whatever it wants. @throws PawlError `webhook_not_found`, `webhook_disabled` */
    async test(webhookId: string): Promise<Delivery> {
      return send(async (tx, at) => {
        await requireEnabled(tx, webhookId);
        return outbox.enqueueTest(tx, webhookId, at);
      });
    },

    /**
     * Sends a delivery again now, with all its tries before it: the same event under the same id.
     * @throws PawlError `delivery_not_found`, `webhook_disabled`
     */
    async replay(id: string): Promise<Delivery> {
      return send(async (tx, at) => {
        const row = await findDelivery(tx, id);
        if (row === null) throw new PawlError('delivery_not_found', `delivery ${id} does not exist`);
        await requireEnabled(tx, row.webhook_id);
        const changes = { status: 'pending', attempts: 0, due_at: at, ended_at: null } as const;
        await updateDelivery(tx, id, changes);
        return { ...row, ...changes };
      });
    },

    /**
     * Sends dead deliveries of a webhook again, a thousand at most, the oldest first: those of events since `since`
     * (a time as stored; absent means all). One that is not dead any more is left alone, so that asking twice sends
     * nothing twice.
     * @throws PawlError `webhook_not_found`, `webhook_disabled`
     */
    async replayDead({ webhook_id, since }: Revival): Promise<Replay> {
      const replayed = await store.write(async (tx) => {
        await requireEnabled(tx, webhook_id);
        const at = formatTime(clock.now());
        return reviveDeliveries(tx, { webhook_id, since, at }, mostRevived);
      });
      wake();
      return { webhook_id, replayed, has_more: replayed === mostRevived };
    },
  };
}

function pageFrom(rows: DeliveryRow[], request: PageRequest): Page<Delivery> {
  const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
  return { data: page.data.map(withoutBody), next_page: page.next_page };
}
