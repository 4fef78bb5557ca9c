import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../../test/model-server.ts';
import { startPawl, type TestPawl } from '../../../test/pawl.ts';
import { runTurn } from './session-run.ts';

let model: ModelServer;
let pawl: TestPawl;
beforeAll(async () => {
  model = await startModelServer({ reply: () => 'Good day.' });
  pawl = await startPawl({ openai_base_url: `${model.url}/v1`, model_max_retries: '0' });
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

async function openSession(): Promise<string> {
  const { beta } = pawl.client;
  const agent = await beta.agents.create({ name: 'a', model: 'm' });
  const environment = await beta.environments.create({ name: 'e' });
  return (await beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id;
}

const run = async (client = pawl.client, timeout_ms = 10_000, signal = new AbortController().signal) =>
  runTurn({ client, session_id: await openSession(), text: 'Hello', timeout_ms, signal });

/** The official SDK on a connection that cuts every stream before its first event. */
function cuttingStreams(): Anthropic {
  return new Anthropic({
    baseURL: pawl.url,
    apiKey: pawl.key,
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (!String(input).includes('/stream')) return response;
      await response.body?.cancel();
      return new Response('', response);
    },
  });
}

test('A turn gives the reply', async () => {
  expect(await run()).toEqual({ kind: 'replied', text: 'Good day.' });
});

test('A stream that breaks off costs nothing: the rest is listed', async () => {
  expect(await run(cuttingStreams())).toEqual({ kind: 'replied', text: 'Good day.' });
});

test('A model that fails gives its error', async () => {
  model.script([500]);
  expect(await run()).toEqual({ kind: 'failed', why: expect.stringContaining('status 500') });
});

test('A turn that takes too long is given up, on the stream and while listing', async () => {
  for (const client of [pawl.client, cuttingStreams()]) {
    model.script(['hang']);
    expect(await run(client, 300)).toEqual({
      kind: 'failed',
      why: expect.stringContaining('not idle within 0.3 s'),
    });
  }
});

test('Whoever stops it is told so at once', async () => {
  model.script(['hang']);
  const stop = new AbortController();
  const before = model.requests.length;
  const told = expect(run(pawl.client, 10_000, stop.signal)).rejects.toThrow('enough');
  await expect.poll(() => model.requests.length).toBe(before + 1);
  stop.abort(new Error('enough'));
  await told;
});
