import type Anthropic from '@anthropic-ai/sdk';
import {
  type AccumulatedEvent,
  accumulateManagedAgentsEvent,
} from '@anthropic-ai/sdk/lib/sessions/accumulate';
import type { BetaManagedAgentsStreamSessionEvents } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { type Listening, listen } from '../listening.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { errorOf, history, makeSetting, openSession, type Setting, say, typesOf } from '../story.ts';

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

/** A session, and a stream of it that carries previews. */
async function previewed(): Promise<{ id: string; stream: Listening }> {
  const { id } = await openSession(client, setting);
  return { id, stream: await listen(client, id, { event_deltas: ['agent.message'] }) };
}

/** A stream's types, where one that comes several times in a row is said once. */
function shape(streamed: Listening['events']): string[] {
  return typesOf(streamed).filter((type, i, all) => type !== all[i - 1]);
}

const isPreview = ({ type }: { type: string }): boolean => type === 'event_start' || type === 'event_delta';

/** What the SDK makes of a stream: the text after each delta, and the message in the end. */
function accumulated(streamed: readonly BetaManagedAgentsStreamSessionEvents[]) {
  let snapshot: AccumulatedEvent | undefined;
  const texts: string[] = [];
  for (const event of streamed) {
    snapshot = accumulateManagedAgentsEvent(snapshot, event);
    const words = snapshot?.content.map((block) => ('text' in block ? block.text : '')).join('') ?? '';
    if (event.type === 'event_delta') texts.push(words);
  }
  return { texts, snapshot };
}

const before = ['user.message', 'session.status_running', 'session.thread_status_running'];
const after = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

describe('A stream with previews', () => {
  test('shows the reply between the start of the request and the message, under its id', async () => {
    const { id, stream } = await previewed();
    const words = 'A reply of several words, with a \n line break and a 🧑🏽‍🚀.';
    for (let round = 1; round <= 2; round++) {
      const from = stream.events.length;
      await events.send(id, { events: [say('Hi')] });
      (await model.next()).answer(words);
      await stream.until('session.status_idle', round);
      const streamed = stream.events.slice(from);
      expect(shape(streamed)).toEqual([
        ...before,
        'span.model_request_start',
        ...['event_start', 'event_delta', 'agent.message'],
        ...['span.model_request_end', ...after],
      ]);
      const { texts, snapshot } = accumulated(streamed);
      expect(texts.at(-1)).toBe(words);
      for (const text of texts) expect(words.startsWith(text)).toBe(true);
      expect(snapshot).toEqual(streamed.find(({ type }) => type === 'agent.message'));
    }
    expect(stream.events.filter((event) => !isPreview(event))).toEqual(await history(client, id));
    stream.close();
  });

  test('shows what there is before the reply is whole', async () => {
    const { id, stream } = await previewed();
    await events.send(id, { events: [say('Hi')] });
    const asked = await model.next();
    asked.begin('one two three four five six seven');
    await stream.until('event_delta');
    expect(typesOf(stream.events)).not.toContain('agent.message');
    await events.send(id, { events: [{ type: 'user.interrupt' }] });
    await stream.until('session.status_idle');
    const { texts, snapshot } = accumulated(stream.events);
    const message = stream.events.find((event) => event.type === 'agent.message');
    expect(snapshot).toEqual(message);
    const said = snapshot?.content.map((block) => ('text' in block ? block.text : '')).join('') ?? '';
    expect(said.startsWith(texts.at(-1) ?? '?')).toBe(true);
    const [start] = stream.events.filter((event) => event.type === 'event_start');
    expect(start?.event.id).toBe(message?.id);
    stream.close();
  });

  test('opened in the middle of a request shows nothing of it, and the next one', async () => {
    const { id, stream } = await previewed();
    await events.send(id, { events: [say('Hi')] });
    const asked = await model.next();
    const late = await listen(client, id, { event_deltas: ['agent.message'] });
    asked.answer('Hello');
    await late.until('session.status_idle');
    expect(stream.events.some(isPreview)).toBe(true);
    expect(late.events.some(isPreview)).toBe(false);
    await events.send(id, { events: [say('Hi again')] });
    (await model.next()).answer('Hello again');
    await late.until('session.status_idle', 2);
    expect(accumulated(late.events).texts.at(-1)).toBe('Hello again');
    for (const one of [stream, late]) one.close();
  });

  test('is one of many, and those that did not ask see none', async () => {
    const { id, stream } = await previewed();
    const [other, plain] = await Promise.all([
      listen(client, id, { event_deltas: ['agent.thinking', 'agent.message'] }),
      listen(client, id),
    ]);
    await events.send(id, { events: [say('Hi')] });
    (await model.next()).answer('Hello to all of you');
    for (const one of [stream, other, plain]) await one.until('session.status_idle');
    for (const one of [stream, other]) {
      expect(accumulated(one.events).texts.at(-1)).toBe('Hello to all of you');
    }
    expect(plain.events).toEqual(await history(client, id));
    for (const one of [stream, other, plain]) one.close();
  });
});

describe('What cannot be previewed', () => {
  test.each([
    ['an unknown type', ['agent.message', 'user.message'], /event_deltas\.1: must be 'agent\.message' or/],
    ['more than a hundred', Array.from({ length: 101 }, () => 'agent.message'), /event_deltas: at most 100/],
  ])('is refused by name (%s)', async (_what, event_deltas, complaint) => {
    const { id } = await openSession(client, setting);
    const error = await errorOf(events.stream(id, { event_deltas } as never));
    expect(error).toMatchObject({ status: 400, error: { error: { type: 'invalid_request_error' } } });
    expect(error.message).toMatch(complaint);
  });
});
