import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { listen } from '../listening.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import {
  answersIn,
  errorOf,
  eventually,
  history,
  openSession,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';
import { answerTo, makeArmedSetting, rested, resumed, untilAsked } from '../tool-story.ts';

/*
 * A session that is made with its first messages: they are on disk and at work when the call returns, or there is no
 * session at all.
 */

let model: GatedModel;
let pawl: TestPawl;
let client: Anthropic;
let setting: Setting;

beforeAll(async () => {
  model = await startGatedModel();
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', model_max_retries: '0' },
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  setting = await makeArmedSetting(client);
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

const answered = ['agent.message', 'span.model_request_end', ...rested];
const text = (words: string) => ({ type: 'text' as const, text: words });

test('the session is running when it is given back, with its messages first in the history', async () => {
  const session = await openSession(client, setting, {
    initial_events: [say('One.'), { type: 'user.message', content: [text('Two.'), text('Three.')] }],
  });
  expect(session.status).toBe('running');
  expect(session).not.toHaveProperty('initial_events');
  const begun = await history(client, session.id);
  expect(typesOf(begun)).toEqual(['user.message', 'user.message', ...resumed]);
  for (const event of begun) expect(event.processed_at).toEqual(expect.any(String));
  expect(begun.slice(0, 2)).toMatchObject([
    { content: [text('One.')] },
    { content: [text('Two.'), text('Three.')] },
  ]);
  const asked = await model.next();
  expect(asked.messages.map((message) => message.text)).toEqual(['One.Two.Three.']);
  asked.answer('All three.');
  const done = await untilIdle(client, session.id);
  expect(typesOf(done)).toEqual(['user.message', 'user.message', ...resumed, ...answered]);
  expect(done.slice(0, 5)).toEqual(begun);
  expect(await client.beta.sessions.retrieve(session.id)).toMatchObject({ status: 'idle' });
});

test.each([[[]], [null], [undefined]])('%j is the same as none', async (initial_events) => {
  const session = await openSession(client, setting, { initial_events } as never);
  expect(session.status).toBe('idle');
  expect(await history(client, session.id)).toEqual([]);
});

test('what is said later comes behind, and an interrupt ends it', async () => {
  const { id } = await openSession(client, setting, { initial_events: [say('First.')] });
  const stream = await listen(client, id);
  await model.next();
  const { data } = await client.beta.sessions.events.send(id, { events: [say('Second.')] });
  expect(data).toMatchObject([{ processed_at: null }]);
  await client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
  const asked = await model.next();
  expect(asked.messages.map((message) => message.text)).toEqual(['First.Second.']);
  asked.answer('Both.');
  await stream.until('session.status_idle', 2);
  stream.close();
  expect(answersIn(await history(client, id))).toEqual(['Both.']);
});

test('the first turn may wait for tools', async () => {
  const { id } = await openSession(client, setting, { initial_events: [say('Look.')] });
  (await model.next()).answer({ calls: [{ name: 'clock', input: {} }] });
  const [call = ''] = await untilAsked(client, id, 1);
  await client.beta.sessions.events.send(id, { events: [answerTo(call, 'noon')] });
  const asked = await model.next();
  expect(asked.messages.at(-1)?.results).toEqual([{ id: call, text: 'noon' }]);
  asked.answer('Noon.');
  await eventually('the answer', async () => answersIn(await history(client, id)).length === 1);
});

test('overrides and metadata of the same request are in force', async () => {
  const { id } = await openSession(client, setting, {
    agent: { type: 'agent_with_overrides', id: setting.agent.id, system: 'Special.', tools: [] },
    ...{ title: 'Ticket 7', metadata: { ticket: '7' }, initial_events: [say('Hi.')] },
  });
  const asked = await model.next();
  expect(asked.system).toBe('Special.');
  expect(asked.tools).toEqual([]);
  asked.answer('Hello.');
  await untilIdle(client, id);
  expect(await client.beta.sessions.retrieve(id)).toMatchObject({
    title: 'Ticket 7',
    metadata: { ticket: '7' },
  });
});

test('a session can be run, read and put away in the fewest calls', async () => {
  const { id } = await openSession(client, setting, { initial_events: [say('Hi.')] });
  expect(await errorOf(client.beta.sessions.archive(id))).toMatchObject({ status: 400 });
  (await model.next()).answer('Hello.');
  await untilIdle(client, id);
  expect(await client.beta.sessions.archive(id)).toMatchObject({ status: 'terminated' });
});

describe('No session is made', () => {
  const unknownFile = { type: 'file' as const, file_id: `file_${'1'.repeat(24)}` };
  const call = { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_x', content: [] };

  test.each<[string, unknown, string]>([
    ['by an interrupt', [{ type: 'user.interrupt' }], 'initial_events.0.type'],
    [
      'by a system message',
      [say('a'), { type: 'system.message', content: [text('x')] }],
      'initial_events.1.type',
    ],
    ['by an answer', [call], 'initial_events.0.type'],
    [
      'by a confirmation',
      [{ type: 'user.tool_confirmation', tool_use_id: 'sevt_x', result: 'allow' }],
      'initial_events.0.type',
    ],
    ['by an event of the server', [{ type: 'agent.message', content: [text('x')] }], 'initial_events.0.type'],
    [
      'by an outcome, which this server does not know',
      [{ type: 'user.define_outcome', description: 'x', rubric: { type: 'text', content: 'x' } }],
      'initial_events.0.type',
    ],
    ['by a blank message', [say('a'), say(' \n')], 'initial_events.1.content'],
    ['by a message without content', [{ type: 'user.message' }], 'initial_events.0.content'],
    [
      'by a redacted block',
      [{ type: 'user.message', content: [{ type: 'redacted' }] }],
      'initial_events.0.content.0',
    ],
    [
      'by a search result in a message',
      [{ type: 'user.message', content: [{ type: 'search_result' }] }],
      'initial_events.0.content.0',
    ],
    [
      'by a file that is not there',
      [say('a'), { type: 'user.message', content: [{ type: 'document', source: unknownFile }] }],
      'file_id',
    ],
    ['by 51 events', Array.from({ length: 51 }, () => say('x')), 'initial_events'],
    ['by a word', 'Hello', 'initial_events'],
  ])('%s', async (_name, initial_events, field) => {
    const count = async () => (await client.beta.sessions.list({ limit: 100 })).data.length;
    const before = await count();
    const error = await errorOf(openSession(client, setting, { initial_events } as never));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toContain(field);
    expect(await count()).toBe(before);
  });

  test('by more than 100 documents that are files', async () => {
    const file = await client.files.upload({
      file: new File(['As noted.'], 'notes.txt', { type: 'text/plain' }),
    });
    const source = { type: 'file' as const, file_id: file.id };
    const documents = (count: number) => ({
      type: 'user.message' as const,
      content: Array.from({ length: count }, () => ({ type: 'document' as const, source })),
    });
    const initial_events = [documents(60), documents(41)];
    const error = await errorOf(openSession(client, setting, { initial_events }));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toContain('initial_events');
    const { id } = await openSession(client, setting, { initial_events: [documents(60), documents(40)] });
    (await model.next()).answer('A lot.');
    await untilIdle(client, id);
  });

  test('where the agent or the environment is not to be had, and nothing is asked', async () => {
    const initial_events = [say('Hi.')];
    const archived = await makeArmedSetting(client);
    await client.beta.agents.archive(archived.agent.id);
    for (const [fields, status] of [
      [{ agent: 'agent_nothere' }, 404],
      [{ environment_id: 'env_nothere' }, 404],
      [{ agent: archived.agent.id }, 400],
      [{ agent: { type: 'agent', id: setting.agent.id, version: 99 } }, 404],
    ] as const) {
      const call = openSession(client, setting, { ...fields, initial_events });
      expect(await errorOf(call)).toMatchObject({ status });
    }
    // The next request is that of the session that there is.
    const { id } = await openSession(client, setting, { initial_events: [say('The only one.')] });
    const asked = await model.next();
    expect(asked.messages.at(-1)?.text).toBe('The only one.');
    asked.answer('Yes.');
    await untilIdle(client, id);
  });
});
