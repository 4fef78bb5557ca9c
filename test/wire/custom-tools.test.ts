import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../listening.ts';
import type { Protocol } from '../model-requests.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { joined, lastContent, watchRequests } from '../request-shape.ts';
import {
  answersIn,
  converse,
  errorOf,
  eventually,
  history,
  openSession,
  type SessionEvent,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';
import { answerTo, askedIn, callsIn, makeArmedSetting, rested, resumed, untilAsked } from '../tool-story.ts';

/*
 * The goal: tools that the user runs, as a program that uses them sees it: what it is asked, what it may answer and
 * when, and what the model is told, with either provider. Every request that the model gets is one that the official
 * servers would take.
 */

let model: ModelServer;
let pawl: TestPawl;
let client: Anthropic;
let events: Anthropic.Beta.Sessions['events'];
const settings: Record<string, Setting> = {};
const mostRounds = 4;

beforeAll(async () => {
  model = await startModelServer({ reply: () => 'Done.' });
  pawl = await startPawl({
    anthropic_base_url: model.url,
    anthropic_api_key: 'upstream-key',
    openai_base_url: `${model.url}/v1`,
    openai_api_key: 'upstream-key',
    model_routes: 'claude-*=anthropic,*=openai',
    model_max_retries: '0',
    max_tool_rounds: String(mostRounds),
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  events = client.beta.sessions.events;
  settings['anthropic'] = await makeArmedSetting(client, { model: 'claude-test' });
  settings['openai'] = await makeArmedSetting(client, { model: 'gpt-test' });
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

const problems = watchRequests();
afterEach(() => expect(problems(model)).toEqual([]));

const message = ['user.message', ...resumed] as const;
const lookUp = (id: number) => ({ name: 'look_up', input: { id } });
const clock = { name: 'clock', input: {} };
const interrupt = { type: 'user.interrupt' } as const;

describe.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  const open = async () => (await openSession(client, settings[provider] as Setting)).id;

  /** A session that waits for the answers to these calls. */
  async function asking(...calls: { readonly name: string; readonly input: object }[]) {
    const id = await open();
    model.script([{ text: 'Let me see.', calls }]);
    await events.send(id, { events: [say('Look.')] });
    const asked = await untilAsked(client, id);
    return { id, asked, first: asked[0] ?? '', second: asked[1] ?? '' };
  }

  /** The newest request, in the words of neither protocol. */
  const read = () => {
    const newest = model.requests.at(-1)?.read;
    expect(newest?.protocol).toBe(provider);
    return joined(newest?.messages ?? []);
  };

  test('a call waits for its answer, in the documented order, and the model reads both', async () => {
    const id = await open();
    model.script([{ text: 'Let me see.', calls: [lookUp(7)] }, { text: 'It is 42.' }]);
    const before = await converse(client, id, 'What is 7?');
    const toAnswer = [
      ...message,
      'agent.message',
      'agent.custom_tool_use',
      'span.model_request_end',
      ...rested,
    ];
    expect(typesOf(before)).toEqual(toAnswer);
    const [call] = callsIn(before);
    expect(call).toMatchObject({ id: expect.stringMatching(/^sevt_/), name: 'look_up', input: { id: 7 } });
    const stop = { stop_reason: { type: 'requires_action', event_ids: [call?.id] }, stop_details: null };
    expect(before.at(-1)).toMatchObject(stop);
    expect(before.at(-3)).toMatchObject(stop);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');

    const { data } = await events.send(id, { events: [answerTo(call?.id ?? '', '42')] });
    expect(data).toMatchObject([
      {
        ...{ type: 'user.custom_tool_result', custom_tool_use_id: call?.id },
        ...{ content: [{ type: 'text', text: '42' }], processed_at: expect.any(String) },
      },
    ]);
    const all = await untilIdle(client, id);
    expect(typesOf(all)).toEqual([
      ...toAnswer,
      'user.custom_tool_result',
      ...resumed,
      'agent.message',
      'span.model_request_end',
      ...rested,
    ]);
    expect(all.find((event) => event.type === 'user.custom_tool_result')).toEqual(data?.[0]);
    expect(answersIn(all)).toEqual(['Let me see.', 'It is 42.']);
    expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(read()).toMatchObject([
      { role: 'user', text: 'What is 7?' },
      {
        role: 'assistant',
        text: 'Let me see.',
        calls: [{ id: call?.id, name: 'look_up', input: { id: 7 } }],
      },
      { role: 'user', results: [{ id: call?.id, text: '42' }] },
    ]);
    const spans = all.flatMap((event) =>
      event.type === 'span.model_request_end' ? [event.model_usage] : [],
    );
    expect(spans).toHaveLength(2);
    const { usage } = await client.beta.sessions.retrieve(id);
    expect(usage.output_tokens).toBe(spans.reduce((sum, one) => sum + one.output_tokens, 0));
    expect(all.at(-2)).toMatchObject({ usage: { output_tokens: usage.output_tokens } });
  });

  test('the model is told of the tools as they were defined', async () => {
    await converse(client, await open(), 'Hello');
    const body = model.requests.at(-1)?.body as { tools: unknown[] };
    const tool = { name: 'look_up', description: 'Does look_up.' };
    expect(body.tools).toMatchObject(
      provider === 'anthropic'
        ? [{ ...tool, input_schema: { type: 'object' } }, { name: 'clock' }]
        : [
            { type: 'function', function: { ...tool, parameters: { type: 'object' } } },
            { type: 'function', function: { name: 'clock' } },
          ],
    );
  });

  test('two calls may be answered one by one, the last first, and what is left is announced again', async () => {
    const { id, asked, first, second } = await asking(lookUp(1), clock);
    expect(asked).toHaveLength(2);
    const before = await history(client, id);
    expect(callsIn(before).map((call) => call.id)).toEqual(asked);
    const seen = model.requests.length;
    await events.send(id, { events: [answerTo(second, 'noon')] });
    const between = await history(client, id);
    expect(typesOf(between.slice(before.length))).toEqual(['user.custom_tool_result', ...rested]);
    expect(askedIn(between)).toEqual([first]);
    expect(between.at(-3)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: [first] } });
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
    expect(model.requests.length).toBe(seen);
    await events.send(id, { events: [answerTo(first, 'one')] });
    const done = await untilIdle(client, id);
    expect(typesOf(done.slice(between.length))).toEqual([
      'user.custom_tool_result',
      ...resumed,
      'agent.message',
      'span.model_request_end',
      ...rested,
    ]);
    expect(model.requests.length).toBe(seen + 1);
    const results = read().flatMap((one) => one.results);
    expect(results.toSorted((a, b) => a.text.localeCompare(b.text))).toEqual([
      { id: second, text: 'noon' },
      { id: first, text: 'one' },
    ]);
  });

  test('one request may carry all answers, in any order', async () => {
    const { id, first, second } = await asking(lookUp(1), lookUp(2));
    const before = (await history(client, id)).length;
    const { data } = await events.send(id, { events: [answerTo(second, 'two'), answerTo(first, 'one')] });
    const done = await untilIdle(client, id);
    expect(done.slice(before, before + 2)).toEqual(data);
    expect(typesOf(done.slice(before + 2, before + 5))).toEqual(resumed);
  });

  test('an answer may come as soon as the call is seen on a stream', async () => {
    const id = await open();
    const stream = await listen(client, id);
    model.script([{ calls: [lookUp(1), clock] }]);
    await events.send(id, { events: [say('Look.')] });
    const answered = new Set<string>();
    await eventually('both calls answered', async () => {
      for (const event of stream.events) {
        if (event.type !== 'agent.custom_tool_use' || answered.has(event.id)) continue;
        answered.add(event.id);
        await events.send(id, { events: [answerTo(event.id, event.name)] });
      }
      return answered.size === 2;
    });
    await stream.until('session.status_idle', 3);
    stream.close();
    const all = await history(client, id);
    expect(stream.events).toEqual(all);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(read().flatMap((one) => one.results.map(({ text }) => text))).toEqual(['look_up', 'clock']);
  });

  test('an error reaches the model as one', async () => {
    const { id, first } = await asking(lookUp(404));
    const { data } = await events.send(id, { events: [answerTo(first, 'No such thing.', true)] });
    expect(data).toMatchObject([{ is_error: true }]);
    await untilIdle(client, id);
    const body = JSON.stringify(model.requests.at(-1)?.body);
    expect(body).toContain('No such thing.');
    expect(body).toContain(provider === 'anthropic' ? '"is_error":true' : 'The tool failed: No such thing.');
  });

  test('no content is an answer as well', async () => {
    for (const content of [[], undefined, null]) {
      const { id, first } = await asking(lookUp(1));
      const nothing = { type: 'user.custom_tool_result', custom_tool_use_id: first, content };
      await events.send(id, { events: [nothing as never] });
      expect(answersIn(await untilIdle(client, id)).at(-1)).toBe('Done.');
      expect(
        read()
          .at(-1)
          ?.results.map((result) => result.id),
      ).toEqual([first]);
    }
  });

  test('plain text is taken as one block, and blank text as nothing', async () => {
    const { id, first, second } = await asking(lookUp(1), clock);
    const plain = { ...answerTo(first, ''), content: 'plain' as never };
    const { data } = await events.send(id, { events: [plain, answerTo(second, ' \n')] });
    expect(data).toMatchObject([
      { content: [{ type: 'text', text: 'plain' }] },
      { content: [{ text: ' \n' }] },
    ]);
    expect(answersIn(await untilIdle(client, id)).at(-1)).toBe('Done.');
  });

  test('answers of other kinds than text reach the model', async () => {
    const { id, first, second } = await asking(lookUp(1), clock);
    const found = {
      ...{ type: 'search_result' as const, source: 'https://example.com/a', title: 'A page' },
      ...{ content: [{ type: 'text' as const, text: 'What it says.' }], citations: { enabled: true } },
    };
    const picture = {
      type: 'image' as const,
      source: { type: 'base64' as const, media_type: 'image/png' as const, data: 'iVBORw0KGgo=' },
    };
    const paper = {
      ...{ type: 'document' as const, title: 'Notes' },
      source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'As noted.' },
    };
    const sent = [
      answerTo(first, [found]),
      answerTo(second, [{ type: 'text', text: 'See:' }, picture, paper]),
    ];
    const { data } = await events.send(id, { events: sent });
    expect(data).toMatchObject(sent);
    expect(answersIn(await untilIdle(client, id)).at(-1)).toBe('Done.');
    const body = JSON.stringify(model.requests.at(-1)?.body);
    for (const part of ['What it says.', 'A page', 'iVBORw0KGgo=', 'As noted.', 'See:']) {
      expect(body).toContain(part);
    }
    if (provider !== 'anthropic') return;
    expect(lastContent(model)).toMatchObject([
      { type: 'tool_result', tool_use_id: first, content: [found] },
      { type: 'tool_result', tool_use_id: second, content: [{ text: 'See:' }, picture, paper] },
    ]);
  });

  test('a message waits for the answers, and has its own turn behind them', async () => {
    const { id, first } = await asking(lookUp(1));
    const seen = model.requests.length;
    const { data } = await events.send(id, { events: [say('And hurry.')] });
    expect(data).toMatchObject([{ type: 'user.message', processed_at: null }]);
    expect((await history(client, id)).at(-1)).toEqual(data?.[0]);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
    expect(model.requests.length).toBe(seen);
    model.script([{ text: 'First answer.' }, { text: 'Second answer.' }]);
    await events.send(id, { events: [answerTo(first, 'one'), say('Thanks.')] });
    const done = await eventually('both turns', async () => {
      const all = await history(client, id);
      return answersIn(all).length === 3 && all.at(-1)?.type === 'session.status_idle' ? all : null;
    });
    const after = done.slice(done.findIndex((event) => event.type === 'user.custom_tool_result'));
    const turn = ['agent.message', 'span.model_request_end', ...rested];
    expect(typesOf(after)).toEqual([
      ...['user.custom_tool_result', ...resumed, ...turn],
      ...['user.message', ...message, ...turn],
    ]);
    expect(done.filter((event) => event.id === data?.[0]?.id)).toHaveLength(1);
    expect(read().slice(-2)).toMatchObject([{ text: 'First answer.' }, { text: 'And hurry.Thanks.' }]);
  });

  test('several rounds make one turn, and several turns one conversation', async () => {
    const id = await open();
    for (const turn of [1, 2]) {
      model.script([{ calls: [lookUp(turn)] }, { text: 'More.', calls: [clock, lookUp(10 * turn)] }]);
      await events.send(id, { events: [say(`Turn ${turn}`)] });
      const [call = ''] = await untilAsked(client, id, 1);
      await events.send(id, { events: [answerTo(call, `result ${turn}`)] });
      const [one = '', other = ''] = await untilAsked(client, id, 2);
      await events.send(id, { events: [answerTo(one, 'noon'), answerTo(other, 'ten')] });
      await untilIdle(client, id);
      await eventually('the end of the turn', async () => askedIn(await history(client, id)) === null);
    }
    const all = await history(client, id);
    expect(answersIn(all)).toEqual(['More.', 'Done.', 'More.', 'Done.']);
    expect(callsIn(all)).toHaveLength(6);
    const told = read();
    expect(told.flatMap((one) => one.calls.map((call) => call.id))).toHaveLength(6);
    expect(told.flatMap((one) => one.results.map((result) => result.text)).toSorted()).toEqual(
      ['noon', 'noon', 'result 1', 'result 2', 'ten', 'ten'].toSorted(),
    );
  });

  test('calls that nobody can run are answered with errors, and the others wait for the user', async () => {
    const id = await open();
    model.script([
      {
        calls: [
          lookUp(1),
          { name: 'launch', input: { at: 'dawn' } },
          { name: 'look_up', raw: '{"id":' },
          { name: 'clock', raw: '[1]' },
          clock,
        ],
      },
    ]);
    const before = await converse(client, id, 'Do all of it.');
    expect(typesOf(before)).toEqual([
      ...message,
      'agent.custom_tool_use',
      ...['agent.tool_use', 'agent.tool_use', 'agent.tool_use', 'agent.custom_tool_use'],
      'span.model_request_end',
      ...['agent.tool_result', 'agent.tool_result', 'agent.tool_result'],
      ...rested,
    ]);
    const refused = before.flatMap((event) => (event.type === 'agent.tool_use' ? [event] : []));
    expect(refused).toMatchObject([
      { name: 'launch', input: { at: 'dawn' }, evaluated_permission: 'deny' },
      { name: 'look_up', input: {}, evaluated_permission: 'deny' },
      { name: 'clock', input: {}, evaluated_permission: 'deny' },
    ]);
    for (const call of refused) expect(call).not.toHaveProperty('evaluation');
    const results = before.flatMap((event) => (event.type === 'agent.tool_result' ? [event] : []));
    expect(results.map((result) => [result.tool_use_id, result.is_error])).toEqual(
      refused.map((call) => [call.id, true]),
    );
    const [first = '', last = ''] = askedIn(before) ?? [];
    await events.send(id, { events: [answerTo(last, 'noon'), answerTo(first, 'one')] });
    expect(answersIn(await untilIdle(client, id))).toEqual(['Done.']);
    expect(
      read()
        .at(-2)
        ?.calls.map(({ name }) => name),
    ).toEqual([...['look_up', 'launch', 'look_up', 'clock', 'clock']]);
    expect(read().at(-1)?.results).toHaveLength(5);
  });

  test('a turn of nothing but impossible calls goes on by itself', async () => {
    const id = await open();
    model.script([
      { calls: [{ name: 'launch', input: {} }] },
      {
        text: 'Again.',
        calls: [
          { name: 'two words; and more', input: {} },
          { name: 'x'.repeat(300), input: {} },
        ],
      },
      { calls: [lookUp(1)], cut: true },
    ]);
    const all = await converse(client, id, 'Launch.');
    expect(answersIn(all)).toEqual(['Again.', 'Done.']);
    expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    const called = all.flatMap((event) => (event.type === 'agent.tool_use' ? [event.name] : []));
    expect(called).toEqual(['launch', 'two words; and more', 'x'.repeat(300), 'look_up']);
    expect(typesOf(all).filter((type) => type === 'session.status_running')).toHaveLength(1);
    expect(callsIn(all)).toEqual([]);
  });

  test('a turn asks its model no more often than it may, and the session is usable afterwards', async () => {
    const id = await open();
    model.script(Array.from({ length: mostRounds }, (_, n) => ({ calls: [lookUp(n)] })));
    await events.send(id, { events: [say('For ever.')] });
    for (let round = 1; round <= mostRounds; round++) {
      const [call = ''] = await eventually(`round ${round}`, async () => {
        const all = await history(client, id);
        return callsIn(all).length === round && askedIn(all);
      });
      await events.send(id, { events: [answerTo(call, `answer ${round}`)] });
    }
    const ended = await untilIdle(client, id);
    expect(ended.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    expect(typesOf(ended).slice(-5)).toEqual(['user.custom_tool_result', 'session.error', ...rested]);
    expect(ended.find((event) => event.type === 'session.error')).toMatchObject({
      error: { type: 'tool_use_limit_reached_error', retry_status: { type: 'exhausted' } },
    });
    expect(answersIn(await converse(client, id, 'And now?'))).toEqual(['Done.']);
    expect(read().at(-1)).toMatchObject({ text: 'And now?', results: [{ text: `answer ${mostRounds}` }] });
  });

  test('an interrupt answers the open calls with errors and ends the turn', async () => {
    const { id, first, second } = await asking(lookUp(1), clock);
    const before = await history(client, id);
    const { data } = await events.send(id, { events: [interrupt] });
    expect(data).toMatchObject([{ type: 'user.interrupt', processed_at: expect.any(String) }]);
    const after = await history(client, id);
    expect(typesOf(after.slice(before.length))).toEqual([
      'user.interrupt',
      'user.custom_tool_result',
      'user.custom_tool_result',
      ...rested,
    ]);
    expect(after.slice(before.length + 1, -3)).toMatchObject([
      { custom_tool_use_id: first, is_error: true },
      { custom_tool_use_id: second, is_error: true },
    ]);
    expect(after.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
    expect(await errorOf(events.send(id, { events: [answerTo(first, 'late')] }))).toMatchObject({
      status: 400,
    });
    expect(await history(client, id)).toEqual(after);
    expect(answersIn(await converse(client, id, 'Something else.')).at(-1)).toBe('Done.');
    expect(read().at(-1)).toMatchObject({
      text: 'Something else.',
      results: [{ id: first }, { id: second }],
    });
  });

  test.each([
    ['behind it', [interrupt, say('Instead this.')], ['Instead this.']],
    ['before it', [say('Kept.'), interrupt], ['Kept.']],
    ['on both sides', [say('Kept.'), interrupt, say('And this.')], ['Kept.', 'And this.']],
  ])('an interrupt with a message %s runs the message at once', async (_where, sent, texts) => {
    const { id, first } = await asking(lookUp(1));
    const before = (await history(client, id)).length;
    await events.send(id, { events: sent });
    const done = await eventually('the new turn', async () => {
      const all = await history(client, id);
      return answersIn(all).at(-1) === 'Done.' && all.at(-1)?.type === 'session.status_idle' ? all : null;
    });
    expect(typesOf(done.slice(before))).toEqual([
      ...['user.interrupt', 'user.custom_tool_result', ...rested],
      ...[...texts.map(() => 'user.message'), ...resumed],
      ...['agent.message', 'span.model_request_end', ...rested],
    ]);
    expect(read().at(-1)).toMatchObject({ text: texts.join(''), results: [{ id: first }] });
  });

  test('an interrupt lets the messages run that were queued behind the calls', async () => {
    const { id } = await asking(lookUp(1));
    await events.send(id, { events: [say('Queued.')] });
    await events.send(id, { events: [interrupt] });
    const done = await eventually('the queued turn', async () => {
      const all = await history(client, id);
      return answersIn(all).at(-1) === 'Done.' && all.at(-1)?.type === 'session.status_idle' ? all : null;
    });
    expect(done.every((event) => event.processed_at !== null)).toBe(true);
    expect(read().at(-1)?.text).toBe('Queued.');
  });

  test('an answer and an interrupt of one request keep the answer', async () => {
    const { id, first, second } = await asking(lookUp(1), clock);
    await events.send(id, { events: [answerTo(first, 'one'), interrupt] });
    const done = await untilIdle(client, id);
    expect(done.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    const results = done.flatMap((event) => (event.type === 'user.custom_tool_result' ? [event] : []));
    expect(results.map((event) => [event.custom_tool_use_id, event.is_error ?? false])).toEqual([
      [first, false],
      [second, true],
    ]);
  });

  test('a refusal by the model between rounds ends the turn, with every call answered', async () => {
    const { id, first } = await asking(lookUp(1));
    model.script(['refusal']);
    await events.send(id, { events: [answerTo(first, 'one')] });
    await eventually('the refusal', async () => {
      const last = (await history(client, id)).at(-1);
      return last?.type === 'session.status_idle' && last.stop_reason.type === 'refusal';
    });
    expect(answersIn(await converse(client, id, 'Else?')).at(-1)).toBe('Done.');
    expect(read().at(-1)).toMatchObject({ text: 'Else?', results: [{ id: first, text: 'one' }] });
  });
});

describe('An answer', () => {
  const open = async () => (await openSession(client, settings['anthropic'] as Setting)).id;
  let id: string;
  let call: string;
  let before: SessionEvent[];

  beforeAll(async () => {
    id = await open();
    model.script([{ calls: [lookUp(1), clock] }]);
    await events.send(id, { events: [say('Look.')] });
    [call = ''] = await untilAsked(client, id, 2);
    before = await history(client, id);
  });

  /** The call's error, which has to be about this field, and a session that has not noticed. */
  async function refused(sent: readonly object[], field: string): Promise<void> {
    const error = await errorOf(events.send(id, { events: sent as never }));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toContain(field);
    expect(await history(client, id)).toEqual(before);
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
  }

  const base = () => answerTo(call, 'x');
  test.each<[string, () => readonly object[], string]>([
    ['to an unknown id', () => [answerTo('sevt_nothere', 'x')], 'custom_tool_use_id'],
    ['to an event that is no call', () => [answerTo(before[0]?.id ?? '', 'x')], 'custom_tool_use_id'],
    ['twice in one request', () => [base(), base()], 'custom_tool_use_id'],
    ['beside a bad one', () => [base(), answerTo('sevt_nothere', 'x')], 'custom_tool_use_id'],
    ['without an id', () => [{ type: 'user.custom_tool_result', content: [] }], 'custom_tool_use_id'],
    ['with a number as its id', () => [{ ...base(), custom_tool_use_id: 7 }], 'custom_tool_use_id'],
    ['with a number as content', () => [{ ...base(), content: 7 }], 'content'],
    ['with a redacted block', () => [{ ...base(), content: [{ type: 'redacted' }] }], 'content.0'],
    [
      'with a search result without text',
      () => [{ ...base(), content: [{ type: 'search_result' }] }],
      'content.0',
    ],
    ['with a word as is_error', () => [{ ...base(), is_error: 'yes' }], 'is_error'],
    [
      'with a file that is not there',
      () => [
        answerTo(call, [{ type: 'image', source: { type: 'file', file_id: `file_${'1'.repeat(24)}` } }]),
      ],
      'file_id',
    ],
    [
      'as a confirmation',
      () => [{ type: 'user.tool_confirmation', tool_use_id: call, result: 'allow' }],
      'tool_use_id',
    ],
    [
      'as a denial',
      () => [{ type: 'user.tool_confirmation', tool_use_id: call, result: 'deny', deny_message: 'No.' }],
      'tool_use_id',
    ],
    [
      'as the result of a sandbox',
      () => [{ type: 'user.tool_result', tool_use_id: call }],
      'user.tool_result',
    ],
    ['behind an interrupt', () => [interrupt, base()], 'custom_tool_use_id'],
  ])('%s is refused, and nothing changes', async (_name, sent, field) => {
    await refused(sent(), field);
  });

  test('to a call of another session is refused there, and open here', async () => {
    const other = await open();
    expect(await errorOf(events.send(other, { events: [base()] }))).toMatchObject({ status: 400 });
    expect(await history(client, other)).toEqual([]);
    expect(askedIn(await history(client, id))).toContain(call);
  });

  test('a second time is refused as well, whether the turn waits still or is over', async () => {
    await events.send(id, { events: [base()] });
    before = await history(client, id);
    await refused([base()], 'custom_tool_use_id');
    const [other = ''] = askedIn(before) ?? [];
    await events.send(id, { events: [answerTo(other, 'y')] });
    before = await eventually('the end', async () => {
      const all = await history(client, id);
      return answersIn(all).length === 1 && all.at(-1)?.type === 'session.status_idle' ? all : null;
    });
    await refused([base()], 'custom_tool_use_id');
    await refused([answerTo(other, 'y')], 'custom_tool_use_id');
  });

  test('is taken from one of many who send it at once', async () => {
    const shared = await open();
    model.script([{ calls: [lookUp(1), clock] }]);
    await events.send(shared, { events: [say('Look.')] });
    const asked = await untilAsked(client, shared, 2);
    const sent = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        events.send(shared, { events: [answerTo(asked[n % 2] ?? '', `from ${n}`)] }),
      ),
    );
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const all = await eventually('the end', async () => {
      const now = await history(client, shared);
      return answersIn(now).length === 1 && now.at(-1)?.type === 'session.status_idle' ? now : null;
    });
    expect(all.filter((event) => event.type === 'user.custom_tool_result')).toHaveLength(2);
    expect(all.filter((event) => event.type === 'session.status_running')).toHaveLength(2);
  });
});

describe('At the same moment', () => {
  const begin = async (calls: number) => {
    const { id } = await openSession(client, settings['anthropic'] as Setting);
    await events.send(id, { events: [say('Race.')] });
    return { id, asked: await untilAsked(client, id, calls) };
  };
  const untilOver = (id: string) =>
    eventually(`session ${id} at rest`, async () => {
      const all = await history(client, id);
      return all.at(-1)?.type === 'session.status_idle' && askedIn(all) === null ? all : null;
    });

  /** Every call has one answer, and every event its place. */
  function wholeIn(all: readonly SessionEvent[]): void {
    const answered = all.flatMap((event) =>
      event.type === 'user.custom_tool_result' ? [event.custom_tool_use_id] : [],
    );
    expect(answered.toSorted()).toEqual(
      callsIn(all)
        .map((call) => call.id)
        .toSorted(),
    );
    const times = all.map((event) => event.processed_at ?? '');
    expect(times.toSorted()).toEqual(times);
    expect(new Set(times).size).toBe(times.length);
    for (const [i, event] of all.entries()) {
      if (event.type === 'session.status_idle') expect(all[i - 1]?.type).toBe('session.usage');
    }
  }

  test('many answers to many calls resume one turn', async () => {
    const many = 40;
    model.when(({ messages }) => messages.at(-1)?.text === 'Race.', {
      calls: Array.from({ length: many }, (_, n) => lookUp(n)),
    });
    const { id, asked } = await begin(many);
    await Promise.all(asked.map((call) => events.send(id, { events: [answerTo(call, `to ${call}`)] })));
    const all = await untilOver(id);
    wholeIn(all);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(all.filter((event) => event.type === 'session.status_running')).toHaveLength(2);
    const told = model.requests.at(-1)?.read.messages.at(-1)?.results ?? [];
    expect(told.map((result) => result.text).toSorted()).toEqual(
      asked.map((call) => `to ${call}`).toSorted(),
    );
  });

  test.each(['Interrupt.', 'Message.', 'Archive.', 'Other tools.'])(
    'the last answer and something else leave a whole history: %s',
    async (what) => {
      const races = Array.from({ length: 10 }, async (_, n) => {
        const { id, asked } = await begin(40);
        const answers = asked.map((call) => answerTo(call, 'x'));
        await events.send(id, { events: answers.slice(1) });
        const last = () => events.send(id, { events: answers.slice(0, 1) });
        const rival = (): PromiseLike<unknown> => {
          if (what === 'Interrupt.') return events.send(id, { events: [interrupt, say('Go on.')] });
          if (what === 'Message.') return events.send(id, { events: [say('Go on.')] });
          if (what === 'Archive.') return client.beta.sessions.archive(id);
          return client.beta.sessions.update(id, { agent: { tools: [] } });
        };
        await Promise.allSettled(n % 2 === 0 ? [last(), rival()] : [rival(), last()]);
        const { archived_at } = await client.beta.sessions.retrieve(id);
        if (archived_at === null) wholeIn(await untilOver(id));
        else expect(typesOf(await history(client, id)).at(-1)).toBe('session.status_terminated');
        if (archived_at === null) expect(answersIn(await converse(client, id, 'Well?')).at(-1)).toBe('Done.');
      });
      await Promise.all(races);
    },
  );
});

describe('A session that waits for answers', () => {
  const asking = async () => {
    const { id } = await openSession(client, settings['anthropic'] as Setting);
    model.script([{ calls: [lookUp(1)] }]);
    await events.send(id, { events: [say('Look.')] });
    const [call = ''] = await untilAsked(client, id, 1);
    return { id, call };
  };

  test('can be archived, and takes no answer then', async () => {
    const { id, call } = await asking();
    const { data } = await events.send(id, { events: [say('Queued.')] });
    const archived = await client.beta.sessions.archive(id);
    expect(archived).toMatchObject({ status: 'terminated', archived_at: expect.any(String) });
    const all = await history(client, id);
    expect(typesOf(all).slice(-3)).toEqual([
      'user.message',
      'session.thread_status_terminated',
      'session.status_terminated',
    ]);
    expect(all.at(-3)).toEqual({ ...data?.[0], processed_at: expect.any(String) });
    const late = await errorOf(events.send(id, { events: [answerTo(call, 'late')] }));
    expect(late).toMatchObject({ status: 400 });
    expect(await history(client, id)).toEqual(all);
  });

  test('can be deleted', async () => {
    const { id, call } = await asking();
    await events.send(id, { events: [say('Queued.')] });
    expect(await client.beta.sessions.delete(id)).toEqual({ id, type: 'session_deleted' });
    expect(await errorOf(events.send(id, { events: [answerTo(call, 'x')] }))).toMatchObject({ status: 404 });
  });

  test('is idle in every list, and its time does not run', async () => {
    const { id, call } = await asking();
    const listed = await client.beta.sessions.list({ statuses: ['idle'], limit: 100 });
    expect(listed.data.map((session) => session.id)).toContain(id);
    const once = await client.beta.sessions.retrieve(id);
    const twice = await client.beta.sessions.retrieve(id);
    expect(twice.stats.active_seconds).toBe(once.stats.active_seconds);
    expect(twice.stats.duration_seconds).toBeGreaterThan(once.stats.duration_seconds ?? 0);
    await events.send(id, { events: [answerTo(call, 'x')] });
    await eventually('the end', async () => answersIn(await history(client, id)).length === 1);
  });
});
