import { randomBytes } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAudit } from '../src/access/audit.ts';
import { localActor } from '../src/access/keys.ts';
import { type Clock, createClock, formatTime, readTime } from '../src/core/clock.ts';
import { createIds } from '../src/core/ids.ts';
import type { PageRequest } from '../src/core/page.ts';
import type { Store } from '../src/store/dialect.ts';
import { openStore } from '../src/store/open.ts';
import type { EventType, WebhookEvent } from '../src/webhook/event-types.ts';
import { createPost } from '../src/webhook/post.ts';
import type { Delivery, Wanted, Webhook } from '../src/webhook/webhook.ts';
import { createWebhooks, type Webhooks } from '../src/webhook/webhooks.ts';
import { noTelemetry } from './no-telemetry.ts';
import { ownDuty } from './own-duty.ts';
import { quietLog } from './pawl.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { answer, type Receiver, startReceiver } from './webhook-receiver.ts';

/*
 * The goal: what was committed reaches its webhooks at least once, however receivers behave, and nothing else does.
 * The method: the room on each database, a receiver on loopback that does what the test says, a clock that stands
 * still until it is moved, and the official SDK to check what arrives. Nothing waits for a length of time.
 */

const sdk = new Anthropic({ apiKey: 'none', baseURL: 'http://127.0.0.1:1' });
const all: PageRequest = {
  ...{ list: { name: 'any', key: ['string', 'string'], backwards: false }, limit: 100 },
  ...{ order: 'asc', cursor: null },
};
const minuteMs = 60_000;
const dayMs = 86_400_000;

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let store: Store;
  let receiver: Receiver;
  let webhooks: Webhooks;
  let clock: Clock;
  /** Milliseconds since 1970. */
  let time: number;
  /** Ends the attempts that are under way, as if they had taken too long. */
  let runOut: AbortController;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    store = await openStore(database === null ? { kind: 'memory' } : { kind: 'postgres', url: database.url });
  });

  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  beforeEach(async () => {
    time = Date.now();
    clock = createClock(() => time);
    runOut = new AbortController();
    receiver = await startReceiver();
    webhooks = newRoom();
  });

  afterEach(async () => {
    await webhooks.stop(0);
    const { data } = await webhooks.settings.list(all);
    for (const { id } of data) await webhooks.settings.remove(id, localActor);
    await receiver.close();
  });

  function newRoom(): Webhooks {
    const ids = createIds(clock, randomBytes);
    const room = { store, clock, ids, log: quietLog, audit: createAudit({ store, clock, ids }) };
    return createWebhooks({
      ...{ telemetry: noTelemetry, duty: ownDuty() },
      ...{ ...room, randomBytes, random: () => 0, allow_private: true, pawl_version: '0.0.0' },
      ...{ post: createPost({ allow_private: true }), deadline: () => runOut.signal },
    });
  }

  async function make(wanted: Wanted = ['*'], path = '/hook'): Promise<Webhook & { secret: string }> {
    const fields = { url: receiver.url + path, enabled_events: wanted, description: null };
    const { webhook, signing_secret } = await webhooks.settings.create(fields, localActor);
    return { ...webhook, secret: signing_secret };
  }

  const happened = (type: EventType = 'promotion.created'): WebhookEvent => ({
    ...{ type, data: { id: 'promo_1', agent_id: 'agent_1' }, at: formatTime(clock.now()) },
  });

  const tell = (type?: EventType): Promise<void> => store.write((tx) => webhooks.enqueue(tx, happened(type)));

  const deliveries = async ({ id }: { id: string }): Promise<readonly Delivery[]> =>
    (await webhooks.deliveries.list({ webhook_id: id }, all)).data;

  /** The only delivery of a webhook. */
  async function onlyOne(webhook: { id: string }): Promise<Delivery> {
    const [one, another] = await deliveries(webhook);
    if (one === undefined || another !== undefined) throw new Error('There is not one delivery');
    return one;
  }

  /** Moves the clock to the next attempt and makes it. */
  async function nextAttempt(webhook: { id: string }): Promise<Delivery> {
    const pending = (await deliveries(webhook)).find(({ status }) => status === 'pending');
    if (pending !== undefined) time = Math.ceil(readTime(pending.next_attempt_at ?? '') / 1000);
    await webhooks.tick();
    return (await deliveries(webhook)).find(({ id }) => id === pending?.id) ?? onlyOne(webhook);
  }

  const untouched = {
    ...{ attempts: 0, response_status: null, error: null },
    ...{ last_attempt_at: null, ended_at: null },
  };

  describe('An event', () => {
    test('arrives once and is what the SDK takes, whatever its type', async () => {
      const webhook = await make();
      await tell();
      expect(await onlyOne(webhook)).toMatchObject({ ...untouched, status: 'pending' });
      await webhooks.tick();
      await webhooks.tick();
      const [got, more] = receiver.received;
      expect(more).toBeUndefined();
      expect(got?.url).toBe('/hook');
      expect(got?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'pawl/0.0.0' });
      const sent = await onlyOne(webhook);
      const { headers = {}, body = '' } = got ?? {};
      expect(sdk.beta.webhooks.unwrap(body, { headers, key: webhook.secret })).toEqual({
        ...{ type: 'event', id: sent.event_id, created_at: sent.created_at },
        data: {
          ...{ type: 'promotion.created', id: 'promo_1', agent_id: 'agent_1' },
          ...{ organization_id: 'org_pawl', workspace_id: 'wrkspc_pawl' },
        },
      });
      expect(headers['webhook-id']).toBe(sent.event_id);
      expect(sent).toMatchObject({ status: 'delivered', attempts: 1, response_status: 200, error: null });
      expect(sent.next_attempt_at).toBeNull();
    });

    test('of a transaction that was rolled back was never there', async () => {
      const webhook = await make();
      const work = store.write(async (tx) => {
        await webhooks.enqueue(tx, happened());
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      await webhooks.tick();
      expect(await deliveries(webhook)).toEqual([]);
      expect(receiver.received).toEqual([]);
    });

    test('goes to those who want its type, and to all of them under one id', async () => {
      const asked = await make(['promotion.approved', 'alias.rolled_back'], '/asked');
      const other = await make(['promotion.rejected'], '/other');
      const any = await make(['*'], '/any');
      const off = await make(['*'], '/off');
      await webhooks.settings.update(off.id, { state: 'disabled' }, localActor);
      await tell('alias.rolled_back');
      await webhooks.tick();
      expect(receiver.received.map(({ url }) => url).toSorted()).toEqual(['/any', '/asked']);
      expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
      expect((await onlyOne(asked)).event_id).toBe((await onlyOne(any)).event_id);
      for (const none of [other, off]) expect(await deliveries(none)).toEqual([]);
    });

    test('that waits when its webhook is disabled goes out when that is enabled again', async () => {
      const webhook = await make();
      await tell();
      await webhooks.settings.update(webhook.id, { state: 'disabled' }, localActor);
      await tell();
      await webhooks.tick();
      expect(receiver.received).toEqual([]);
      await webhooks.settings.update(webhook.id, { state: 'enabled' }, localActor);
      await webhooks.tick();
      expect(receiver.received).toHaveLength(1);
    });

    test('neither keeps its webhook from being deleted nor outlives it', async () => {
      const webhook = await make();
      let removal = Promise.resolve();
      await store.write(async (tx) => {
        await webhooks.enqueue(tx, happened());
        removal = webhooks.settings.remove(webhook.id, localActor);
      });
      await removal;
      await webhooks.tick();
      expect(await deliveries(webhook)).toEqual([]);
      expect(receiver.received).toEqual([]);
    });
  });

  describe('A receiver', () => {
    test('that fails is tried nine times, ever later, with the same event; then somebody can ask again', async () => {
      const webhook = await make();
      receiver.react(answer(500));
      await tell();
      const times: number[] = [];
      let one = await onlyOne(webhook);
      while (one.status === 'pending' && times.length < 20) {
        one = await nextAttempt(webhook);
        times.push(time);
      }
      const waits = times.slice(1).map((at, i) => Math.round((at - (times[i] ?? 0)) / 1000));
      expect(waits).toEqual([5, 30, 120, 600, 3600, 14_400, 43_200, 86_400]);
      expect(one).toMatchObject({ status: 'dead', attempts: 9, response_status: 500, next_attempt_at: null });
      expect(await webhooks.settings.retrieve(webhook.id)).toMatchObject({ state: 'enabled' });
      await webhooks.tick();
      expect(receiver.received).toHaveLength(9);

      receiver.react(answer(204));
      const again = await webhooks.deliveries.replay(one.id);
      expect(again).toMatchObject({ status: 'pending', attempts: 0, ended_at: null });
      await webhooks.tick();
      const delivered = { status: 'delivered', attempts: 1, response_status: 204 };
      expect(await onlyOne(webhook)).toMatchObject(delivered);
      const [first, ...rest] = receiver.received;
      expect(rest).toHaveLength(9);
      for (const { headers, body } of rest) {
        expect(body).toBe(first?.body);
        expect(headers['webhook-id']).toBe(first?.headers['webhook-id']);
        expect(Number(headers['webhook-timestamp'])).toBeGreaterThan(
          Number(first?.headers['webhook-timestamp']),
        );
      }
      const { failing_since } = await webhooks.settings.retrieve(webhook.id);
      expect(failing_since).toBeNull();
    });

    test('that hangs is left when its time is up, and asked again', async () => {
      const webhook = await make();
      receiver.react(() => runOut.abort());
      await tell();
      await webhooks.tick();
      expect(await onlyOne(webhook)).toMatchObject({
        ...{ status: 'pending', attempts: 1, response_status: null, error: 'timed_out' },
      });
      runOut = new AbortController();
      receiver.react(answer(200));
      expect(await nextAttempt(webhook)).toMatchObject({ status: 'delivered', attempts: 2, error: null });
    });

    test('that redirects has failed, and nobody goes where it points', async () => {
      const webhook = await make();
      receiver.react(answer(307, { location: `${receiver.url}/elsewhere` }));
      await tell();
      await webhooks.tick();
      expect(await onlyOne(webhook)).toMatchObject({ status: 'pending', response_status: 307 });
      expect(receiver.received.map(({ url }) => url)).toEqual(['/hook']);
    });

    test('that is gone is asked no more, and the audit log says so', async () => {
      const webhook = await make();
      receiver.react(answer(410));
      await tell();
      await webhooks.tick();
      await tell();
      await webhooks.tick();
      expect(receiver.received).toHaveLength(1);
      expect(await onlyOne(webhook)).toMatchObject({ status: 'dead', attempts: 1, response_status: 410 });
      const found = await webhooks.settings.retrieve(webhook.id);
      expect(found).toMatchObject({ state: 'disabled', disabled_reason: 'gone' });
      const log = createAudit({ store, clock, ids: createIds(clock, randomBytes) });
      const { data } = await log.list(
        { subject_id: webhook.id },
        { ...all, list: { ...all.list, key: ['number'] } },
      );
      expect(data.map(({ action }) => action)).toEqual(['webhook.created', 'webhook.disabled']);
      expect(data.at(-1)).toMatchObject({ reason: 'gone', after: { state: 'disabled' } });
      expect(JSON.stringify(data)).not.toContain(webhook.secret.slice(6));
      const disabled = { code: 'webhook_disabled' };
      await expect(webhooks.deliveries.test(webhook.id)).rejects.toMatchObject(disabled);
      const { id } = await onlyOne(webhook);
      await expect(webhooks.deliveries.replay(id)).rejects.toMatchObject(disabled);
      const back = await webhooks.settings.update(webhook.id, { state: 'enabled' }, localActor);
      expect(back).toMatchObject({ state: 'enabled', disabled_reason: null, failing_since: null });
    });

    test('that says yes and never ends has said yes, and is hung up on when it says too much', async () => {
      const webhook = await make();
      const { promise: hungUp, resolve } = Promise.withResolvers<void>();
      receiver.react((response) => {
        response.writeHead(200);
        const pour = (): void => {
          while (response.write('x'.repeat(16_384)));
        };
        response.on('drain', pour).on('close', resolve);
        pour();
      });
      await tell();
      await webhooks.tick();
      expect(await onlyOne(webhook)).toMatchObject({ status: 'delivered', response_status: 200 });
      await hungUp;
    });

    test('that dies in the middle is asked again', async () => {
      const webhook = await make();
      receiver.react((response) => response.destroy());
      await tell();
      await webhooks.tick();
      expect(await onlyOne(webhook)).toMatchObject({ status: 'pending', error: 'connection_failed' });
      receiver.react(answer(200));
      expect(await nextAttempt(webhook)).toMatchObject({ status: 'delivered', attempts: 2 });
    });

    test('that asks for time is given it', async () => {
      const webhook = await make();
      receiver.react(answer(429, { 'retry-after': '600' }));
      await tell();
      await webhooks.tick();
      const { next_attempt_at, last_attempt_at } = await onlyOne(webhook);
      expect(readTime(next_attempt_at ?? '') - readTime(last_attempt_at ?? '')).toBe(600_000_000);
      time += 10 * minuteMs - 1000;
      await webhooks.tick();
      expect(receiver.received).toHaveLength(1);
    });

    test('that has failed for days is given up, and its failures are forgotten when it is enabled', async () => {
      const webhook = await make();
      receiver.react(answer(503));
      const wearOut = async (): Promise<void> => {
        await tell();
        for (let tries = 0; tries < 9; tries++) await nextAttempt(webhook);
      };
      await wearOut();
      const since = (await webhooks.settings.retrieve(webhook.id)).failing_since;
      expect(since).not.toBeNull();
      time += 4 * dayMs;
      await wearOut();
      expect(await webhooks.settings.retrieve(webhook.id)).toMatchObject({
        ...{ state: 'disabled', disabled_reason: 'failing', failing_since: since },
      });
      await webhooks.settings.update(webhook.id, { state: 'enabled' }, localActor);
      await wearOut();
      expect(await webhooks.settings.retrieve(webhook.id)).toMatchObject({ state: 'enabled' });
    });

    test('gets eight requests at a time, and its trouble is nobody else’s', async () => {
      const slow = await make(['promotion.created'], '/slow');
      const quick = await make(['alias.rolled_back'], '/quick');
      const held: (() => void)[] = [];
      receiver.react((response, { url }) => {
        if (url === '/slow') held.push(() => response.end());
        else response.end();
      });
      for (let i = 0; i < 20; i++) await tell('promotion.created');
      await tell('alias.rolled_back');
      const ticking = webhooks.tick();
      await receiver.until(9);
      expect(held).toHaveLength(8);
      expect(receiver.received.filter(({ url }) => url === '/quick')).toHaveLength(1);
      for (const end of held.splice(0)) end();
      await ticking;
      expect((await onlyOne(quick)).status).toBe('delivered');
      expect((await deliveries(slow)).filter(({ status }) => status === 'delivered')).toHaveLength(8);
      receiver.react(answer(200));
      for (let i = 0; i < 2; i++) await webhooks.tick();
      expect((await deliveries(slow)).every(({ status }) => status === 'delivered')).toBe(true);
    });
  });

  describe('The secret', () => {
    const signatures = (i: number): string[] =>
      (receiver.received[i]?.headers['webhook-signature'] ?? '').split(' ');
    const takes = (key: string, i: number): boolean => {
      const { headers = {}, body = '' } = receiver.received[i] ?? {};
      try {
        sdk.beta.webhooks.unwrap(body, { headers, key });
        return true;
      } catch {
        return false;
      }
    };

    test('before is signed with for a day more, and the one before that is over at once', async () => {
      const { id, secret: first } = await make();
      const second = await webhooks.settings.regenerateSigningSecret(id, localActor);
      await tell();
      await webhooks.tick();
      expect([first, second.signing_secret].map((key) => takes(key, 0))).toEqual([true, true]);
      const third = await webhooks.settings.regenerateSigningSecret(id, localActor);
      await tell();
      await webhooks.tick();
      const keys = [first, second.signing_secret, third.signing_secret];
      expect(new Set(keys).size).toBe(3);
      expect(keys.map((key) => takes(key, 1))).toEqual([false, true, true]);
      time += dayMs + 1;
      await tell();
      await webhooks.tick();
      expect([0, 1, 2].map((i) => signatures(i).length)).toEqual([2, 2, 1]);
    });
  });

  describe('A delivery', () => {
    /** Makes an attempt that is answered so, and does something while it is under way. */
    async function during(status: number, work: () => Promise<unknown>): Promise<void> {
      const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
      receiver.react((response) => arrive(() => response.writeHead(status).end()));
      const ticking = webhooks.tick();
      const end = await arrived;
      await work();
      end();
      await ticking;
    }

    test('that is asked for again while it fails keeps all its tries', async () => {
      const webhook = await make();
      receiver.react(answer(500));
      await tell();
      await webhooks.tick();
      const { id } = await onlyOne(webhook);
      time += minuteMs;
      await during(500, () => webhooks.deliveries.replay(id));
      expect(await onlyOne(webhook)).toMatchObject({ status: 'pending', attempts: 0 });
      receiver.react(answer(200));
      await webhooks.tick();
      expect(await onlyOne(webhook)).toMatchObject({ status: 'delivered', attempts: 1 });
    });

    test('whose webhook is deleted under it leaves nothing behind', async () => {
      const webhook = await make();
      await tell();
      await during(200, () => webhooks.settings.remove(webhook.id, localActor));
      expect(await deliveries(webhook)).toEqual([]);
    });

    const clean = { state: 'enabled', disabled_reason: null, failing_since: null };

    test.each([410, 500])(
      'that ends with %i at a URL that was replaced goes to the new one',
      async (status) => {
        const { id } = await make(['*'], '/old');
        await tell();
        const url = `${receiver.url}/new`;
        await during(status, () => webhooks.settings.update(id, { url }, localActor));
        expect(await webhooks.settings.retrieve(id)).toMatchObject(clean);
        receiver.react(answer(200));
        expect(await nextAttempt({ id })).toMatchObject({ status: 'delivered', attempts: 2 });
        expect(receiver.received.map((one) => one.url)).toEqual(['/old', '/new']);
      },
    );

    test('of before its webhook was enabled anew does not disable it again', async () => {
      const { id } = await make();
      await tell();
      await during(410, () => webhooks.settings.update(id, { state: 'enabled' }, localActor));
      expect(await webhooks.settings.retrieve(id)).toMatchObject(clean);
    });

    test('that was under way when the room stops is left as it was, and sent by the next one', async () => {
      const webhook = await make();
      receiver.react(() => {});
      await tell();
      webhooks.start();
      await receiver.until(1);
      await webhooks.stop(0);
      expect(await onlyOne(webhook)).toMatchObject({ ...untouched, status: 'pending' });
      receiver.react(answer(200));
      webhooks = newRoom();
      await webhooks.tick();
      expect((await onlyOne(webhook)).status).toBe('delivered');
      const [first, second] = receiver.received;
      expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    });
  });

  test('Whoever commits an event wakes the room, which sends all there is without being asked again', async () => {
    const webhook = await make();
    webhooks.start();
    await tell();
    webhooks.wake();
    await receiver.until(1);
    for (let i = 0; i < 20; i++) await tell();
    webhooks.wake();
    webhooks.wake();
    await receiver.until(21);
    await webhooks.stop(10_000);
    const ended = (await deliveries(webhook)).map(({ status, attempts }) => `${status} ${attempts}`);
    expect(ended).toEqual(Array.from({ length: 21 }, () => 'delivered 1'));
    expect(receiver.received).toHaveLength(21);
  });

  test('There are fifty webhooks and no more, however many are asked for at once', async () => {
    const made = await Promise.allSettled(Array.from({ length: 60 }, () => make()));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    for (const one of made) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'webhook_limit' });
    }
  });
});
