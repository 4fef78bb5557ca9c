import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Log } from '../src/core/log.ts';
import { startPawl, type TestPawl, testKey } from './pawl.ts';
import { pawlHere as runPawl } from './pawl-here.ts';
import { startNode } from './pawl-process.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { programs } from './programs.ts';
import { eventually } from './story.ts';
import { answer, type Receiver, startReceiver } from './webhook-receiver.ts';

/*
 * The goal: a whole server tells its webhooks what it should, to nobody who may not know, and also after it was
 * killed. The method: the admin API and the command line as a user has them, and a receiver on loopback. How
 * receivers can misbehave is in `webhooks.test.ts`.
 */

type Answer = { readonly status: number; readonly body: Record<string, never> };

/** Asks a server's own API, as an admin unless another key is given. */
async function ask(
  url: string,
  line: string,
  { body, key = testKey }: { readonly body?: unknown; readonly key?: string } = {},
): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ');
  const response = await fetch(`${url}/pawl/v1/${path}`, {
    method,
    headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

describe('A server that lets webhooks be anywhere', () => {
  let pawl: TestPawl;
  let logged = '';

  beforeAll(async () => {
    const note = (fields: object, message: string): void => {
      logged += JSON.stringify([message, fields]);
    };
    const log: Log = { debug: note, info: note, warn: note, error: note };
    pawl = await startPawl({ allow_private_webhooks: 'true' }, { log });
  });
  afterAll(() => pawl.server.close());

  test('shows a secret when it is made and never again', async () => {
    const create = { url: `${receiver.url}/hook`, enabled_events: ['promotion.created'] };
    const made = (await ask(pawl.url, 'POST webhooks', { body: create })).body;
    expect(made).toMatchObject({ type: 'webhook', state: 'enabled', description: null, ...create });
    const secret: string = made['signing_secret'] ?? '';
    expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
    const id: string = made['id'] ?? '';
    const { signing_secret: next, ...rotated } = (
      await ask(pawl.url, `POST webhooks/${id}/regenerate_signing_secret`)
    ).body as Record<string, string>;
    expect(next).toMatch(/^whsec_/);
    expect(next).not.toBe(secret);
    expect(rotated).not.toHaveProperty('old_secret');

    receiver.react(answer(500));
    await ask(pawl.url, `POST webhooks/${id}/test`);
    const delivery = await eventually('an attempt', async () => {
      const { body } = await ask(pawl.url, `GET webhooks/${id}/deliveries`);
      const [one] = body['data'] as unknown as Record<string, unknown>[];
      return one?.['attempts'] === 1 && one;
    });
    expect(delivery).toMatchObject({
      type: 'webhook_delivery',
      event_type: 'webhook.test',
      response_status: 500,
    });
    const looks = [
      await ask(pawl.url, 'GET webhooks'),
      await ask(pawl.url, `GET webhooks/${id}`),
      await ask(pawl.url, `POST webhooks/${id}`, { body: { description: 'Releases' } }),
      await ask(pawl.url, `GET webhooks/${id}/deliveries`),
      await ask(pawl.url, `POST webhook_deliveries/${delivery['id']}/replay`),
      await ask(pawl.url, `DELETE webhooks/${id}`),
    ];
    expect(looks.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    const said = JSON.stringify(looks) + logged;
    for (const one of [secret, next ?? '']) expect(said).not.toContain(one.slice(6));
    expect(logged).not.toContain(receiver.url);
    expect(await ask(pawl.url, `GET webhooks/${id}`)).toMatchObject({ status: 404 });
    expect(await ask(pawl.url, 'GET webhooks')).toMatchObject({ body: { data: [] } });
  });

  test('has a test event arrive that the SDK takes', async () => {
    const create = { url: receiver.url, enabled_events: ['alias.rolled_back'] };
    const { id, signing_secret: key } = (await ask(pawl.url, 'POST webhooks', { body: create }))
      .body as Record<string, string>;
    const sent = await ask(pawl.url, `POST webhooks/${id}/test`);
    expect(sent.body).toMatchObject({ webhook_id: id, status: 'pending', attempts: 0 });
    await receiver.until(1);
    const { headers = {}, body = '' } = receiver.received[0] ?? {};
    const client = new Anthropic({ apiKey: 'none', baseURL: pawl.url, webhookKey: key ?? '' });
    expect(client.beta.webhooks.unwrap(body, { headers })).toMatchObject({
      ...{ type: 'event', id: sent.body['event_id'], data: { type: 'webhook.test', id } },
    });
    await ask(pawl.url, `DELETE webhooks/${id}`);
  });

  test.each(['editor', 'releaser'])('keeps all of it from keys with the role %s', async (role) => {
    const { body } = await ask(pawl.url, 'POST keys', { body: { name: 'no admin', role } });
    const key: string = body['secret'] ?? '';
    const create = { url: receiver.url, enabled_events: ['*'] };
    const { id } = (await ask(pawl.url, 'POST webhooks', { body: create })).body as { id?: string };
    for (const line of [
      ...['POST webhooks', 'GET webhooks', `GET webhooks/${id}`, `POST webhooks/${id}`],
      ...[`POST webhooks/${id}/regenerate_signing_secret`, `POST webhooks/${id}/test`],
      ...[`GET webhooks/${id}/deliveries`, 'POST webhook_deliveries/dlvr_1/replay', `DELETE webhooks/${id}`],
      ...['GET webhook_deliveries/dead', `POST webhooks/${id}/replay`],
    ]) {
      const refused = await ask(pawl.url, line, {
        key,
        ...(line === 'POST webhooks' ? { body: create } : {}),
      });
      expect(refused.status, line).toBe(403);
    }
    expect(await ask(pawl.url, `DELETE webhooks/${id}`)).toMatchObject({ status: 200 });
  });

  /** Waits until the one delivery of a webhook stands so. */
  function untilDelivery(id: string, status: string): Promise<unknown> {
    return eventually(`a delivery that is ${status}`, async () => {
      const { body } = await ask(pawl.url, `GET webhooks/${id}/deliveries?status=${status}`);
      return (body['data'] as unknown as unknown[]).length === 1;
    });
  }

  test('is looked after from the command line', async () => {
    const run = (...args: string[]) =>
      runPawl(['webhook', ...args], { env: { PAWL_URL: pawl.url, PAWL_KEY: pawl.key } });
    const made = await run('create', receiver.url, '--events', 'promotion.created, alias.rolled_back');
    const [, id = ''] =
      /^(wbhk_\w+) is told of promotion\.created, alias\.rolled_back\./.exec(made.stdout) ?? [];
    expect(made.stdout).toMatch(/\n\nwhsec_\S+\n$/);
    const [listed, shown, sent] = await Promise.all([run('list'), run('show', id), run('test', id)]);
    expect(listed.stdout).toMatch(new RegExp(`^ID .*\\n${id} +enabled +promotion.created, alias`));
    expect(shown.stdout).toContain(`${receiver.url}/`);
    const [, delivery = ''] = /^(dlvr_\w+) is on its way/.exec(sent.stdout) ?? [];
    await receiver.until(1);
    await untilDelivery(id, 'delivered');
    const [deliveries, dead, rotated] = await Promise.all([
      run('deliveries', id),
      run('deliveries', id, '--status', 'dead', '-o', 'json'),
      run('rotate', id),
    ]);
    expect(deliveries.stdout).toMatch(new RegExp(`${delivery} +webhook.test +delivered +1 +200`));
    expect(dead.stdout).toContain('"data": []');
    expect(rotated.stdout).toMatch(/as well until \d{4}-.*\n\nwhsec_\S+\n$/);
    expect((await run('disable', id)).stdout).toBe(`${id} is disabled.\n`);
    expect(await run('test', id)).toMatchObject({ code: 3, stderr: expect.stringContaining('is disabled') });
    expect((await run('enable', id)).stdout).toBe(`${id} is enabled.\n`);
    expect((await run('replay', delivery)).code).toBe(0);
    await receiver.until(2);
    receiver.react(answer(410));
    expect((await run('replay', delivery)).code).toBe(0);
    await untilDelivery(id, 'dead');
    receiver.react(answer(200));
    const later = ['--since', '2999-01-01T00:00:00Z'];
    const [all, some, none, enabled] = await Promise.all([
      run('dead'),
      run('dead', '--webhook', id, '--event', 'webhook.test'),
      run('dead', ...later),
      run('enable', id),
    ]);
    expect(all.stdout).toMatch(new RegExp(`${delivery} +${id} +webhook.test +1 +410`));
    expect(some.stdout).toContain(delivery);
    expect(none).toMatchObject({ code: 0, stdout: expect.not.stringContaining(delivery) });
    expect(enabled.code).toBe(0);
    expect((await run('replay', id, ...later)).stdout).toMatch(/^0 dead deliveries/);
    expect((await run('replay', id)).stdout).toBe(`1 dead deliveries of ${id} are on their way.\n`);
    await receiver.until(4);
    const wrongs = [
      [['replay', delivery, ...later], /--since goes with the id of a webhook/],
      [['replay', id, '--since', 'yesterday'], /since: must be an RFC 3339 time/],
      [['dead', '--event', 'session.forgotten'], /event_type/],
      [['dead', '--webhook', 'wbhk_none'], /wbhk_none/],
    ] as const;
    await Promise.all(
      wrongs.map(async ([wrong, message]) => {
        expect(await run(...wrong)).toMatchObject({ code: 3, stderr: expect.stringMatching(message) });
      }),
    );
    expect((await run('delete', id)).stdout).toBe(`${id} is deleted.\n`);
    expect((await run('show', id)).code).toBe(3);
  });
});

describe('A server that was not told anything', () => {
  let pawl: TestPawl;
  beforeAll(async () => {
    pawl = await startPawl();
  });
  afterAll(() => pawl.server.close());

  test.each([
    ['a place on the same machine', { url: 'https://127.0.0.1/' }, /url: must not be on this machine/],
    ['plain HTTP', { url: 'http://hooks.example.com/' }, /url: must start with https/],
    ['no URL', { url: 7 }, /url/],
    ['no events', { enabled_events: [] }, /enabled_events/],
    [
      'an event that there is not',
      { enabled_events: ['promotion.created', 'promotion.forgotten'] },
      /^enabled_events\.1: "promotion\.forgotten" is no type of event [^,]*$/,
    ],
    ['an event twice', { enabled_events: ['promotion.created', 'promotion.created'] }, /twice/],
    ['all and one more', { enabled_events: ['*', 'promotion.created'] }, /either types or \*/],
    ['a test event, which is not to be asked for', { enabled_events: ['webhook.test'] }, /enabled_events/],
    ['a field that it does not know', { secret: 'whsec_' }, /secret/],
  ])('refuses %s', async (_what, fields, message) => {
    const body = { url: 'https://hooks.example.com/', enabled_events: ['*'], ...fields };
    const { status, body: said } = await ask(pawl.url, 'POST webhooks', { body });
    expect(status).toBe(400);
    expect((said['error'] as unknown as { message?: string }).message).toMatch(message);
    const { id } = (
      await ask(pawl.url, 'POST webhooks', {
        body: { url: 'https://hooks.example.com/', enabled_events: ['*'] },
      })
    ).body as { id?: string };
    expect(await ask(pawl.url, `POST webhooks/${id}`, { body: fields })).toMatchObject({ status: 400 });
    await ask(pawl.url, `DELETE webhooks/${id}`);
  });
});

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-webhooks-'));
  });
  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  /** A server in a process of its own. */
  async function live(): Promise<{ url: string; kill(): Promise<void> }> {
    const place = database === null ? { data_dir: folder } : { database_url: database.url };
    const flags = { api_key: testKey, allow_private_webhooks: 'true', ...place };
    const { child, printed } = startNode([programs.server, JSON.stringify(flags)]);
    const [, url = ''] = await printed(/^(\S+) took up/);
    return {
      url,
      async kill() {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  test('what was committed is sent after a kill, under the same id', async () => {
    const first = await live();
    const create = { url: receiver.url, enabled_events: ['*'] };
    const { id, signing_secret: key = '' } = (await ask(first.url, 'POST webhooks', { body: create }))
      .body as Record<string, string>;
    receiver.react(() => {});
    for (let i = 0; i < 10; i++) await ask(first.url, `POST webhooks/${id}/test`);
    // Eight are under way, and two wait behind them.
    await receiver.until(8);
    await first.kill();
    receiver.react(answer(200));
    const second = await live();
    await receiver.until(18);
    const { body } = await eventually('all delivered', async () => {
      const found = await ask(second.url, `GET webhooks/${id}/deliveries?status=delivered`);
      return (found.body['data'] as unknown as unknown[]).length === 10 && found;
    });
    const eventIds = (body['data'] as unknown as { event_id: string }[]).map(({ event_id }) => event_id);
    const idsOf = (from: number) => receiver.received.slice(from).map(({ headers }) => headers['webhook-id']);
    expect(idsOf(8).toSorted()).toEqual(eventIds.toSorted());
    expect(eventIds).toEqual(expect.arrayContaining(idsOf(0).slice(0, 8)));
    const client = new Anthropic({ apiKey: 'none', baseURL: second.url });
    for (const { headers, body: text } of receiver.received) {
      expect(client.beta.webhooks.unwrap(text, { headers, key })).toMatchObject({ type: 'event' });
    }
    await second.kill();
  });
});
