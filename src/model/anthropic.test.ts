import type { Anthropic } from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ModelServer, startModelServer } from '../../test/model-server.ts';
import type { ReadyBlock } from '../core/content.ts';
import { noRequestUsage } from '../core/usage.ts';
import { anthropicProvider } from './anthropic.ts';
import type { Message, ModelRequest, SendOptions } from './model.ts';
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

function send(base_url: string = server.url, onText?: SendOptions['onText']) {
  const provider = anthropicProvider({ base_url, api_key: 'key-1', ...limits });
  return provider.send(request, { signal: new AbortController().signal, ...(onText && { onText }) });
}

/** What is sent for a request that has this beside the plain one. */
async function bodyOf(parts: Partial<ModelRequest>): Promise<Anthropic.MessageCreateParams> {
  const provider = anthropicProvider({ base_url: server.url, api_key: 'key-1', ...limits });
  await provider.send({ ...request, ...parts }, { signal: new AbortController().signal });
  return server.requests.at(-1)?.body as Anthropic.MessageCreateParams;
}

const text = (words: string) => ({ type: 'text', text: words }) as const;
const lookup = {
  name: 'lookup_order',
  description: 'Finds an order.',
  input_schema: { type: 'object', properties: { id: { type: 'integer' } } },
};
const call = (id: string) => ({ type: 'tool_use', id, name: 'lookup_order', input: { id: 7 } }) as const;
const result = (id: string, content: readonly ReadyBlock[] = [text('Lost.')]) =>
  ({ type: 'tool_result', tool_use_id: id, is_error: false, content }) as const;
const cached = { cache_control: { type: 'ephemeral' } };

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
    const pieces: [string, number][] = [];
    const reply = await send(server.url, (piece, index) => pieces.push([piece, index]));
    expect(reply.content).toEqual([
      { type: 'text', text: 'Ab' },
      { type: 'text', text: 'C' },
    ]);
    expect(pieces).toEqual([
      ['A', 0],
      ['b', 0],
      ['C', 1],
    ]);
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
      tool_uses: [],
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

describe('a request to the Messages API', () => {
  test('offers tools, and says calls and results in the words of the protocol', async () => {
    const { tools, messages } = await bodyOf({
      tools: [lookup],
      messages: [
        { role: 'user', content: [text('Where is it?')] },
        { role: 'assistant', content: [text('Let me see.'), call('sevt_1'), call('sevt_2')] },
        {
          role: 'user',
          content: [
            result('sevt_1'),
            { ...result('sevt_2', []), is_error: true },
            result('sevt_3', []),
            text('Quick.'),
          ],
        },
      ],
    });
    expect(tools).toEqual([{ ...lookup, ...cached }]);
    expect(messages).toEqual([
      { role: 'user', content: [{ ...text('Where is it?'), ...cached }] },
      { role: 'assistant', content: [text('Let me see.'), call('sevt_1'), call('sevt_2')] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'sevt_1', content: [text('Lost.')] },
          {
            type: 'tool_result',
            tool_use_id: 'sevt_2',
            is_error: true,
            content: [text('The tool failed.')],
          },
          { type: 'tool_result', tool_use_id: 'sevt_3' },
          { ...text('Quick.'), ...cached },
        ],
      },
    ]);
  });

  test('says images, documents and search results, in messages and in results', async () => {
    const found = {
      type: 'search_result',
      source: 's',
      title: 'T',
      content: [text('x')],
      citations: { enabled: false },
    } as const;
    const blocks: ReadyBlock[] = [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } },
      { type: 'image', source: { type: 'url', url: 'https://a.test/b.png' } },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
        title: 'A',
      },
      { type: 'document', source: { type: 'url', url: 'https://a.test/b.pdf' }, context: 'C', title: null },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Plain.' } },
      found,
      { ...found, citations: { enabled: true } },
    ];
    const written = blocks.map((block) => JSON.parse(JSON.stringify(block)));
    delete written[3].title;
    const { messages } = await bodyOf({
      messages: [
        { role: 'user', content: blocks },
        { role: 'assistant', content: [call('sevt_1')] },
        { role: 'user', content: [result('sevt_1', blocks), text('So?')] },
      ],
    });
    expect(messages[0]?.content).toEqual([...written.slice(0, -1), { ...written.at(-1), ...cached }]);
    expect(messages[2]?.content).toMatchObject([{ type: 'tool_result', content: written }, text('So?')]);
  });

  test('writes out a text that arrived as a file', async () => {
    const data = Buffer.from('a;b\nü;1').toString('base64');
    const source = { type: 'base64', media_type: 'text/csv; charset=utf-8', data } as const;
    const { messages } = await bodyOf({
      messages: [{ role: 'user', content: [{ type: 'document', source }] }],
    });
    expect(messages[0]?.content).toEqual([
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a;b\nü;1' } },
    ]);
  });

  test('says of a document that it cannot be shown', async () => {
    const source = { type: 'base64', media_type: 'application/zip', data: 'UEsD' } as const;
    const { messages } = await bodyOf({
      messages: [{ role: 'user', content: [{ type: 'document', source }] }],
    });
    expect(messages[0]?.content).toEqual([
      text('A document is of the type application/zip and cannot be shown here.'),
    ]);
  });

  const user = (words: string): Message => ({ role: 'user', content: [text(words)] });
  const assistant = (words: string): Message => ({ role: 'assistant', content: [text(words)] });
  const system = (words: string): Message => ({ role: 'system', content: [text(words)] });
  const inShort = (messages: Anthropic.MessageParam[]) =>
    messages.map(({ role, content }) => {
      const blocks = content as Anthropic.TextBlockParam[];
      return `${role[0]}: ${blocks.map((block) => `${block.text}${block.cache_control ? '*' : ''}`).join(' ')}`;
    });

  test.each([
    [
      [user('1'), system('2'), assistant('3'), user('4')],
      ['u: 1', 's: 2*', 'a: 3', 'u: 4*'],
    ],
    [
      [user('1'), assistant('2'), system('3'), user('4')],
      ['u: 1*', 'a: 2', 'u: 4', 's: 3*'],
    ],
    [
      [user('1'), system('2'), user('3'), system('4')],
      ['u: 1 3', 's: 2 4'],
    ],
  ])('puts system messages where the protocol takes them: %j', async (messages, sent) => {
    expect(inShort((await bodyOf({ messages })).messages)).toEqual(sent);
  });

  test('has room for a message of very many blocks', async () => {
    const content = Array.from({ length: 200_000 }, () => text('a'));
    const { messages } = await bodyOf({ messages: [{ role: 'user', content }] });
    expect(messages[0]?.content).toHaveLength(200_000);
  });

  test('marks what is to be cached: what sessions share, the request before, and this one', async () => {
    const first = [user('1')];
    expect(await bodyOf({ system: 'S', messages: first })).toMatchObject({
      system: [{ text: 'S', ...cached }],
    });
    expect(inShort((await bodyOf({ messages: first })).messages)).toEqual(['u: 1']);
    expect(inShort((await bodyOf({ messages: first, tools: [lookup] })).messages)).toEqual(['u: 1*']);
    const both = await bodyOf({ system: 'S', tools: [lookup, lookup], messages: first });
    expect(both.tools).toEqual([lookup, lookup]);
    const later = [...first, assistant('2'), user('3'), assistant('4'), user('5')];
    const long = await bodyOf({ system: 'S', tools: [lookup], messages: later });
    expect(inShort(long.messages)).toEqual(['u: 1', 'a: 2', 'u: 3*', 'a: 4', 'u: 5*']);
  });

  test('defines tools that are gone but were called, and forbids to call them', async () => {
    const call = (name: string, id: string) => ({ type: 'tool_use', id, name, input: {} }) as const;
    const result = (tool_use_id: string) => ({ type: 'tool_result', tool_use_id, is_error: false }) as const;
    const body = await bodyOf({
      messages: [
        { role: 'user', content: [text('1')] },
        { role: 'assistant', content: [call('a', '1'), call('b', '2'), call('a', '3')] },
        { role: 'user', content: ['1', '2', '3'].map((id) => ({ ...result(id), content: [] })) },
      ],
    });
    expect(body.tools).toMatchObject([{ name: 'a', input_schema: { type: 'object' } }, { name: 'b' }]);
    expect(body.tool_choice).toEqual({ type: 'none' });
    expect(await bodyOf({ tools: [lookup] })).not.toHaveProperty('tool_choice');
  });

  test('has no system prompt when it is empty', async () => {
    const body = await bodyOf({ system: '', tools: [lookup] });
    expect(body).not.toHaveProperty('system');
    expect(body.tools).toEqual([{ ...lookup, ...cached }]);
  });
});

describe('a reply of the Messages API', () => {
  const start = (index: number, content_block: object) => ({
    type: 'content_block_start',
    index,
    content_block,
  });
  const json = (index: number, partial_json: string) => ({
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json },
  });
  const stopped = (stop_reason: string) => [
    { type: 'message_delta', delta: { stop_reason } },
    { type: 'message_stop' },
  ];
  const tool = (fields: object = {}) => ({ type: 'tool_use', id: 't', name: 'clock', ...fields });

  test('may hold calls whose input comes whole, in pieces, or not at all', async () => {
    scriptEvents(
      start(0, { type: 'thinking', thinking: 'Hm' }),
      start(1, tool({ input: { zone: 'UTC' } })),
      start(2, tool({ input: {} })),
      json(2, ''),
      json(2, '{"zo'),
      json(1, 'stray'),
      json(2, 'ne":1}'),
      start(3, tool({ input: {} })),
      start(4, tool()),
      start(5, { type: 'server_tool_use', name: 'web_search', input: {} }),
      json(5, '{"query":1}'),
      // Servers that do not know `tool_use` as a reason say this.
      ...stopped('end_turn'),
    );
    const { tool_uses, content } = await send();
    expect(content).toEqual([]);
    expect(tool_uses.map(({ input }) => input)).toEqual([{ zone: 'UTC' }, { zone: 1 }, {}, {}]);
  });

  test.each(['[1]', '"x"', 'null', '{"a":', '7'])('has null for an input that is %s', async (input) => {
    scriptEvents(start(0, tool({ input: {} })), json(0, input), ...stopped('tool_use'));
    expect((await send()).tool_uses).toEqual([{ name: 'clock', input: null }]);
  });

  test('has null for the call at its end when the output limit was reached, even if it looks whole', async () => {
    scriptEvents(start(0, tool({ input: {} })), start(1, tool({ input: {} })), ...stopped('max_tokens'));
    expect((await send()).tool_uses).toEqual([
      { name: 'clock', input: {} },
      { name: 'clock', input: null },
    ]);
  });

  test('keeps a call that text follows when the output limit was reached', async () => {
    scriptEvents(
      start(0, tool({ input: {} })),
      start(1, { type: 'text', text: 'So' }),
      ...stopped('max_tokens'),
    );
    expect((await send()).tool_uses).toEqual([{ name: 'clock', input: {} }]);
  });

  test('has no calls when the model refuses', async () => {
    scriptEvents(start(0, tool({ input: {} })), ...stopped('refusal'));
    expect(await send()).toMatchObject({ tool_uses: [], refusal: { category: null } });
  });

  test('is an error when a call has no name', async () => {
    scriptEvents(start(0, { type: 'tool_use', id: 't', input: {} }), ...stopped('tool_use'));
    await expect(send()).rejects.toMatchObject({ retryable: true });
  });

  test('is an error when the context window is full', async () => {
    scriptEvents(start(0, { type: 'text', text: 'So' }), ...stopped('model_context_window_exceeded'));
    await expect(send()).rejects.toMatchObject({ retryable: false, too_long: true });
  });
});
