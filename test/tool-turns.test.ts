import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from './model-faults.ts';
import type { ChatRequest, Protocol } from './model-requests.ts';
import type { ModelServer } from './model-server.ts';
import { passingFaults } from './passing-faults.ts';
import { joined, requestProblems } from './request-shape.ts';
import { answersIn, converse, eventually, history, openSession, say, typesOf } from './story.ts';
import { answerTo, askedIn, callsIn, rested, resumed, untilAsked } from './tool-story.ts';
import { startTwoProviders, type TwoProviders } from './two-providers.ts';

/*
 * The goal: whatever a model does on the request that follows the results of tools, no call is made twice and no result
 * is lost. The method: as in turns.test.ts, faults are tied to a word, which here stands in a result, so that the tests
 * can wait for their retries side by side.
 */

/** Calls two tools for a message that begins with Look, and thanks for their results. */
const scripted = ({ messages }: ChatRequest) => {
  const last = messages.at(-1);
  if (last?.results.length !== 0) return 'Thank you.';
  if (!last.text.startsWith('Look')) return `Reply to ${last.text}`;
  const calls = [
    { name: 'look_up', input: { about: last.text } },
    { name: 'clock', input: {} },
  ];
  return { text: 'Looking.', calls };
};

let served: TwoProviders;
let model: ModelServer;
let client: Anthropic;

beforeAll(async () => {
  served = await startTwoProviders(scripted, {
    ...{ model_max_retries: '1', model_idle_timeout_ms: '1000', model_timeout_ms: '2500' },
  });
  ({ model, client } = served);
});

afterAll(() => served.close());

let words = 0;

/** A word that no other test uses, and the fault of the requests whose last result it ends, so many times. */
function wordWith(fault: Fault, times = Number.POSITIVE_INFINITY): string {
  const word = `word${++words}.`;
  let left = times;
  model.when(({ messages }) => {
    const { text = '', results = [] } = messages.at(-1) ?? {};
    const about = results.some((result) => result.text.endsWith(word));
    return about && !text.startsWith('Next') && left-- > 0;
  }, fault);
  return word;
}

/** The requests that carry a word, each with its messages in the words of neither protocol. */
function requestsAbout(word: string) {
  return model.requests.filter(({ body }) => JSON.stringify(body).includes(word));
}

describe.concurrent.each<Protocol>(['anthropic', 'openai'])('With %s', (provider) => {
  /** A session of two calls that has got both answers; the last ends with the word. */
  async function answered(word: string) {
    const { id } = await openSession(client, served.settings[provider]);
    await client.beta.sessions.events.send(id, { events: [say('Look.')] });
    const [first = '', second = ''] = await untilAsked(client, id, 2);
    const before = (await history(client, id)).length - 1;
    const answers = [answerTo(first, `first of ${word}`), answerTo(second, `second of ${word}`)];
    await client.beta.sessions.events.send(id, { events: answers });
    return { id, before: before + 1 };
  }

  /** The end of the turn that goes on with the answers. */
  const untilOver = (id: string) =>
    eventually(`the turn of ${id} over`, async () => {
      const all = await history(client, id);
      return all.at(-1)?.type === 'session.status_idle' && askedIn(all) === null ? all : null;
    });

  /** Nothing was called twice or answered twice, and every request about it carried the same calls and results. */
  async function nothingTwice(id: string, word: string): Promise<void> {
    const all = await history(client, id);
    expect(callsIn(all)).toHaveLength(2);
    const results = all.flatMap((event) => (event.type === 'user.custom_tool_result' ? [event] : []));
    expect(results.map((result) => result.custom_tool_use_id)).toEqual(callsIn(all).map((call) => call.id));
    for (const { read, body } of requestsAbout(word)) {
      expect(read.protocol).toBe(provider);
      expect(requestProblems(provider, body)).toEqual([]);
      const told = joined(read.messages).flatMap((message) => message.results);
      expect(told).toEqual(
        results.map((result, n) => ({
          id: result.custom_tool_use_id,
          text: `${n === 0 ? 'first' : 'second'} of ${word}`,
        })),
      );
    }
  }

  const started = ['user.custom_tool_result', 'user.custom_tool_result', ...resumed];
  const retried = [
    'span.model_request_end',
    'session.error',
    'session.thread_status_rescheduled',
    'session.status_rescheduled',
    ...resumed,
  ];
  const done = ['agent.message', 'span.model_request_end', ...rested];

  test.each(passingFaults)('%s is tried again with the same results', async (_name, fault) => {
    const word = wordWith(fault, 1);
    const { id, before } = await answered(word);
    const all = await untilOver(id);
    expect(typesOf(all.slice(before))).toEqual([...started, ...retried, ...done]);
    expect(answersIn(all)).toEqual(['Looking.', 'Thank you.']);
    expect(requestsAbout(word)).toHaveLength(2);
    await nothingTwice(id, word);
  });

  test.each(passingFaults)('%s to the end leaves the results to the next message', async (_name, fault) => {
    const word = wordWith(fault);
    const { id, before } = await answered(word);
    const all = await untilOver(id);
    expect(typesOf(all.slice(before))).toEqual([
      ...[...started, ...retried, 'span.model_request_end', 'session.error'],
      ...rested,
    ]);
    expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    const after = await converse(client, id, 'Next, please.');
    expect(answersIn(after)).toHaveLength(2);
    expect(after.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(requestsAbout(word)).toHaveLength(3);
    await nothingTwice(id, word);
  });

  test.each<[string, Fault]>([
    ['400', 400],
    ['401', 401],
    ['402', 402],
    ['404', 404],
    ['a retry-after of an hour', { status: 429, retry_after: 3600 }],
  ])('%s is not tried again, and loses nothing', async (_name, fault) => {
    const word = wordWith(fault, 1);
    const { id, before } = await answered(word);
    const all = await untilOver(id);
    expect(typesOf(all.slice(before))).toEqual([
      ...[...started, 'span.model_request_end', 'session.error'],
      ...rested,
    ]);
    expect(answersIn(await converse(client, id, 'Next, please.'))).toHaveLength(2);
    await nothingTwice(id, word);
  });

  test('a refusal ends the turn, and the next message goes on with the results', async () => {
    const word = wordWith('refusal', 1);
    const { id } = await answered(word);
    expect((await untilOver(id)).at(-1)).toMatchObject({ stop_reason: { type: 'refusal' } });
    expect(answersIn(await converse(client, id, 'Next, please.'))).toHaveLength(2);
    await nothingTwice(id, word);
  });

  test('an interrupt while the model reads the results ends the turn, and loses nothing', async () => {
    const word = wordWith('hang', 1);
    const { id, before } = await answered(word);
    await eventually('the request', () => requestsAbout(word).length === 1);
    await client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    const all = await untilOver(id);
    expect(typesOf(all.slice(before))).toEqual([
      ...[...started, 'user.interrupt', 'span.model_request_end'],
      ...rested,
    ]);
    expect(all.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(answersIn(await converse(client, id, 'Next, please.'))).toHaveLength(2);
    await nothingTwice(id, word);
  });

  test('an interrupt between two tries ends the turn, and a message behind it runs with the results', async () => {
    const word = wordWith({ status: 529, retry_after: 30 }, 1);
    const { id, before } = await answered(word);
    await eventually('rescheduling', async () => {
      return (await client.beta.sessions.retrieve(id)).status === 'rescheduling';
    });
    const sent = [{ type: 'user.interrupt' as const }, say('Next, please.')];
    await client.beta.sessions.events.send(id, { events: sent });
    const all = await eventually('the second turn', async () => {
      const now = await history(client, id);
      return answersIn(now).length === 2 && now.at(-1)?.type === 'session.status_idle' ? now : null;
    });
    expect(typesOf(all.slice(before))).toEqual([
      ...[...started, ...retried.slice(0, 4), 'user.interrupt', ...rested],
      ...['user.message', ...resumed, ...done],
    ]);
    await nothingTwice(id, word);
  });

  test('messages that were queued meanwhile come behind the results', async () => {
    const word = wordWith({ status: 529, retry_after_ms: 1000 }, 1);
    const { id } = await answered(word);
    await eventually('rescheduling', async () => {
      return (await client.beta.sessions.retrieve(id)).status === 'rescheduling';
    });
    await client.beta.sessions.events.send(id, { events: [say('Next, please.')] });
    const all = await eventually('both turns', async () => {
      const now = await history(client, id);
      return answersIn(now).length === 3 && now.at(-1)?.type === 'session.status_idle' ? now : null;
    });
    expect(answersIn(all)).toEqual(['Looking.', 'Thank you.', 'Reply to Next, please.']);
    await nothingTwice(id, word);
  });
});
