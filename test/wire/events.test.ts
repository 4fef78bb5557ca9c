import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, type HeldRequest, startGatedModel } from '../gated-model.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import {
  answersIn,
  errorOf,
  eventually,
  history,
  makeSetting,
  openSession,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';

/*
 * What clients send and what they can list, while a turn is under way for exactly as long as the test wants:
 * the model holds each request until the test answers it.
 */

let model: GatedModel;
let pawl: TestPawl;
let client: Anthropic;
let events: Anthropic.Beta.Sessions['events'];
let setting: Setting;

beforeAll(async () => {
  model = await startGatedModel();
  pawl = await startPawl({
    anthropic_base_url: model.url,
    anthropic_api_key: 'upstream-key',
    model_max_retries: '0',
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  events = client.beta.sessions.events;
  setting = await makeSetting(client);
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

const interrupt = { type: 'user.interrupt' } as const;
const turn = [
  'session.status_running',
  'session.thread_status_running',
  'span.model_request_start',
  'agent.message',
  'span.model_request_end',
  'session.thread_status_idle',
  'session.usage',
  'session.status_idle',
];

/** A session whose turn waits for the model, and what the model is asked. */
async function busySession(text = 'First'): Promise<{ id: string; asked: HeldRequest }> {
  const { id } = await openSession(client, setting);
  await events.send(id, { events: [say(text)] });
  return { id, asked: await model.next() };
}

async function collect<T extends { id: string }>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of pages) all.push(item);
  return all;
}

describe('Sending', () => {
  test('to an idle session gives the events back with ids and times, and they are listed', async () => {
    const { id } = await openSession(client, setting);
    const { data } = await events.send(id, { events: [say('One'), say('Two')] });
    const listed = await history(client, id);
    expect(data).toEqual(listed.slice(0, 2));
    expect(data?.map((event) => event.type)).toEqual(['user.message', 'user.message']);
    for (const event of data ?? []) {
      expect(event.id).toMatch(/^sevt_/);
      expect(event.processed_at).toMatch(/^\d{4}-.*Z$/);
    }
    expect(listed.slice(2).map((event) => event.type)[0]).toBe('session.status_running');
    const asked = await model.next();
    expect(asked.messages).toMatchObject([{ role: 'user', text: 'OneTwo' }]);
    asked.answer('Both.');
    const done = await untilIdle(client, id);
    expect(typesOf(done)).toEqual(['user.message', 'user.message', ...turn]);
  });

  test('takes plain text as one block', async () => {
    const { id } = await openSession(client, setting);
    const sent = await events.send(id, { events: [{ type: 'user.message', content: 'plain' as never }] });
    expect(sent.data).toMatchObject([{ content: [{ type: 'text', text: 'plain' }] }]);
    (await model.next()).answer('Done.');
    await untilIdle(client, id);
  });

  test('is all or nothing', async () => {
    const { id } = await openSession(client, setting);
    const mixed = [say('Good'), { type: 'user.nonsense' }, say('Good')] as never;
    expect(await errorOf(events.send(id, { events: mixed }))).toMatchObject({ status: 400 });
    expect(await history(client, id)).toEqual([]);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
  });

  test.each([
    ['no event', []],
    ['51 events', Array.from({ length: 51 }, () => say('x'))],
    ['a message without content', [{ type: 'user.message' }]],
    ['a message of no blocks', [{ type: 'user.message', content: [] }]],
    ['a message of blanks', [say('  \n')]],
    [
      'an image of no address',
      [{ type: 'user.message', content: [{ type: 'image', source: { type: 'url', url: 'x' } }] }],
    ],
    ['a redacted block', [{ type: 'user.message', content: [{ type: 'redacted' }] }]],
    ['an event of the server', [{ type: 'agent.message', content: [{ type: 'text', text: 'x' }] }]],
    ['an old short name', [{ type: 'interrupt' }]],
    ['a result of no call', [{ type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_x' }]],
    [
      'a confirmation of no call',
      [{ type: 'user.tool_confirmation', tool_use_id: 'sevt_x', result: 'allow' }],
    ],
    [
      'an outcome',
      [{ type: 'user.define_outcome', description: 'x', rubric: { type: 'text', content: 'x' } }],
    ],
  ])('refuses %s', async (_name, bad) => {
    const { id } = await openSession(client, setting);
    expect(await errorOf(events.send(id, { events: bad as never }))).toMatchObject({ status: 400 });
    expect(await history(client, id)).toEqual([]);
  });

  test('does not pass empty blocks on to a model that would refuse them', async () => {
    const { id } = await openSession(client, setting);
    const content = [
      { type: 'text' as const, text: '' },
      { type: 'text' as const, text: 'Hi' },
    ];
    const refused = await events.send(id, { events: [{ type: 'user.message', content }] }).then(
      () => false,
      () => true,
    );
    if (refused) return;
    const asked = await model.next();
    asked.answer('Hello.');
    await untilIdle(client, id);
    expect(asked.body['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }]);
  });
});

describe('A queued message', () => {
  test('has no time until a turn takes it, and keeps its id', async () => {
    const { id, asked } = await busySession();
    const { data } = await events.send(id, { events: [say('Second')] });
    expect(data).toMatchObject([{ type: 'user.message', processed_at: null }]);
    const queued = (await history(client, id)).at(-1);
    expect(queued).toEqual(data?.[0]);
    asked.answer('Answer one.');
    const askedAgain = await model.next();
    const taken = (await history(client, id)).find((event) => event.id === queued?.id);
    expect(taken).toEqual({ ...queued, processed_at: expect.any(String) });
    askedAgain.answer('Answer two.');
    const done = await untilIdle(client, id);
    expect(typesOf(done)).toEqual(['user.message', ...turn, 'user.message', ...turn]);
    expect(answersIn(done)).toEqual(['Answer one.', 'Answer two.']);
    expect(done.filter((event) => event.id === queued?.id)).toHaveLength(1);
  });

  test('shares the next turn with the others, in order of arrival', async () => {
    const { id, asked } = await busySession();
    for (const text of ['b', 'c', 'd']) await events.send(id, { events: [say(text)] });
    asked.answer('One.');
    const askedAgain = await model.next();
    askedAgain.answer('Two.');
    const done = await untilIdle(client, id);
    expect(typesOf(done)).toEqual([
      'user.message',
      ...turn,
      'user.message',
      'user.message',
      'user.message',
      ...turn,
    ]);
    expect(askedAgain.messages).toMatchObject([
      { role: 'user', text: 'First' },
      { role: 'assistant', text: 'One.' },
      { role: 'user', text: 'bcd' },
    ]);
  });

  test('is listed before send returns, so that a poller does not stop at the idle before it', async () => {
    const { id } = await openSession(client, setting);
    for (let round = 1; round <= 5; round++) {
      await events.send(id, { events: [say(`Round ${round}`)] });
      expect((await history(client, id)).at(-1)?.type).not.toBe('session.status_idle');
      (await model.next()).answer(`Answer ${round}`);
      await untilIdle(client, id);
    }
    expect(typesOf(await history(client, id))).toEqual(
      Array.from({ length: 5 }, () => ['user.message', ...turn]).flat(),
    );
  });

  test('comes last in ascending order, first in descending order, and within no bound of time', async () => {
    const { id, asked } = await busySession();
    const { data } = await events.send(id, { events: [say('b'), say('c')] });
    const queued = data?.map((event) => event.id) ?? [];
    const ids = (page: { data: { id: string }[] }) => page.data.map((event) => event.id);
    const ascending = await events.list(id);
    expect(ids(ascending).slice(-2)).toEqual(queued);
    expect(ids(await events.list(id, { order: 'desc' }))).toEqual(ids(ascending).reverse());
    const bounded = await events.list(id, { 'created_at[gte]': '2020-01-01T00:00:00Z' });
    expect(ids(bounded)).toEqual(ids(ascending).slice(0, -2));
    expect(ids(await events.list(id, { types: ['session.status_idle'] }))).toEqual([]);
    for (const order of ['asc', 'desc'] as const) {
      const paged = await collect(events.list(id, { limit: 1, order }));
      expect(paged.map((event) => event.id)).toEqual(ids(await events.list(id, { order })));
    }
    asked.answer('x');
    (await model.next()).answer('y');
    await untilIdle(client, id);
  });

  test('is not skipped by a reader whose next page comes after it was taken', async () => {
    const { id, asked } = await busySession();
    await events.send(id, { events: [say('b'), say('c')] });
    const seen = new Set<string>();
    let page = await events.list(id, { limit: 5 });
    for (const event of page.data) seen.add(event.id);
    expect(page.data.at(-1)?.processed_at).toBeNull();
    asked.answer('One.');
    (await model.next()).answer('Two.');
    const done = await untilIdle(client, id);
    while (page.hasNextPage()) {
      page = await page.getNextPage();
      for (const event of page.data) seen.add(event.id);
    }
    expect(done.map((event) => event.id).filter((one) => !seen.has(one))).toEqual([]);
  });
});

describe('An interrupt', () => {
  test('ends the turn at once, with end_turn and what had been said', async () => {
    const { id, asked } = await busySession();
    asked.begin('A long answer of many words.');
    const { data } = await events.send(id, { events: [interrupt] });
    expect(data).toMatchObject([{ type: 'user.interrupt' }]);
    const done = await untilIdle(client, id);
    const types = typesOf(done).filter((type) => type !== 'agent.message');
    expect(types).toEqual([
      'user.message',
      'session.status_running',
      'session.thread_status_running',
      'span.model_request_start',
      'user.interrupt',
      'span.model_request_end',
      'session.thread_status_idle',
      'session.usage',
      'session.status_idle',
    ]);
    expect(done.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' }, stop_details: null });
    expect(done.find((event) => event.type === 'user.interrupt')?.processed_at).toEqual(expect.any(String));
    const said = answersIn(done)[0] ?? '';
    expect('A long answer of many words.'.startsWith(said)).toBe(true);
    await eventually('the request to be given up', asked.closed);
  });

  test('with a message behind it ends the first turn and starts a second', async () => {
    const { id } = await busySession();
    await events.send(id, { events: [interrupt, say('Instead this')] });
    const asked = await model.next();
    asked.answer('Done instead.');
    const done = await untilIdle(client, id);
    const idles = done.filter((event) => event.type === 'session.status_idle');
    expect(idles).toMatchObject([
      { stop_reason: { type: 'end_turn' } },
      { stop_reason: { type: 'end_turn' } },
    ]);
    expect(answersIn(done)).toEqual(['Done instead.']);
    expect(typesOf(done)).toEqual([
      'user.message',
      ...turn.slice(0, 3),
      'user.interrupt',
      ...turn.slice(4),
      'user.message',
      ...turn,
    ]);
    expect(asked.messages).toMatchObject([{ role: 'user', text: 'FirstInstead this' }]);
  });

  test('behind messages of its own request leaves them to the next turn', async () => {
    const { id } = await busySession();
    await events.send(id, { events: [say('Kept'), interrupt] });
    (await model.next()).answer('For what was kept.');
    const done = await untilIdle(client, id);
    expect(done.filter((event) => event.type === 'session.status_idle')).toHaveLength(2);
    expect(answersIn(done)).toEqual(['For what was kept.']);
  });

  test('to an idle session is listed and changes nothing', async () => {
    const { id } = await openSession(client, setting);
    const { data } = await events.send(id, { events: [interrupt] });
    expect(data).toMatchObject([{ type: 'user.interrupt', processed_at: expect.any(String) }]);
    expect(await history(client, id)).toEqual(data);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
  });

  test('before a message to an idle session leaves the message to run', async () => {
    const { id } = await openSession(client, setting);
    await events.send(id, { events: [interrupt, say('Run')] });
    (await model.next()).answer('Ran.');
    const done = await untilIdle(client, id);
    expect(typesOf(done)).toEqual(['user.interrupt', 'user.message', ...turn]);
  });

  test('twice ends one turn', async () => {
    const { id, asked } = await busySession();
    await Promise.all([events.send(id, { events: [interrupt] }), events.send(id, { events: [interrupt] })]);
    const done = await untilIdle(client, id);
    expect(done.filter((event) => event.type === 'session.status_idle')).toHaveLength(1);
    await eventually('the request to be given up', asked.closed);
  });

  test('of a thread is taken for the one that a session has, and for no other', async () => {
    const { id } = await openSession(client, setting);
    const [primary] = (await client.beta.sessions.threads.list(id)).data;
    const own = { ...interrupt, session_thread_id: primary?.id ?? '' };
    const { data } = await events.send(id, { events: [own] });
    expect(data).toMatchObject([own]);
    const error = await errorOf(events.send(id, { events: [{ ...own, session_thread_id: 'sthr_x' }] }));
    expect(error).toMatchObject({ status: 404 });
    expect(error.message).toContain('session_thread_id');
    expect((await events.list(id)).data).toHaveLength(1);
  });
});

describe('The history', () => {
  test('can be read in pages, in both orders, by type and by time', async () => {
    const { id } = await openSession(client, setting);
    for (const text of ['a', 'b']) {
      await events.send(id, { events: [say(text)] });
      (await model.next()).answer(`${text}!`);
      await untilIdle(client, id);
    }
    const all = await history(client, id);
    for (const limit of [1, 4, 18, 1000]) {
      expect(await collect(events.list(id, { limit }))).toEqual(all);
      expect(await collect(events.list(id, { limit, order: 'desc' }))).toEqual(all.toReversed());
    }
    const typed = await collect(events.list(id, { types: ['agent.message', 'user.message'], limit: 1 }));
    expect(typesOf(typed)).toEqual(['user.message', 'agent.message', 'user.message', 'agent.message']);
    expect(await collect(events.list(id, { types: ['agent.nonsense'] as never }))).toEqual([]);
    const at = all[9]?.processed_at ?? '';
    expect(await collect(events.list(id, { 'created_at[gte]': at }))).toEqual(all.slice(9));
    expect(await collect(events.list(id, { 'created_at[gt]': at }))).toEqual(all.slice(10));
    expect(await collect(events.list(id, { 'created_at[lt]': at }))).toEqual(all.slice(0, 9));
    expect(await collect(events.list(id, { 'created_at[lte]': at, order: 'desc' }))).toEqual(
      all.slice(0, 10).reverse(),
    );
    expect(await events.list(id)).not.toHaveProperty('prev_page');
  });

  test('rises strictly in time', async () => {
    const { id, asked } = await busySession();
    asked.answer('x');
    const times = (await untilIdle(client, id)).map((event) => event.processed_at ?? '');
    expect(new Set(times).size).toBe(times.length);
    expect(times.toSorted()).toEqual(times);
  });

  test('refuses a cursor of another order', async () => {
    const { id, asked } = await busySession();
    asked.answer('x');
    await untilIdle(client, id);
    const { next_page } = await events.list(id, { limit: 2 });
    expect(await errorOf(events.list(id, { order: 'desc', page: next_page }))).toMatchObject({ status: 400 });
  });

  test.each([
    [['asc', 'next', 'event', 'x']],
    [['asc', 'next', 'elsewhere', 1]],
    [['asc', 'prev', 'event', 1]],
  ])('refuses a made-up cursor %j', async (parts) => {
    const { id } = await openSession(client, setting);
    const page = `page_${Buffer.from(JSON.stringify(parts)).toString('base64url')}`;
    expect(await errorOf(events.list(id, { page }))).toMatchObject({ status: 400 });
  });
});
