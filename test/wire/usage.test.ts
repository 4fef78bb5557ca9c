import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import type { Protocol } from '../model-requests.ts';
import { type ModelServer, startModelServer } from '../model-server.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { converse, eventually, history, openSession, type Setting, say, untilIdle } from '../story.ts';
import { answerTo, makeArmedSetting, untilAsked } from '../tool-story.ts';

/*
 * The goal: tokens and time are counted to the last one, and each kind of token at its own price. The method: models that
 * say what a request took, and the official SDK.
 */

describe('Tokens', () => {
  const usage = {
    ...{ input_tokens: 1_000_000, output_tokens: 100_000 },
    ...{ cache_read_input_tokens: 2_000_000, cache_creation_input_tokens: 300_000 },
  };
  // 1.00 + 0.50 + 0.20 + 0.60 dollars.
  const prices = '*=1/5/0.1/2';
  const cents = 230;
  let model: ModelServer;
  let pawl: TestPawl;

  beforeAll(async () => {
    model = await startModelServer({
      reply: ({ messages }) => {
        const calls = messages.length === 1 ? [{ name: 'look_up', input: {} }] : [];
        return { text: 'Yes.', calls, usage };
      },
    });
    pawl = await startPawl({
      ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
      ...{ openai_base_url: `${model.url}/v1`, openai_api_key: 'upstream-key' },
      ...{ model_routes: 'claude-*=anthropic,*=openai', model_max_retries: '0', model_prices: prices },
    });
  });

  afterAll(async () => {
    await pawl.server.close();
    await model.close();
  });

  test.each<[Protocol, string]>([
    ['anthropic', 'claude-test'],
    ['openai', 'gpt-test'],
  ])('of a cache are counted and paid for by themselves, by %s', async (_, id) => {
    const setting = await makeArmedSetting(pawl.client, { model: id });
    const session = await openSession(pawl.client, setting);
    await pawl.client.beta.sessions.events.send(session.id, { events: [say('Hi')] });
    const [call = ''] = await untilAsked(pawl.client, session.id);
    const soFar = await pawl.client.beta.sessions.retrieve(session.id);
    expect(soFar.usage).toMatchObject({
      input_tokens: 1_000_000,
      list_cost: { amount: String(cents), currency: 'USD' },
    });
    await pawl.client.beta.sessions.events.send(session.id, { events: [answerTo(call, 'found')] });
    const events = await untilIdle(pawl.client, session.id);
    const ends = events.flatMap((event) =>
      event.type === 'span.model_request_end' ? [event.model_usage] : [],
    );
    expect(ends).toEqual([usage, usage]);
    const { active_seconds, ...counted } = (await pawl.client.beta.sessions.retrieve(session.id)).usage;
    expect(counted).toEqual({
      ...{ input_tokens: 2_000_000, output_tokens: 200_000, cache_read_input_tokens: 4_000_000 },
      cache_creation: { ephemeral_5m_input_tokens: 600_000, ephemeral_1h_input_tokens: 0 },
      list_cost: { amount: String(2 * cents), currency: 'USD' },
    });
    expect(events.at(-2)).toMatchObject({
      type: 'session.usage',
      usage: { ...counted, active_seconds },
      budget: null,
    });
  });

  test('of a request that failed are not there', async () => {
    const setting = await makeArmedSetting(pawl.client);
    const { id } = await openSession(pawl.client, setting);
    model.script([{ text: 'Half of it', usage, breaks: 'reset_midway' }]);
    const events = await converse(pawl.client, id, 'Hi');
    expect(events.find((event) => event.type === 'span.model_request_end')).toMatchObject({
      is_error: true,
      model_usage: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0 },
    });
    expect((await pawl.client.beta.sessions.retrieve(id)).usage).toMatchObject({
      input_tokens: 0,
      list_cost: null,
    });
  });
});

describe('The time of a session', () => {
  let model: GatedModel;
  let pawl: TestPawl;
  let setting: Setting;

  beforeAll(async () => {
    model = await startGatedModel();
    pawl = await startPawl({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });
    setting = await makeArmedSetting(pawl.client);
  });

  afterAll(async () => {
    await pawl.server.close();
    await model.close();
  });

  /** What a session says of its time. */
  async function times(id: string) {
    const { stats, usage, status } = await pawl.client.beta.sessions.retrieve(id);
    return {
      status,
      age: stats.duration_seconds ?? Number.NaN,
      active: stats.active_seconds ?? Number.NaN,
      counted: usage.active_seconds ?? Number.NaN,
    };
  }

  test('runs while it runs, and stands still while it waits for its user', async () => {
    const { id } = await openSession(pawl.client, setting);
    const fresh = await times(id);
    expect(fresh).toMatchObject({ status: 'idle', active: 0, counted: 0 });
    expect(fresh.age).toBeGreaterThan(0);

    await pawl.client.beta.sessions.events.send(id, { events: [say('Look')] });
    const request = await model.next();
    const running = await times(id);
    expect(running).toMatchObject({ status: 'running', counted: running.active });
    expect((await times(id)).active).toBeGreaterThan(running.active);

    request.answer({ calls: [{ name: 'look_up', input: {} }] });
    const [call = ''] = await untilAsked(pawl.client, id);
    const waiting = await times(id);
    const later = await times(id);
    expect(later).toMatchObject({ status: 'idle', active: waiting.active, counted: waiting.active });
    expect(later.age).toBeGreaterThan(waiting.age);
    expect((await history(pawl.client, id)).at(-2)).toMatchObject({
      type: 'session.usage',
      usage: { active_seconds: waiting.active },
    });

    await pawl.client.beta.sessions.events.send(id, { events: [answerTo(call, 'found')] });
    const next = await model.next();
    await eventually('time that goes on', async () => (await times(id)).active > waiting.active);
    next.answer('Done.');
    await untilIdle(pawl.client, id);
    const done = await times(id);
    expect(await times(id)).toMatchObject({ status: 'idle', active: done.active });
    expect(done.active).toBeLessThan(done.age);

    await pawl.client.beta.sessions.archive(id);
    const over = await times(id);
    expect(over).toMatchObject({ status: 'terminated', active: done.active });
    expect(over.age).toBeGreaterThan(done.age);
    expect(await times(id)).toEqual(over);
  });

  test('does not count answers to some of its calls, as long as others are missing', async () => {
    const { id } = await openSession(pawl.client, setting);
    await pawl.client.beta.sessions.events.send(id, { events: [say('Look')] });
    const call = { name: 'look_up', input: {} };
    (await model.next()).answer({ calls: [call, call] });
    const [one = ''] = await untilAsked(pawl.client, id, 2);
    const { active } = await times(id);
    await pawl.client.beta.sessions.events.send(id, { events: [answerTo(one, 'found')] });
    expect(await times(id)).toMatchObject({ status: 'idle', active });
  });
});
