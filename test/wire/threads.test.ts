import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import {
  errorOf,
  history,
  makeSetting,
  openSession,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';

let model: GatedModel;
let pawl: TestPawl;
let client: Anthropic;
let threads: Anthropic.Beta.Sessions['threads'];
let setting: Setting;

beforeAll(async () => {
  model = await startGatedModel();
  pawl = await startPawl({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  threads = client.beta.sessions.threads;
  setting = await makeSetting(client, { system: 'Be brief.' });
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

/** A new session and its only thread. */
async function opened() {
  const session = await openSession(client, setting);
  const { data } = await threads.list(session.id);
  const [thread] = data;
  if (data.length !== 1 || thread === undefined) throw new Error(`There are ${data.length} threads`);
  return { session, thread, of: { session_id: session.id } };
}

async function turn(id: string, text: string): Promise<void> {
  await client.beta.sessions.events.send(id, { events: [say(text)] });
  (await model.next()).answer(`${text}!`);
  await untilIdle(client, id);
}

describe('The thread of a session', () => {
  test('is there from the beginning, with the agent that the session has', async () => {
    const { session, thread, of } = await opened();
    const { multiagent, ...agent } = session.agent;
    expect(thread).toEqual({
      id: expect.stringMatching(/^sthr_/),
      type: 'session_thread',
      session_id: session.id,
      parent_thread_id: null,
      workflow_run_id: null,
      agent,
      status: 'idle',
      stats: null,
      usage: null,
      created_at: session.created_at,
      updated_at: session.updated_at,
      archived_at: null,
    });
    expect(multiagent).toBeNull();
    expect(await threads.retrieve(thread.id, of)).toEqual(thread);
  });

  test('has statistics once it runs, and usage once its first turn is over', async () => {
    const { session, thread, of } = await opened();
    await client.beta.sessions.events.send(session.id, { events: [say('Hi')] });
    const asked = await model.next();
    const running = await threads.retrieve(thread.id, of);
    expect(running).toMatchObject({ status: 'running', usage: null });
    expect(running.stats).toMatchObject({ startup_seconds: 0, active_seconds: expect.any(Number) });
    asked.answer('Hello');
    await untilIdle(client, session.id);
    const { usage, stats } = await client.beta.sessions.retrieve(session.id);
    const after = await threads.retrieve(thread.id, of);
    expect(after).toMatchObject({ status: 'idle', usage, stats: { active_seconds: stats?.active_seconds } });
    expect(after.usage?.output_tokens).toBeGreaterThan(0);
    await client.beta.sessions.events.send(session.id, { events: [say('Again')] });
    const again = await model.next();
    const { output_tokens } = (await threads.retrieve(thread.id, of)).usage ?? {};
    expect(output_tokens).toBe(usage.output_tokens);
    again.answer('Hello again');
    await untilIdle(client, session.id);
  });

  test('is the one that its events name', async () => {
    const { session, thread } = await opened();
    await turn(session.id, 'Hi');
    const named = (await history(client, session.id)).flatMap((event) =>
      'session_thread_id' in event ? [event.session_thread_id] : [],
    );
    expect([...new Set(named)]).toEqual([thread.id]);
  });

  test('is listed by its status', async () => {
    const { session, thread } = await opened();
    const listed = async (...statuses: ('idle' | 'running' | 'terminated')[]) =>
      (await threads.list(session.id, { statuses })).data.map(({ id }) => id);
    expect(await listed('idle', 'running')).toEqual([thread.id]);
    expect(await listed('running', 'terminated')).toEqual([]);
    expect(await listed()).toEqual([thread.id]);
    const all: string[] = [];
    for await (const one of threads.list(session.id, { limit: 1 })) all.push(one.id);
    expect(all).toEqual([thread.id]);
  });

  test('has the events of the session, page by page', async () => {
    const { session, thread, of } = await opened();
    await turn(session.id, 'Hi');
    const listed = await history(client, session.id);
    expect((await threads.events.list(thread.id, of)).data).toEqual(listed);
    const paged: unknown[] = [];
    for await (const event of threads.events.list(thread.id, { ...of, limit: 2 })) paged.push(event);
    expect(paged).toEqual(listed);
  });

  test('has a stream with all that happens in the session', async () => {
    const { session, thread, of } = await opened();
    const stream = await threads.events.stream(thread.id, of);
    await turn(session.id, 'Hi');
    const events: unknown[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.type === 'session.status_idle') break;
    }
    expect(events).toEqual(await history(client, session.id));
  });

  test('is archived with its session, and not by itself', async () => {
    const { session, thread, of } = await opened();
    const refused = await errorOf(threads.archive(thread.id, of));
    expect(refused).toMatchObject({
      status: 400,
      error: { error: { type: 'invalid_request_error', details: { error_code: 'thread_is_primary' } } },
    });
    expect(refused.message).toContain(`archive session ${session.id}`);
    expect(await history(client, session.id)).toEqual([]);
    expect(await threads.retrieve(thread.id, of)).toEqual(thread);
    const { archived_at } = await client.beta.sessions.archive(session.id);
    const archived = await threads.archive(thread.id, of);
    expect(archived).toMatchObject({ status: 'terminated', archived_at, usage: null });
    expect(archived.stats?.active_seconds).toBe(0);
    expect(await threads.retrieve(thread.id, of)).toEqual(archived);
    expect(typesOf((await threads.events.list(thread.id, of)).data)).toEqual([
      'session.thread_status_terminated',
      'session.status_terminated',
    ]);
  });
});

describe('A thread that is not there', () => {
  test.each([
    ['retrieve', (id: string, of: { session_id: string }) => threads.retrieve(id, of)],
    ['archive', (id: string, of: { session_id: string }) => threads.archive(id, of)],
    ['events', (id: string, of: { session_id: string }) => threads.events.list(id, of)],
    ['stream', (id: string, of: { session_id: string }) => threads.events.stream(id, of)],
  ])('is a 404 (%s)', async (_what, call) => {
    const [here, elsewhere] = [await opened(), await opened()];
    for (const id of [elsewhere.thread.id, 'sthr_nothere', here.session.id, 'x'.repeat(400)]) {
      expect(await errorOf(call(id, here.of))).toMatchObject({
        status: 404,
        error: { error: { type: 'not_found_error', details: { error_code: 'thread_not_found' } } },
      });
    }
    for (const session_id of ['sesn_nothere', elsewhere.thread.id]) {
      const gone = await errorOf(call(session_id.replace('sesn', 'sthr'), { session_id }));
      expect(gone).toMatchObject({
        status: 404,
        error: { error: { details: { error_code: 'session_not_found' } } },
      });
    }
  });

  test('makes no list', async () => {
    expect(await errorOf(threads.list('sesn_nothere'))).toMatchObject({ status: 404 });
  });
});

describe('What cannot be asked of threads', () => {
  test.each([
    ['statuses', { statuses: ['asleep'] }, /statuses\.0: must be one of .*idle/],
    ['limit', { limit: 1001 }, /limit: must be a whole number from 1 to 1000/],
    ['page', { page: 'page_W10' }, /page: /],
    ['order', { order: 'desc' }, /order/],
  ])('is refused by name (%s of the list)', async (_what, query, complaint) => {
    const { session } = await opened();
    const error = await errorOf(threads.list(session.id, query as never));
    expect(error).toMatchObject({ status: 400, message: expect.stringMatching(complaint) });
  });

  test.each([
    ['limit', { limit: 0 }, /limit: must be a whole number from 1 to 1000/],
    ['page', { page: 'page_W10' }, /page: /],
    ['order', { order: 'asc' }, /order/],
    ['types', { types: ['user.message'] }, /types/],
  ])('is refused by name (%s of the events)', async (_what, query, complaint) => {
    const { thread, of } = await opened();
    const error = await errorOf(threads.events.list(thread.id, { ...of, ...query }));
    expect(error).toMatchObject({ status: 400, message: expect.stringMatching(complaint) });
  });

  test('nor are the cursors of one list good for another', async () => {
    const { session, thread, of } = await opened();
    await turn(session.id, 'Hi');
    const { next_page } = await client.beta.sessions.events.list(session.id, { limit: 1 });
    const error = await errorOf(threads.events.list(thread.id, { ...of, page: next_page }));
    expect(error).toMatchObject({ status: 400, message: expect.stringMatching(/page: not a cursor/) });
  });
});
