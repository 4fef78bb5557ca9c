import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ModelServer, startModelServer } from '../../test/model-server.ts';
import { noRequestUsage } from '../core/usage.ts';
import { anthropicProvider } from './anthropic.ts';
import type { ModelRequest } from './model.ts';
import type { Call } from './upstream-http.ts';

const { calls } = vi.hoisted(() => ({ calls: [] as Call[] }));

// Only what goes to this machine is sent; the rest is noted, and answered with a 500.
vi.mock('./upstream-http.ts', async (original) => {
  const { createCaller } = await original<typeof import('./upstream-http.ts')>();
  return {
    createCaller() {
      const post = createCaller();
      return (call: Call) => {
        calls.push(call);
        const local = call.url.startsWith('http://127.0.0.1:');
        return local ? post(call) : Promise.resolve(new Response('', { status: 500 }));
      };
    },
  };
});

const limits = { timeout_ms: 20_000, idle_timeout_ms: 20_000 };
const request: ModelRequest = {
  model: 'claude-test',
  system: null,
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] }],
  effort: 'high',
  max_tokens: 100,
};

let server: ModelServer;

beforeEach(async () => {
  server = await startModelServer();
});

afterEach(async () => {
  await server.close();
});

function send(base_url: string = server.url, onText?: (text: string) => void) {
  const provider = anthropicProvider({ base_url, api_key: 'key-1', ...limits });
  return provider.send(request, { signal: new AbortController().signal, ...(onText && { onText }) });
}

/** Scripts a stream of these events, so that tests can say what no fault says. */
function scriptEvents(...events: readonly ({ type: string } & Record<string, unknown>)[]): void {
  const raw = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  server.script([{ raw }]);
}

describe('anthropicProvider', () => {
  test('asks for a stream and sends only what the request has', async () => {
    await send();
    expect(server.requests[0]?.body).toEqual({
      model: 'claude-test',
      max_tokens: 100,
      stream: true,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] }],
    });
  });

  test('sends the key both ways to other servers, and takes a base URL that ends in /v1', async () => {
    await send(`${server.url}/v1/`);
    expect(server.requests[0]?.path).toBe('/v1/messages');
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer key-1',
      'x-api-key': 'key-1',
    });
  });

  test('goes to the official API without a base URL, with the key as a bearer token only', async () => {
    const provider = anthropicProvider({ api_key: 'key-1', ...limits });
    await expect(provider.send(request, { signal: new AbortController().signal })).rejects.toThrow('500');
    const call = calls.at(-1);
    expect(call?.url).toBe('https://api.anthropic.com/v1/messages');
    expect(call?.headers).toMatchObject({ authorization: 'Bearer key-1' });
    expect(call?.headers).not.toHaveProperty('x-api-key');
  });

  test('gives the category and the explanation of a refusal', async () => {
    server.script(['refusal']);
    expect(await send()).toMatchObject({
      content: [],
      refusal: { category: 'cyber', explanation: 'The fake model declines to answer.' },
    });
  });

  test('gives nulls for a refusal without details', async () => {
    scriptEvents({ type: 'message_delta', delta: { stop_reason: 'refusal' } }, { type: 'message_stop' });
    expect((await send()).refusal).toEqual({ category: null, explanation: null });
  });

  test('leaves out thinking and empty blocks', async () => {
    const delta = (index: number, type: string, text: string) => ({
      type: 'content_block_delta',
      index,
      delta: { type, text, thinking: text },
    });
    scriptEvents(
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: 'Hm' } },
      delta(0, 'thinking_delta', 'Hm'),
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: 'A' } },
      delta(1, 'text_delta', 'b'),
      { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '' } },
      { type: 'content_block_start', index: 3, content_block: { type: 'text', text: '' } },
      delta(3, 'text_delta', 'C'),
      { type: 'news_from_the_future' },
      { type: 'message_stop' },
    );
    const pieces: string[] = [];
    const reply = await send(server.url, (text) => pieces.push(text));
    expect(reply.content).toEqual([
      { type: 'text', text: 'Ab' },
      { type: 'text', text: 'C' },
    ]);
    expect(pieces).toEqual(['A', 'b', 'C']);
  });

  test('takes usage from both events, and the larger count of each', async () => {
    scriptEvents(
      {
        type: 'message_start',
        message: {
          model: 'served',
          usage: { input_tokens: 20, cache_read_input_tokens: 5, output_tokens: 1 },
        },
      },
      {
        type: 'message_delta',
        delta: {},
        usage: { output_tokens: 9, input_tokens: 0, cache_creation_input_tokens: 3 },
      },
      { type: 'message_stop' },
    );
    const reply = await send();
    expect(reply.served_model).toBe('served');
    expect(reply.usage).toEqual({
      input_tokens: 20,
      output_tokens: 9,
      cache_creation_input_tokens: 3,
      cache_read_input_tokens: 5,
    });
  });

  test('takes no text, name or count that is of another kind', async () => {
    scriptEvents(
      { type: 'message_start', message: { model: ['x'], usage: { input_tokens: '12', output_tokens: 4 } } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: [{ a: 1 }] } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Yes' } },
      {
        type: 'message_delta',
        delta: { stop_reason: 'refusal', stop_details: { category: 7, explanation: ['no'] } },
        usage: { output_tokens: '9', cache_read_input_tokens: -5, cache_creation_input_tokens: 1.5 },
      },
      { type: 'message_stop' },
    );
    expect(await send()).toEqual({
      content: [{ type: 'text', text: 'Yes' }],
      refusal: { category: null, explanation: null },
      usage: { ...noRequestUsage, output_tokens: 4 },
      served_model: 'claude-test',
    });
  });

  test('refuses a base URL or a key that cannot work', () => {
    expect(() => anthropicProvider({ base_url: 'nowhere', api_key: 'k', ...limits })).toThrow('base URL');
    expect(() => anthropicProvider({ api_key: '', ...limits })).toThrow('API key');
  });
});
