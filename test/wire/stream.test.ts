import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { type Listening, listen } from '../listening.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import {
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

const wholeTurn = [
  'user.message',
  'session.status_running',
  'session.thread_status_running',
  'span.model_request_start',
  'agent.message',
  'span.model_request_end',
  'session.thread_status_idle',
  'session.usage',
  'session.status_idle',
];

const idsOf = (items: readonly object[]) => items.map((item) => ('id' in item ? item.id : null));

async function turn(id: string, text: string): Promise<void> {
  await events.send(id, { events: [say(text)] });
  (await model.next()).answer(`${text}!`);
}

describe('A stream', () => {
  test('opened before the message carries the whole turn, with the ids of the list', async () => {
    const { id } = await openSession(client, setting);
    const stream = await listen(client, id);
    await turn(id, 'Hi');
    await stream.until('session.status_idle');
    expect(typesOf(stream.events)).toEqual(wholeTurn);
    expect(stream.events).toEqual(await history(client, id));
    stream.close();
  });

  test('stays open through idle and further turns', async () => {
    const { id } = await openSession(client, setting);
    const stream = await listen(client, id);
    for (let round = 1; round <= 3; round++) {
      await turn(id, `Round ${round}`);
      await stream.until('session.status_idle', round);
      expect(stream.ended()).toBe(false);
    }
    expect(stream.events).toEqual(await history(client, id));
    stream.close();
  });

  test('opened later carries nothing of before', async () => {
    const { id } = await openSession(client, setting);
    await turn(id, 'Before');
    const before = await untilIdle(client, id);
    const stream = await listen(client, id);
    await turn(id, 'After');
    await stream.until('session.status_idle');
    expect(stream.events).toEqual((await history(client, id)).slice(before.length));
    stream.close();
  });

  test('opened in the middle of a turn and followed by a list leaves no gap', async () => {
    const { id } = await openSession(client, setting);
    await events.send(id, { events: [say('Hi')] });
    const asked = await model.next();
    const stream = await listen(client, id);
    const listed = await history(client, id);
    asked.answer('Hello');
    await stream.until('session.status_idle');
    const together = new Set(idsOf([...listed, ...stream.events]));
    expect([...together]).toEqual(idsOf(await history(client, id)));
    stream.close();
  });

  test('is one of many, and each gets every event once', async () => {
    const { id } = await openSession(client, setting);
    const streams = await Promise.all(Array.from({ length: 12 }, () => listen(client, id)));
    for (let round = 1; round <= 3; round++) {
      await turn(id, `Round ${round}`);
      await Promise.all(streams.map((stream) => stream.until('session.status_idle', round)));
    }
    const all = await history(client, id);
    for (const stream of streams) expect(stream.events).toEqual(all);
    for (const stream of streams) stream.close();
  });

  test('tells of a queued message twice, under one id', async () => {
    const { id } = await openSession(client, setting);
    const stream = await listen(client, id);
    await events.send(id, { events: [say('One')] });
    const asked = await model.next();
    const { data } = await events.send(id, { events: [say('Two')] });
    await stream.until('user.message', 2);
    asked.answer('One!');
    (await model.next()).answer('Two!');
    await stream.until('session.status_idle', 2);
    const queued = stream.events.filter((event) => 'id' in event && event.id === data?.[0]?.id);
    expect(queued).toMatchObject([{ processed_at: null }, { processed_at: expect.any(String) }]);
    const processed = stream.events.filter((event) => 'processed_at' in event && event.processed_at !== null);
    expect(processed).toEqual(await history(client, id));
    stream.close();
  });

  test('shows nothing that cannot be listed yet', async () => {
    const { id } = await openSession(client, setting);
    const stream = await events.stream(id);
    const missing: string[] = [];
    const reading = (async () => {
      for await (const event of stream) {
        const listed = idsOf(await history(client, id));
        if ('id' in event && !listed.includes(event.id)) missing.push(event.type);
        if (event.type === 'session.status_idle') break;
      }
    })();
    await turn(id, 'Hi');
    await reading;
    expect(missing).toEqual([]);
  });

  test('of a session that is not there is a JSON 404', async () => {
    const error = await errorOf(events.stream('sesn_nothere'));
    expect(error).toMatchObject({
      status: 404,
      error: { type: 'error', error: { type: 'not_found_error' } },
    });
    expect(error.requestID).toMatch(/^req_/);
  });

  test('ends with session.deleted when the session is deleted', async () => {
    const { id } = await openSession(client, setting);
    const streams = await Promise.all([listen(client, id), listen(client, id)]);
    await client.beta.sessions.delete(id);
    for (const stream of streams) {
      await eventually('the end of the stream', stream.ended);
      expect(stream.events).toMatchObject([{ type: 'session.deleted', id: expect.stringMatching(/^sevt_/) }]);
    }
  });

  test('ends after the session is archived', async () => {
    const { id } = await openSession(client, setting);
    const stream = await listen(client, id);
    await client.beta.sessions.archive(id);
    await eventually('the end of the stream', stream.ended);
    expect(typesOf(stream.events)).toEqual(['session.thread_status_terminated', 'session.status_terminated']);
  });

  test('of an archived session opens and says nothing', async () => {
    const { id } = await openSession(client, setting);
    await client.beta.sessions.archive(id);
    const stream = await listen(client, id);
    expect(stream.events).toEqual([]);
    stream.close();
  });

  test('that its reader leaves does not disturb the others', async () => {
    const { id } = await openSession(client, setting);
    const [leaver, stayer] = (await Promise.all([listen(client, id), listen(client, id)])) as [
      Listening,
      Listening,
    ];
    await events.send(id, { events: [say('Hi')] });
    const asked = await model.next();
    leaver.close();
    await eventually('the end of the stream', leaver.ended);
    asked.answer('Hello');
    await stayer.until('session.status_idle');
    expect(typesOf(stayer.events)).toEqual(wholeTurn);
    stayer.close();
  });
});

describe('The frames of a stream', () => {
  test('are named after their type, but for session.usage, which old SDKs know only as a message', async () => {
    const { id } = await openSession(client, setting);
    const controller = new AbortController();
    const response = await fetch(`${pawl.url}/v1/sessions/${id}/events/stream?beta=true`, {
      headers: { 'x-api-key': pawl.key, accept: 'application/json' },
      signal: controller.signal,
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('cache-control')).toContain('no-cache');
    await turn(id, 'Line one\nline two\r\nand \u2028 three');
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (/event: session\.status_idle\ndata: .*\n\n/.test(text)) break;
    }
    controller.abort();
    const frames = text.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith('event: ping'));
    const read = frames.map((frame) => {
      const [, name, data] = /^event: (\S+)\ndata: (\{[^\n]*\})$/.exec(frame) ?? [];
      return { name, ...(JSON.parse(data ?? 'null') as { type: string }) };
    });
    expect(read.map(({ type }) => type)).toEqual(wholeTurn);
    for (const { name, type } of read) expect(name).toBe(type === 'session.usage' ? 'message' : type);
  });
});
