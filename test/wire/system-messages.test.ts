import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Protocol } from '../model-requests.ts';
import type { ModelServer } from '../model-server.ts';
import { joined, watchRequests } from '../request-shape.ts';
import { answersIn, converse, errorOf, eventually, history, openSession, say, typesOf } from '../story.ts';
import { answerTo, askedIn, rested, resumed, untilAsked } from '../tool-story.ts';
import { startTwoProviders, type TwoProviders } from '../two-providers.ts';

/*
 * Instructions in the middle of a conversation: where they may stand in a request, and where the model reads them.
 */

let served: TwoProviders;
let model: ModelServer;
let client: Anthropic;
let events: TwoProviders['events'];

beforeAll(async () => {
  served = await startTwoProviders(() => 'Done.');
  ({ model, client, events } = served);
});

afterAll(() => served.close());

const problems = watchRequests();
afterEach(() => expect(problems(model)).toEqual([]));

const instruct = (text: string) => ({
  type: 'system.message' as const,
  content: [{ type: 'text' as const, text }],
});

describe.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  const open = async () => (await openSession(client, served.settings[provider])).id;
  const told = () =>
    joined(model.requests.at(-1)?.read.messages ?? []).map(({ role, text, results }) =>
      results.length === 0 ? `${role}: ${text}` : `${role}: ${results.length} results`,
    );
  const untilAnswers = (id: string, count: number) =>
    eventually(`${count} answers`, async () => {
      const all = await history(client, id);
      return answersIn(all).length === count && all.at(-1)?.type === 'session.status_idle' ? all : null;
    });
  const asking = async (...names: string[]) => {
    const id = await open();
    model.script([{ calls: names.map((name) => ({ name, input: {} })) }]);
    await events.send(id, { events: [say('Look.')] });
    const [first = '', second = ''] = await untilAsked(client, id, names.length);
    return { id, first, second };
  };

  test('one behind a message belongs to its turn', async () => {
    const id = await open();
    await converse(client, id, 'One.');
    const { data } = await events.send(id, { events: [say('Two.'), instruct('In French.')] });
    expect(data).toMatchObject([
      { type: 'user.message' },
      { ...instruct('In French.'), id: expect.any(String) },
    ]);
    const all = await untilAnswers(id, 2);
    expect(typesOf(all).slice(9, 13)).toEqual(['user.message', 'system.message', ...resumed.slice(0, 2)]);
    expect(all[10]).toEqual(data?.[1]);
    expect(told()).toEqual(['user: One.', 'assistant: Done.', 'user: Two.', 'system: In French.']);
    await converse(client, id, 'Three.');
    expect(told().slice(3)).toEqual(['system: In French.', 'assistant: Done.', 'user: Three.']);
  });

  test('one alone waits for the next message', async () => {
    const id = await open();
    await converse(client, id, 'One.');
    const seen = model.requests.length;
    await events.send(id, { events: [instruct('In French.')] });
    expect((await client.beta.sessions.retrieve(id)).status).toBe('idle');
    expect(typesOf(await history(client, id)).at(-1)).toBe('system.message');
    expect(model.requests.length).toBe(seen);
    await converse(client, id, 'Two.');
    expect(told()).toHaveLength(4);
    expect(told().slice(2).toSorted()).toEqual(['system: In French.', 'user: Two.']);
  });

  test('one before the first message is heard as well', async () => {
    const id = await open();
    await events.send(id, { events: [instruct('In French.')] });
    await converse(client, id, 'One.');
    expect(told().join('\n')).toContain('In French.');
    expect(told().at(-1)).toContain('One.');
  });

  test('one may come behind the last answer, and the model reads it after all of them', async () => {
    const { id, first, second } = await asking('look_up', 'clock');
    await events.send(id, { events: [answerTo(first, 'a'), answerTo(second, 'b'), instruct('In French.')] });
    const all = await untilAnswers(id, 1);
    const from = all.findIndex((event) => event.type === 'user.custom_tool_result');
    expect(typesOf(all.slice(from))).toEqual([
      ...['user.custom_tool_result', 'user.custom_tool_result', 'system.message', ...resumed],
      ...['agent.message', 'span.model_request_end', ...rested],
    ]);
    expect(told().slice(-2)).toEqual(['user: 2 results', 'system: In French.']);
  });

  test('one may come behind an answer while others are missing, and no answer is lost by that', async () => {
    const { id, first, second } = await asking('look_up', 'clock');
    await events.send(id, { events: [answerTo(second, 'b'), instruct('In French.')] });
    expect(askedIn(await history(client, id))).toEqual([first]);
    await events.send(id, { events: [answerTo(first, 'a'), instruct('And briefly.')] });
    await untilAnswers(id, 1);
    expect(told().slice(-2)).toEqual(['user: 2 results', 'system: In French.And briefly.']);
    const results = model.requests.at(-1)?.read.messages.flatMap((message) => message.results);
    expect(results).toEqual([
      { id: second, text: 'b' },
      { id: first, text: 'a' },
    ]);
  });

  test('one is queued with the message that it follows', async () => {
    const { id, first } = await asking('look_up');
    model.script(['hang']);
    await events.send(id, { events: [answerTo(first, 'a')] });
    await eventually(
      'a turn under way',
      () => model.requests.at(-1)?.read.messages.at(-1)?.results.length === 1,
    );
    const { data } = await events.send(id, { events: [say('Two.'), instruct('In French.')] });
    expect(data?.map((event) => event.processed_at)).toEqual([null, null]);
    await events.send(id, { events: [{ type: 'user.interrupt' }] });
    await untilAnswers(id, 1);
    expect(told().slice(-1)).toEqual(['system: In French.']);
  });
});

describe('A system message is refused', () => {
  const open = async () => (await openSession(client, served.settings.anthropic)).id;

  test.each<[string, object[]]>([
    ['before the message', [instruct('x'), say('a')]],
    ['twice', [say('a'), instruct('x'), instruct('y')]],
    ['between two messages', [say('a'), instruct('x'), say('b')]],
    ['behind an interrupt', [{ type: 'user.interrupt' }, instruct('x')]],
    ['without content', [say('a'), { type: 'system.message' }]],
    ['with blanks alone', [say('a'), instruct(' \n')]],
    ['with no block', [say('a'), { type: 'system.message', content: [] }]],
    [
      'with a picture',
      [
        say('a'),
        {
          type: 'system.message',
          content: [{ type: 'image', source: { type: 'url', url: 'https://x.example' } }],
        },
      ],
    ],
    [
      'with 1001 blocks',
      [
        say('a'),
        {
          type: 'system.message',
          content: Array.from({ length: 1001 }, () => ({ type: 'text', text: 'x' })),
        },
      ],
    ],
  ])('%s', async (_name, sent) => {
    const id = await open();
    const error = await errorOf(events.send(id, { events: sent as never }));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toMatch(/events\.\d/);
    expect(await history(client, id)).toEqual([]);
  });

  test('alone, or behind a message, while calls wait for answers', async () => {
    const id = await open();
    model.script([{ calls: [{ name: 'clock', input: {} }] }]);
    await events.send(id, { events: [say('Look.')] });
    await untilAsked(client, id, 1);
    const before = await history(client, id);
    for (const sent of [[instruct('x')], [say('a'), instruct('x')]]) {
      expect(await errorOf(events.send(id, { events: sent }))).toMatchObject({ status: 400 });
    }
    expect(await history(client, id)).toEqual(before);
  });

  test('alone, while a turn is under way', async () => {
    const id = await open();
    model.script(['hang']);
    await events.send(id, { events: [say('Hi.')] });
    expect(await errorOf(events.send(id, { events: [instruct('x')] }))).toMatchObject({ status: 400 });
    await events.send(id, { events: [{ type: 'user.interrupt' }] });
  });
});
