import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ModelServer, startModelServer } from '../../test/model-server.ts';
import type { ReadyBlock } from '../core/content.ts';
import { noRequestUsage } from '../core/usage.ts';
import type { Message, ModelRequest } from './model.ts';
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
  tools: [],
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
      tool_uses: [],
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
      tool_uses: [],
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

const text = (words: string) => ({ type: 'text', text: words }) as const;
const lookup = {
  name: 'lookup_order',
  description: 'Finds an order.',
  input_schema: { type: 'object', properties: { id: { type: 'integer' } } },
};
const call = (id: string) => ({ type: 'tool_use', id, name: 'lookup_order', input: { id: 7 } }) as const;
const result = (id: string, content: readonly ReadyBlock[] = [text('Lost.')], is_error = false) =>
  ({ type: 'tool_result', tool_use_id: id, is_error, content }) as const;
const asked: Message = { role: 'user', content: [text('Where is it?')] };
const image: ReadyBlock = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'iVBO' },
};
const pdf: ReadyBlock = {
  type: 'document',
  source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
  title: 'Terms',
};
const imagePart = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } };

describe('a request to Chat Completions', () => {
  /** What is sent for these messages. */
  async function bodyOf(messages: readonly Message[], base_url = `${server.url}/v1`) {
    const provider = openaiProvider({ base_url, api_key: 'k', ...limits });
    const wanted = { ...request, system: null, tools: [lookup], messages };
    const sending = provider.send(wanted, { signal: new AbortController().signal });
    await (base_url.startsWith(server.url) ? sending : sending.catch(() => {}));
    return JSON.parse(calls.at(-1)?.body ?? '{}');
  }
  const saying = async (block: ReadyBlock, base_url?: string) =>
    (await bodyOf([{ role: 'user', content: [block] }], base_url)).messages[0].content;

  test('offers tools as functions, and gives each result a message of its own before the rest', async () => {
    const body = await bodyOf([
      asked,
      { role: 'assistant', content: [text('Let me see.'), call('sevt_1'), call('sevt_2'), call('sevt_3')] },
      {
        role: 'user',
        content: [
          result('sevt_1', [text('Lost.'), text('Sorry.')]),
          result('sevt_2', [text('No such order')], true),
          result('sevt_3', []),
          text('Quick.'),
        ],
      },
      { role: 'system', content: [text('Be kind.')] },
      { role: 'assistant', content: [call('sevt_4')] },
      { role: 'user', content: [result('sevt_4', [], true)] },
    ]);
    const called = (id: string) => ({
      id,
      type: 'function',
      function: { name: 'lookup_order', arguments: '{"id":7}' },
    });
    const { name, description, input_schema: parameters } = lookup;
    expect(body.tools).toEqual([{ type: 'function', function: { name, description, parameters } }]);
    expect(body.messages).toEqual([
      { role: 'user', content: 'Where is it?' },
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [called('sevt_1'), called('sevt_2'), called('sevt_3')],
      },
      { role: 'tool', tool_call_id: 'sevt_1', content: 'Lost.\n\nSorry.' },
      { role: 'tool', tool_call_id: 'sevt_2', content: 'The tool failed: No such order' },
      { role: 'tool', tool_call_id: 'sevt_3', content: 'The tool gave no output.' },
      { role: 'user', content: 'Quick.' },
      { role: 'system', content: 'Be kind.' },
      { role: 'assistant', content: null, tool_calls: [called('sevt_4')] },
      { role: 'tool', tool_call_id: 'sevt_4', content: 'The tool failed.' },
    ]);
  });

  test('puts the pictures of results behind all of them', async () => {
    const { messages } = await bodyOf([
      asked,
      { role: 'assistant', content: [call('sevt_1'), call('sevt_2')] },
      { role: 'user', content: [result('sevt_1', [image]), result('sevt_2'), text('Well?')] },
    ]);
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'sevt_1', content: 'The result follows in the next message.' },
      { role: 'tool', tool_call_id: 'sevt_2', content: 'Lost.' },
      { role: 'user', content: [text('From the result of call sevt_1:'), imagePart, text('Well?')] },
    ]);
  });

  test('says images, texts and search results', async () => {
    expect(await saying(image)).toEqual([imagePart]);
    const url = 'https://a.test/b.png';
    expect(await saying({ type: 'image', source: { type: 'url', url } })).toEqual([
      { type: 'image_url', image_url: { url } },
    ]);
    const plain = { type: 'text', media_type: 'text/plain', data: 'Plain.' } as const;
    expect(await saying({ type: 'document', source: plain })).toBe('Plain.');
    const json = { type: 'base64', media_type: 'application/json', data: 'eyJhIjoxfQ==' } as const;
    expect(await saying({ type: 'document', source: json, title: 'T', context: 'C' })).toBe(
      'Document: T\nContext: C\n\n{"a":1}',
    );
    const found = {
      type: 'search_result',
      source: 's',
      title: 'T',
      content: [text('x'), text('y')],
      citations: { enabled: false },
    } as const;
    expect(await saying(found)).toBe('Search result: T\nSource: s\n\nx\ny');
  });

  test('says a PDF to the official hosts only, and a document by its URL nowhere', async () => {
    expect(await saying(pdf, 'https://api.openai.com/v1')).toEqual([
      { type: 'file', file: { filename: 'Terms', file_data: 'data:application/pdf;base64,JVBE' } },
    ]);
    expect(await saying(pdf)).toBe(
      'The document Terms is of the type application/pdf and cannot be shown here.',
    );
    const byUrl = { type: 'document', source: { type: 'url', url: 'https://a.test/b.pdf' } } as const;
    expect(await saying(byUrl)).toBe('A document is given by its address and cannot be shown here.');
  });
});

describe('a reply of Chat Completions', () => {
  const piece = (fields: object) => said({ tool_calls: [fields] });
  const named = (name: string, input?: unknown) => ({ function: { name, arguments: input } });
  const a = { name: 'a', input: { x: 1 } };
  const b = { name: 'b', input: { y: 2 } };

  test.each([
    [
      'in pieces that are mixed up',
      [
        piece({ index: 0, id: 'c0', ...named('a', '') }),
        piece({ index: 1, id: 'c1', ...named('b', '{"y"') }),
        piece({ index: 0, function: { arguments: '{"x":1}' } }),
        piece({ index: 1, function: { arguments: ':2}' } }),
      ],
    ],
    [
      'with id and name in every piece',
      [
        piece({ index: 0, id: 'c0', ...named('a', '{"x"') }),
        piece({ index: 0, id: 'c0', ...named('a', ':1}') }),
        piece({ index: 1, id: 'c1', ...named('b', '{"y":2}') }),
      ],
    ],
    [
      'all with the number 0',
      [
        piece({ index: 0, id: 'c0', ...named('a', '{"x":1}') }),
        piece({ index: 0, id: 'c1', ...named('b', '{"y":2}') }),
      ],
    ],
    [
      'without ids',
      [piece({ index: 0, ...named('a', '{"x":1}') }), piece({ index: 0, ...named('b', '{"y":2}') })],
    ],
    ['without numbers or ids', [piece(named('a', '{"x":1}')), piece(named('b', '{"y":2}'))]],
    [
      'without numbers, in pieces',
      [
        piece({ id: 'c0', ...named('a') }),
        piece({ function: { arguments: '{"x":1}' } }),
        piece({ id: 'c1', ...named('b', '{"y":2}') }),
      ],
    ],
    ['as objects', [said({ tool_calls: [named('a', { x: 1 }), named('b', { y: 2 })] })]],
  ])('may hold calls %s', async (_how, chunks) => {
    // Servers that do not know `tool_calls` as a reason say `stop`.
    scriptChunks(...chunks, said({}, 'stop'));
    expect((await send()).tool_uses).toEqual([a, b]);
  });

  test.each(['[1]', 'null', '{"a":', '7', [1]])('has null for arguments that are %j', async (input) => {
    scriptChunks(piece({ index: 0, id: 'c0', ...named('a', input) }), said({}, 'tool_calls'));
    expect((await send()).tool_uses).toEqual([{ name: 'a', input: null }]);
  });

  test('takes a call without arguments as one with none', async () => {
    scriptChunks(piece({ index: 0, id: 'c0', ...named('a', null) }), said({}, 'tool_calls'));
    expect((await send()).tool_uses).toEqual([{ name: 'a', input: {} }]);
  });

  test('has null for the last call when the output limit was reached, even if it looks whole', async () => {
    scriptChunks(said({ tool_calls: [named('a', { x: 1 }), named('b', { y: 2 })] }), said({}, 'length'));
    expect((await send()).tool_uses).toEqual([a, { name: 'b', input: null }]);
  });

  test('has no calls when the model refuses, or a filter cuts it off', async () => {
    scriptChunks(piece(named('a', '{}')), said({ refusal: 'No.' }, 'stop'));
    expect(await send()).toMatchObject({ tool_uses: [], refusal: { explanation: 'No.' } });
    scriptChunks(piece(named('a', '{}')), said({}, 'content_filter'));
    expect(await send()).toMatchObject({ tool_uses: [], refusal: { category: 'content_filter' } });
  });

  test.each([[[{ index: 0, function: { arguments: '{}' } }]], [['x']], [{ a: 1 }]])(
    'is an error when its calls are %j',
    async (tool_calls) => {
      scriptChunks(said({ tool_calls }), said({}, 'tool_calls'));
      await expect(send()).rejects.toMatchObject({ type: 'model_request_failed_error', retryable: true });
    },
  );
});
