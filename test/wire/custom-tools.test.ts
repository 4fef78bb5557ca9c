import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../listening.ts';
import type { Protocol } from '../model-requests.ts';
import type { ModelServer } from '../model-server.ts';
import { joined, lastContent, watchRequests } from '../request-shape.ts';
import {
  answersIn,
  converse,
  errorOf,
  eventually,
  history,
  openSession,
  say,
  typesOf,
  untilIdle,
} from '../story.ts';
import { answerTo, askedIn, callsIn, rested, resumed, untilAsked } from '../tool-story.ts';
import { startTwoProviders, type TwoProviders } from '../two-providers.ts';

/*
 * The goal: tools that the user runs, as a program that uses them sees it: what it is asked, what it may answer and
 * when, and what the model is told, with either provider. Every request that the model gets is one that the official
 * servers would take.
 */

const mostRounds = 4;
let served: TwoProviders;
let model: ModelServer;
let client: Anthropic;
let events: TwoProviders['events'];

beforeAll(async () => {
  served = await startTwoProviders(() => 'Done.', { max_tool_rounds: String(mostRounds) });
  ({ model, client, events } = served);
});

afterAll(() => served.close());

const problems = watchRequests();
afterEach(() => expect(problems(model)).toEqual([]));

const message = ['user.message', ...resumed] as const;
const lookUp = (id: number) => ({ name: 'look_up', input: { id } });
const clock = { name: 'clock', input: {} };
const interrupt = { type: 'user.interrupt' } as const;

describe.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  const open = async () => (await openSession(client, served.settings[provider])).id;

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
});
