import { once } from 'node:events';
import { connect } from 'node:net';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../listening.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { quietLog, sdk, startPawl, type TestPawl } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { eventually, history, makeSetting, openSession, type Setting, say, typesOf } from '../story.ts';
import { orderProblems } from '../turn-order.ts';

/*
 * The goal: what belongs together is seen together, however the requests fall. The method: many clients at once,
 * on both databases, each noting what it saw; the races are left to the machine, and repeated.
 */

function statusOf(call: PromiseLike<unknown>): Promise<number> {
  return Promise.resolve(call).then(
    () => 200,
    (error: { status?: number }) => error.status ?? 0,
  );
}

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let model: ModelServer;
  let database: FreshDatabase | null = null;
  let pawl: TestPawl;
  let client: Anthropic;
  let setting: Setting;
  const logged: unknown[] = [];

  const remove = (id: string) => statusOf(client.beta.environments.delete(id));

  const untilQuiet = (id: string) =>
    eventually('the session idle', async () => {
      const { status } = await client.beta.sessions.retrieve(id);
      return status === 'idle' ? id : null;
    });

  async function wholeHistory(id: string): Promise<string[]> {
    const ids: string[] = [];
    for await (const event of client.beta.sessions.events.list(id)) ids.push(event.id);
    return ids;
  }

  const start = (url: string) =>
    startPawl(
      {
        anthropic_base_url: url,
        anthropic_api_key: 'upstream-key',
        model_max_retries: '0',
        ...(database === null ? {} : { database_url: database.url }),
      },
      { log: { ...quietLog, error: (...line) => void logged.push(line) } },
    );

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    model = await startModelServer();
    pawl = await start(model.url);
    client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
    setting = await makeSetting(client);
  });

  afterAll(async () => {
    await model.close();
    await pawl.server.close();
    await database?.drop();
    expect(logged).toEqual([]);
  });

  test('a session archives right after its idle event, a hundred times', async () => {
    const { sessions } = client.beta;
    const failures: unknown[] = [];
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let n = 0; n < 10; n++) {
          const { id } = await openSession(client, setting);
          const stream = await sessions.events.stream(id);
          await sessions.events.send(id, { events: [say('invoice')] });
          for await (const event of stream) if (event.type === 'session.status_idle') break;
          await sessions.archive(id).catch((error: unknown) => failures.push(error));
        }
      }),
    );
    expect(failures).toEqual([]);
  });

  test('the status and its event are never seen apart', async () => {
    const { sessions } = client.beta;
    const apart: string[] = [];
    const watch = async (id: string, done: { now: boolean }) => {
      while (!done.now) {
        // Whatever comes second is at least as new as what comes first.
        const before = await sessions.retrieve(id);
        const events = await history(client, id);
        const after = await sessions.retrieve(id);
        const last = events.at(-1)?.type;
        if (events.length === 0) continue;
        if (before.status === 'idle' && last !== 'session.status_idle') {
          // A turn may have begun in between: then there are more events than that.
          const times = events
            .filter(({ type }) => type === 'user.message')
            .map(({ processed_at }) => processed_at);
          if (!times.some((time) => (time ?? '9') > before.updated_at)) apart.push(`idle, but ${last}`);
        }
        if (last === 'session.status_idle' && after.status === 'running') {
          const newer = await history(client, id);
          if (newer.length === events.length) apart.push('idle event, but running');
        }
      }
    };
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { id } = await openSession(client, setting);
        const done = { now: false };
        const watching = [watch(id, done), watch(id, done)];
        for (let round = 0; round < 8; round++) {
          const stream = await sessions.events.stream(id);
          await sessions.events.send(id, { events: [say('invoice')] });
          for await (const event of stream) if (event.type === 'session.status_idle') break;
          const seen = await sessions.retrieve(id);
          if (seen.status !== 'idle') apart.push(`idle on the stream, but ${seen.status}`);
        }
        done.now = true;
        await Promise.all(watching);
      }),
    );
    expect(apart).toEqual([]);
  });

  test('a stream that opens while messages arrive is a stream, and has every event from then on', async () => {
    const { id } = await openSession(client, setting);
    const { events } = client.beta.sessions;
    const storm = { over: false };
    const senders = Array.from({ length: 4 }, async () => {
      while (!storm.over) await events.send(id, { events: [say('invoice'), { type: 'user.interrupt' }] });
    });
    const answers: Record<string, number> = {};
    const streams: Listening[] = [];
    for (let n = 0; n < 60; n++) {
      const controller = new AbortController();
      const answer = await fetch(`${pawl.url}/v1/sessions/${id}/events/stream`, {
        headers: { 'x-api-key': pawl.key },
        signal: controller.signal,
      });
      const name = `${answer.status} ${answer.headers.get('content-type')} ${answer.headers.has('request-id')}`;
      answers[name] = (answers[name] ?? 0) + 1;
      controller.abort();
      if (n % 6 === 0) streams.push(await listen(client, id));
    }
    storm.over = true;
    await Promise.all(senders);
    expect(answers).toEqual({ '200 text/event-stream; charset=utf-8 true': 60 });
    const done = await wholeHistory(await untilQuiet(id));
    for (const stream of streams) {
      const heard = () =>
        stream.events.flatMap((event) =>
          'processed_at' in event && event.processed_at !== null ? [event.id] : [],
        );
      await eventually('the last event on the stream', () => heard().at(-1) === done.at(-1));
      expect(heard()).toEqual(done.slice(-heard().length));
      stream.close();
    }
  });

  test('a reader who leaves while its stream opens leaves nothing behind', async () => {
    const { id } = await openSession(client, setting);
    const { hostname, port } = new URL(pawl.url);
    const asked = `GET /v1/sessions/${id}/events/stream HTTP/1.1\r\nhost: x\r\nx-api-key: ${pawl.key}\r\n\r\n`;
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    for (let n = 0; n < 150; n++) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      await new Promise((resolve) => socket.write(asked, resolve));
      // Where in its opening the request is by then differs from one to the next.
      await new Promise((resolve) => setTimeout(resolve, n % 3));
      socket.resetAndDestroy();
    }
    await client.beta.sessions.retrieve(id);
    // Each open stream has a timer for its pings.
    await eventually('the timers of the streams gone', () => timers() < before + 5, 3000);
  });

  test('messages and interrupts in any order leave a history in order, and lose none', async () => {
    const { events } = client.beta.sessions;
    await Promise.all(
      Array.from({ length: 3 }, async () => {
        const { id } = await openSession(client, setting);
        const sent: string[] = [];
        const senders = Array.from({ length: 4 }, async (_, sender) => {
          for (let n = 0; n < 15; n++) {
            const message = say(`invoice ${sender} ${n}`);
            const interrupt = { type: 'user.interrupt' } as const;
            const choices = [[message], [interrupt], [interrupt, message], [message, interrupt, message]];
            const { data } = await events.send(id, { events: choices[(n * 7 + sender) % 4] ?? [message] });
            sent.push(...(data ?? []).map((event) => event.id));
          }
        });
        await Promise.all(senders);
        await untilQuiet(id);
        const done = await history(client, id);
        expect(orderProblems(done)).toEqual([]);
        const listed = done.map((event) => event.id);
        expect(sent.filter((one) => !listed.includes(one))).toEqual([]);
        const last = done.findLastIndex((event) => event.type === 'user.message');
        expect(done.slice(last).some((event) => event.type === 'session.status_idle')).toBe(true);
      }),
    );
  });

  test('a session is made in an environment or the environment is deleted, and nobody sees an error of the server', async () => {
    const outcomes: string[] = [];
    for (let n = 0; n < 30; n++) {
      const { id } = await client.beta.environments.create({ name: 'e' });
      const create = () =>
        statusOf(client.beta.sessions.create({ agent: setting.agent.id, environment_id: id }));
      // Where the delete falls among the creations is different each time.
      const calls = Array.from({ length: 8 }, (_, k) => () => (k === n % 8 ? remove(id) : create()));
      const statuses = await Promise.all(calls.map((call) => call()));
      const deleted = statuses.splice(n % 8, 1)[0];
      outcomes.push(`delete ${deleted}`, ...statuses.map((status) => `create ${status}`));
      const usable = statuses.includes(200);
      expect(await statusOf(client.beta.environments.retrieve(id))).toBe(usable ? 200 : 404);
    }
    const allowed = ['create 200', 'create 400', 'create 404', 'create 409', 'delete 200', 'delete 409'];
    expect([...new Set(outcomes)].filter((one) => !allowed.includes(one))).toEqual([]);
  });

  test('a session takes a message or is archived or is deleted, and what was accepted is there', async () => {
    const { sessions } = client.beta;
    const odd: string[] = [];
    for (let n = 0; n < 25; n++) {
      const deletes = n % 2 === 1;
      const { id } = await openSession(client, setting);
      const [sent, ended] = await Promise.all([
        statusOf(sessions.events.send(id, { events: [say('invoice')] })),
        statusOf(deletes ? sessions.delete(id) : sessions.archive(id)),
      ]);
      if (![200, 400, 404, 409].includes(sent) || ![200, 400].includes(ended)) odd.push(`${sent} ${ended}`);
      const gone = deletes && ended === 200;
      expect(await statusOf(sessions.retrieve(id))).toBe(gone ? 404 : 200);
      if (gone) continue;
      const types = typesOf(await history(client, id));
      if (sent === 200 && types[0] !== 'user.message') odd.push('lost');
      // Both are done only where the whole turn came in between.
      if (sent === 200 && ended === 200 && !types.includes('session.status_idle')) odd.push('cut off');
    }
    expect(odd).toEqual([]);
  });
});
