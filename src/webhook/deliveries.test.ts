import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noTelemetry } from '../../test/no-telemetry.ts';
import { ownDuty } from '../../test/own-duty.ts';
import { quietLog } from '../../test/pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../../test/postgres.ts';
import { createAudit } from '../access/audit.ts';
import { localActor } from '../access/keys.ts';
import { createClock, formatTime } from '../core/clock.ts';
import { createIds } from '../core/ids.ts';
import type { PageRequest } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import { openStore } from '../store/open.ts';
import { type DeliveryRow, insertDeliveries } from '../store/webhooks.ts';
import type { EventType } from './event-types.ts';
import type { Wanted, Webhook } from './webhook.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

/*
 * The goal: what was given up is found and sent again, once, and nothing is kept for longer than it is of use. The
 * method: the room on each database, with a clock that the test moves and a post that answers what the test says.
 */

const minuteMs = 60_000;
const dayMs = 86_400_000;
const list = { name: 'any', key: ['string', 'string'], backwards: false } as const;
const all: PageRequest = { list, limit: 100, order: 'asc', cursor: null };

describe.each(['memory', 'postgres'] as const)('Deliveries on %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;
  let webhooks: Webhooks;
  let time = 1_800_000_000_000;
  let status = 200;
  let posted = 0;

  const clock = createClock(() => time);
  const now = (): string => formatTime(clock.now());

  beforeAll(async () => {
    if (kind === 'postgres') database = await migratedDatabase();
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  beforeEach(async () => {
    const ids = createIds(clock, randomBytes);
    const post = async () => {
      posted++;
      return { kind: 'answered', status, retry_after: null } as const;
    };
    webhooks = createWebhooks({
      ...{ store, clock, ids, post, randomBytes, log: quietLog, audit: createAudit({ store, clock, ids }) },
      ...{
        telemetry: noTelemetry,
        duty: ownDuty(),
        random: () => 0,
        allow_private: true,
        pawl_version: '0.0.0',
      },
      deadline: () => new AbortController().signal,
    });
    for (const { id } of (await webhooks.settings.list(all)).data) {
      await webhooks.settings.remove(id, localActor);
    }
    posted = 0;
  });

  async function make(enabled_events: Wanted): Promise<Webhook> {
    const fields = { url: 'https://hooks.example.com/', enabled_events, description: null };
    return (await webhooks.settings.create(fields, localActor)).webhook;
  }

  /** Has an event of a type sent, and answered with a status. */
  async function send(type: EventType, answer: number): Promise<void> {
    status = answer;
    await store.write((tx) => webhooks.enqueue(tx, { type, data: { id: 'one' }, at: now() }));
    await webhooks.tick();
  }

  /** Has an event given up at once, and goes on with the webhook, which that disables. */
  async function giveUp(type: EventType, { id }: Webhook): Promise<void> {
    await send(type, 410);
    await webhooks.settings.update(id, { state: 'enabled' }, localActor);
  }

  async function statuses({ id }: Webhook): Promise<string[]> {
    const { data } = await webhooks.deliveries.list({ webhook_id: id }, all);
    return data.map((one) => one.status);
  }

  test('are forgotten three days after they arrived, thirty after they were given up, and not while they wait', async () => {
    const webhook = await make(['*']);
    await send('session.status_idled', 200);
    await giveUp('session.status_idled', webhook);
    await send('session.status_idled', 500);
    expect(await statuses(webhook)).toEqual(['delivered', 'dead', 'pending']);
    time += 4 * dayMs;
    await webhooks.tick();
    expect(await statuses(webhook)).toEqual(['dead', 'pending']);
    time += 27 * dayMs;
    await webhooks.tick();
    expect(await statuses(webhook)).toEqual(['pending']);
  });

  test('that were given up are listed for all webhooks, or for one, of a type, since a time', async () => {
    const [one, other] = [await make(['*']), await make(['agent.created'])];
    await giveUp('agent.created', one);
    time += minuteMs;
    const since = now();
    await giveUp('session.created', one);
    await send('session.deleted', 200);
    const dead = async (filter: Parameters<Webhooks['deliveries']['listDead']>[0]) => {
      const { data } = await webhooks.deliveries.listDead(filter, all);
      return data.map(({ webhook_id, event_type }) => `${event_type} ${webhook_id}`).toSorted();
    };
    const whole = [`agent.created ${one.id}`, `agent.created ${other.id}`, `session.created ${one.id}`];
    expect(await dead({})).toEqual(whole.toSorted());
    expect(await dead({ webhook_id: other.id })).toEqual([`agent.created ${other.id}`]);
    expect(await dead({ event_type: 'session.created' })).toEqual([`session.created ${one.id}`]);
    expect(await dead({ since })).toEqual([`session.created ${one.id}`]);
    expect(await dead({ since, event_type: 'agent.created' })).toEqual([]);
    const first = await webhooks.deliveries.listDead({}, { ...all, limit: 2 });
    expect(first.data).toHaveLength(2);
    expect(first.next_page).not.toBeNull();
  });

  test('that were given up are sent again once, however often and from how many sides that is asked', async () => {
    const webhook = await make(['*']);
    const asked = { webhook_id: webhook.id };
    await giveUp('agent.created', webhook);
    time += minuteMs;
    const since = now();
    await giveUp('session.created', webhook);
    await giveUp('session.deleted', webhook);
    status = 200;
    posted = 0;
    const both = await Promise.all([1, 2].map(() => webhooks.deliveries.replayDead({ ...asked, since })));
    expect(both.map(({ replayed }) => replayed).toSorted()).toEqual([0, 2]);
    await webhooks.tick();
    expect([posted, await statuses(webhook)]).toEqual([2, ['dead', 'delivered', 'delivered']]);
    const none = { ...asked, replayed: 0, has_more: false };
    expect(await webhooks.deliveries.replayDead({ ...asked, since })).toEqual(none);
    expect(await webhooks.deliveries.replayDead(asked)).toMatchObject({ replayed: 1 });
    await webhooks.tick();
    expect([posted, await webhooks.deliveries.replayDead(asked)]).toEqual([3, none]);
  });

  test('are not sent again to a webhook that is disabled, or that is not there, and not to another', async () => {
    const [one, other] = [await make(['agent.created']), await make(['agent.created'])];
    await send('agent.created', 410);
    const refused = webhooks.deliveries.replayDead({ webhook_id: one.id });
    await expect(refused).rejects.toMatchObject({ code: 'webhook_disabled' });
    await webhooks.settings.update(one.id, { state: 'enabled' }, localActor);
    expect(await webhooks.deliveries.replayDead({ webhook_id: one.id })).toMatchObject({ replayed: 1 });
    expect(await statuses(other)).toEqual(['dead']);
    const missing = webhooks.deliveries.replayDead({ webhook_id: 'wbhk_none' });
    await expect(missing).rejects.toMatchObject({ code: 'webhook_not_found' });
  });

  test('are sent again a thousand at a time, the oldest first', async () => {
    const { id: webhook_id } = await make(['agent.created']);
    const dead = Array.from({ length: 1001 }, (_, i): DeliveryRow => {
      const at = now();
      return {
        ...{ id: `dlvr_${String(i).padStart(4, '0')}`, webhook_id, event_id: `whe_${i}` },
        ...{ event_type: 'agent.created', body: '{}', status: 'dead', attempts: 9, due_at: null },
        ...{ response_status: 500, error: null, last_attempt_at: at, created_at: at, ended_at: at },
      };
    });
    await store.write((tx) => insertDeliveries(tx, dead));
    const replay = () => webhooks.deliveries.replayDead({ webhook_id });
    expect(await replay()).toMatchObject({ replayed: 1000, has_more: true });
    const left = await webhooks.deliveries.listDead({ webhook_id }, all);
    expect(left.data.map(({ id }) => id)).toEqual(['dlvr_1000']);
    expect(await replay()).toMatchObject({ replayed: 1, has_more: false });
  });
});
