import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ModelServer, startModelServer } from '../../test/model-server.ts';
import { noRequestUsage } from '../core/usage.ts';
import type { ModelRequest } from './model.ts';
import { openaiProvider } from './openai.ts';
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
  model: 'llama3.1',
  system: 'Be brief.',
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Hello.' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'Hi.' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'One.' },
        { type: 'text', text: 'Two.' },
      ],
    },
  ],
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

function send(api_key: string | null = 'key-1') {
  const provider = openaiProvider({ base_url: `${server.url}/v1`, api_key, ...limits });
  return provider.send(request, { signal: new AbortController().signal });
}

/** Scripts a stream of these chunks, so that tests can say what no fault says. */
function scriptChunks(...chunks: readonly object[]): void {
  server.script([{ raw: chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('') }]);
}

const said = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ delta, finish_reason }],
});

describe('openaiProvider', () => {
  test('asks for a stream with usage, the system prompt as the first message', async () => {
    await send();
    expect(server.requests[0]?.body).toEqual({
      model: 'llama3.1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello.' },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: request.messages[2]?.content },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 100,
    });
  });

  test('names the output limit as the host wants it', async () => {
    const limitsSent = async (base_url: string) => {
      const provider = openaiProvider({ base_url, api_key: 'k', ...limits });
      await provider.send(request, { signal: new AbortController().signal }).catch(() => {});
      const body = JSON.parse(calls.at(-1)?.body ?? '{}');
      return [body.max_tokens, body.max_completion_tokens];
    };
    expect(await limitsSent('https://api.openai.com/v1')).toEqual([undefined, 100]);
    expect(await limitsSent('https://mine.openai.azure.com/openai/v1')).toEqual([undefined, 100]);
    expect(await limitsSent('http://api.openai.com.evil.test/v1')).toEqual([100, undefined]);
  });

  test('sends no key when there is none', async () => {
    await send(null);
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('collects a refusal from its pieces', async () => {
    server.script(['refusal']);
    expect(await send()).toMatchObject({
      content: [],
      refusal: { category: null, explanation: 'The fake model declines to answer.' },
    });
  });

  test('takes a reply that a filter cut off as a refusal', async () => {
    scriptChunks(said({ content: 'Well' }), said({}, 'content_filter'));
    expect(await send()).toMatchObject({
      content: [{ type: 'text', text: 'Well' }],
      refusal: { category: 'content_filter', explanation: null },
    });
  });

  test('counts input without what a cache gave or took', async () => {
    const prompt_tokens_details = { cached_tokens: 30, cache_write_tokens: 10 };
    scriptChunks(said({ content: 'Yes' }, 'stop'), {
      model: 'served',
      choices: [],
      usage: { prompt_tokens: 100, completion_tokens: 7, prompt_tokens_details },
    });
    const reply = await send();
    expect(reply.served_model).toBe('served');
    expect(reply.usage).toEqual({
      input_tokens: 60,
      output_tokens: 7,
      cache_creation_input_tokens: 10,
      cache_read_input_tokens: 30,
    });
  });

  test('gives zeros when a server leaves out usage, and needs no [DONE] after a finish', async () => {
    scriptChunks(said({ content: 'Yes' }), said({}, 'length'), { choices: [], usage: null });
    expect(await send()).toEqual({
      content: [{ type: 'text', text: 'Yes' }],
      refusal: null,
      usage: noRequestUsage,
      served_model: 'llama3.1',
    });
  });

  test('takes no text, name or count that is of another kind', async () => {
    scriptChunks(
      { model: { id: 'x' }, ...said({ content: [{ type: 'text', text: 'No' }], refusal: ['no'] }) },
      said({ content: 'Yes' }, 'stop'),
      {
        choices: [],
        usage: {
          prompt_tokens: 20,
          completion_tokens: '12',
          prompt_tokens_details: { cached_tokens: -30, cache_write_tokens: 0.5 },
        },
      },
    );
    expect(await send()).toEqual({
      content: [{ type: 'text', text: 'Yes' }],
      refusal: null,
      usage: { ...noRequestUsage, input_tokens: 20 },
      served_model: 'llama3.1',
    });
  });

  test('reads the status that some proxies put into an error chunk', async () => {
    scriptChunks(said({ content: 'We' }), {
      error: { code: 429, message: 'Slow down.' },
      ...said({}, 'error'),
    });
    await expect(send()).rejects.toMatchObject({
      type: 'model_rate_limited_error',
      message: 'The openai provider broke off its reply: Slow down.',
    });
  });

  test('refuses a base URL or a key that cannot work', () => {
    expect(() => openaiProvider({ base_url: 'localhost:1', api_key: null, ...limits })).toThrow('base URL');
    expect(() => openaiProvider({ base_url: 'http://localhost:1', api_key: 'a b', ...limits })).toThrow(
      'API key',
    );
  });
});
