import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRows } from './database-rows.ts';
import { ask, type Place } from './evals/eval-story.ts';
import { live, liveHere } from './life.ts';
import { type ModelServer, startModelServer } from './model-server.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { converse, eventually, history, makeSetting, openSession, say, untilIdle } from './story.ts';
import { type Receiver, startReceiver } from './webhook-receiver.ts';

/*
 * The goal: of everything that happens to agents, environments and sessions, webhooks are told once for each time that
 * it happened, with the right ids, whatever becomes of the server meanwhile. The method: the official SDK makes it
 * happen and takes what arrives; a session's history says what there was to tell.
 */

type Told = { readonly type: string; readonly id: string; readonly session_thread_id?: string };
type Hook = { readonly id: string; readonly signing_secret: string };

/** What the stream calls something, and what webhooks do. */
const otherNames: Readonly<Record<string, string>> = {
  'session.status_running': 'session.status_run_started',
  'session.status_idle': 'session.status_idled',
  'session.status_rescheduled': 'session.status_rescheduled',
  'session.status_terminated': 'session.status_terminated',
  'session.updated': 'session.updated',
  'session.thread_status_idle': 'session.thread_idled',
  'session.thread_status_terminated': 'session.thread_terminated',
};

let receiver: Receiver;
let model: ModelServer;
let folder: string;
beforeAll(async () => {
  model = await startModelServer();
  folder = mkdtempSync(join(tmpdir(), 'pawl-session-webhooks-'));
});
afterAll(async () => {
  await model.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const upstream = () => ({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });

function newHook(place: Place, path: string, enabled_events: readonly string[]): Promise<Hook> {
  return ask<Hook>(place, '/webhooks', { url: receiver.url + path, enabled_events });
}

/** Everything that a webhook was told, by its path: each event once, as the SDK reads it. */
function toldAt(path: string, { client }: Pick<TestPawl, 'client'>, key: string): Told[] {
  const events = new Map<string, Told>();
  for (const { url, headers, body } of receiver.received) {
    if (url !== path) continue;
    const event = client.beta.webhooks.unwrap(body, { headers, key });
    const place = { organization_id: 'org_pawl', workspace_id: 'wrkspc_pawl' };
    expect(event).toMatchObject({ type: 'event', id: headers['webhook-id'], data: place });
    events.set(event.id, event.data as unknown as Told);
  }
  return [...events.values()];
}

const sorted = (told: readonly Told[]): string[] =>
  told.map(({ type, id, session_thread_id = '' }) => `${type} ${id} ${session_thread_id}`).toSorted();

/** What a history has to tell. */
async function happenedTo({ client }: Pick<TestPawl, 'client'>, id: string): Promise<Told[]> {
  return (await history(client, id)).flatMap((event) => {
    const type = otherNames[event.type];
    if (type === undefined) return [];
    const thread = 'session_thread_id' in event ? { session_thread_id: String(event.session_thread_id) } : {};
    return [{ type, id, ...thread }];
  });
}

/** Waits until nothing is on its way any more. */
async function untilSent(place: Place, { id }: Hook): Promise<void> {
  await eventually('all sent', async () => {
    const path = `/webhooks/${id}/deliveries?status=pending`;
    return (await ask<{ data: unknown[] }>(place, path)).data.length === 0;
  });
}

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
  });
  afterAll(() => database?.drop());

  const settings = () => ({
    ...(database === null ? { data_dir: folder } : { database_url: database.url }),
    ...{ allow_private_webhooks: 'true', model_max_retries: '1', ...upstream() },
  });

  describe('a server', () => {
    let pawl: TestPawl;
    beforeAll(async () => {
      pawl = await startPawl(settings());
    });
    afterAll(() => pawl.server.close());

    test('tells of agents and environments, once for each change that there was', async () => {
      const hook = await newHook(pawl, '/all', ['*']);
      const { agents, environments } = pawl.client.beta;
      const agent = await agents.create({ name: 'triage', model: 'claude-test' });
      await agents.update(agent.id, { version: 1, system: 'Be brief.' });
      await agents.update(agent.id, { version: 2, system: 'Be brief.' });
      await agents.archive(agent.id);
      await agents.archive(agent.id);
      const environment = await environments.create({ name: 'place' });
      await environments.update(environment.id, { description: 'A room' });
      await environments.update(environment.id, { description: 'A room' });
      await environments.archive(environment.id);
      await environments.archive(environment.id);
      await environments.delete(environment.id);
      await expect(agents.update(agent.id, { version: 2, system: 'No.' })).rejects.toThrow();
      await expect(environments.delete(environment.id)).rejects.toThrow();
      await untilSent(pawl, hook);
      const ofAgent = ['created', 'updated', 'archived'].map((what) => ({
        type: `agent.${what}`,
        id: agent.id,
      }));
      const ofPlace = ['created', 'updated', 'archived', 'deleted'].map((what) => ({
        ...{ type: `environment.${what}`, id: environment.id },
      }));
      expect(sorted(toldAt('/all', pawl, hook.signing_secret))).toEqual(sorted([...ofAgent, ...ofPlace]));
    });

    test('tells of all that a session goes through, and of one kind alone to who wants only that', async () => {
      const all = await newHook(pawl, '/all', ['*']);
      const idle = await newHook(pawl, '/idle', ['session.status_idled']);
      const { agent, environment_id } = await makeSetting(pawl.client);
      const { sessions } = pawl.client.beta;
      const { id } = await openSession(pawl.client, { agent, environment_id });
      await converse(pawl.client, id, 'Hello');
      await sessions.update(id, { title: 'A parcel' });
      await sessions.update(id, { title: 'A parcel' });
      // Fails once, and is asked again after a pause.
      model.script([529]);
      await converse(pawl.client, id, 'Hello again');
      const before = await happenedTo(pawl, id);
      await sessions.archive(id);
      const happened = await happenedTo(pawl, id);
      expect(new Set(happened.map(({ type }) => type))).toEqual(new Set(Object.values(otherNames)));
      await sessions.delete(id);
      await expect(sessions.delete(id)).rejects.toThrow();
      await untilSent(pawl, all);
      await untilSent(pawl, idle);
      const whole = ['created', 'archived', 'deleted'].map((what) => ({ type: `session.${what}`, id }));
      const told = toldAt('/all', pawl, all.signing_secret).filter((one) => one.id === id);
      expect(sorted(told)).toEqual(sorted([...whole, ...happened]));
      const idled = before.filter(({ type }) => type === 'session.status_idled');
      expect(idled).toHaveLength(2);
      expect(sorted(toldAt('/idle', pawl, idle.signing_secret))).toEqual(sorted(idled));
    });

    test('tells whoever asked, from the answer on', async () => {
      const { agent, environment_id } = await makeSetting(pawl.client);
      const { id } = await openSession(pawl.client, { agent, environment_id });
      await converse(pawl.client, id, 'Before');
      const hook = await newHook(pawl, '/later', ['session.status_run_started']);
      await converse(pawl.client, id, 'After');
      await ask(pawl, `/webhooks/${hook.id}`, { enabled_events: ['session.deleted'] });
      await converse(pawl.client, id, 'Much later');
      await untilSent(pawl, hook);
      const { length, 0: only } = toldAt('/later', pawl, hook.signing_secret);
      expect([length, only]).toMatchObject([1, { type: 'session.status_run_started', id }]);
    });
  });

  test('what a session has come to is told after a kill, each event under one id', async () => {
    const first = await live(settings());
    const hook = await newHook(first, '/all', ['*']);
    const { agent, environment_id } = await makeSetting(first.client);
    // Nobody is answered until the kill, so that nothing is known to have arrived.
    receiver.react(() => {});
    const opened = await Promise.all(
      [1, 2, 3].map(() => openSession(first.client, { agent, environment_id })),
    );
    await Promise.all(opened.map(({ id }) => converse(first.client, id, 'Hello')));
    const [{ id: last = '' } = {}] = opened;
    await first.client.beta.sessions.events.send(last, { events: [say('And again')] });
    await receiver.until(1);
    await first.kill();
    receiver.react((response) => response.writeHead(200).end());
    const second = await liveHere(settings());
    await Promise.all(opened.map(({ id }) => untilIdle(second.client, id)));
    await untilSent(second, hook);
    const happened = [];
    for (const { id } of opened) {
      happened.push({ type: 'session.created', id }, ...(await happenedTo(second, id)));
    }
    const told = toldAt('/all', second, hook.signing_secret).filter(({ id }) => id.startsWith('sesn_'));
    expect(sorted(told)).toEqual(sorted(happened));
    await second.kill();
    const rows = await openRows(database === null ? { data_dir: folder } : { database_url: database.url });
    const twice = 'select event_id from webhook_deliveries group by webhook_id, event_id having count(*) > 1';
    expect(await rows.query(twice)).toEqual([]);
    await rows.close();
  });
});
