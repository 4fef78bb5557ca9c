/**
 * Both providers against the fake model server, over real HTTP. What is the same for both is one table here;
 * what each protocol has of its own is in `anthropic.test.ts` and `openai.test.ts`.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../test/model-faults.ts';
import { type ModelServer, startModelServer } from '../../test/model-server.ts';
import { anthropicProvider } from './anthropic.ts';
import type { DeadlineLimits } from './deadline.ts';
import { ModelError, type ModelRequest, type Provider } from './model.ts';
import { openaiProvider } from './openai.ts';

const key = 'planted-key-0123456789';
const patient = { timeout_ms: 20_000, idle_timeout_ms: 20_000 };
const request: ModelRequest = {
  model: 'claude-test',
  system: 'You sort tickets.',
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Ticket 12: my invoice has a double charge.' }] },
  ],
  tools: [],
  effort: 'high',
  max_tokens: 1000,
};
const verdict = '{"team":"billing","priority":"P2"}';

let server: ModelServer;

beforeEach(async () => {
  server = await startModelServer();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const makers: Record<string, (limits?: DeadlineLimits, url?: string) => Provider> = {
  anthropic: (limits = patient, url = server.url) =>
    anthropicProvider({ base_url: url, api_key: key, ...limits }),
  openai: (limits = patient, url = server.url) =>
    openaiProvider({ base_url: `${url}/v1`, api_key: key, ...limits }),
};

function send(provider: Provider, onText?: (text: string) => void) {
  return provider.send(request, { signal: new AbortController().signal, ...(onText && { onText }) });
}

async function failureOf(sending: Promise<unknown>): Promise<ModelError> {
  const error = await sending.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ModelError)) throw new Error('Expected a ModelError.', { cause: error });
  return error;
}

const failed = 'model_request_failed_error';
const faults: [Fault, string, boolean, string][] = [
  [{ status: 429, retry_after: 2 }, 'model_rate_limited_error', true, 'status 429: The fake'],
  [529, 'model_overloaded_error', true, 'status 529: The fake'],
  [402, 'billing_error', false, 'status 402: The fake'],
  [500, failed, true, 'status 500: The fake'],
  [408, failed, true, 'status 408: The fake'],
  [409, failed, true, 'status 409: The fake'],
  [400, failed, false, 'status 400: The fake'],
  [401, failed, false, 'status 401: The fake'],
  [403, failed, false, 'status 403: The fake'],
  [404, failed, false, 'status 404: The fake'],
  [422, failed, false, 'status 422: The fake'],
  ['html_502', failed, true, 'answered with status 502.'],
  ['reset', failed, true, 'The connection to the'],
  ['reset_midway', failed, true, 'The connection to the'],
  ['truncated', failed, true, 'ended its reply before it was complete.'],
  ['mid_stream_error', 'model_overloaded_error', true, 'broke off its reply: The fake model server is overl'],
  ['malformed', failed, true, 'sent a reply that is not valid JSON.'],
  ['empty_body', failed, true, 'answered without a reply.'],
  ['empty_stream', failed, true, 'answered without a reply.'],
];

describe.each(Object.entries(makers))('the %s provider', (name, make) => {
  test('gives the whole reply, its usage and its text as it arrives', async () => {
    const pieces: string[] = [];
    const reply = await send(make(), (text) => pieces.push(text));
    expect(reply).toEqual({
      content: [{ type: 'text', text: verdict }],
      tool_uses: [],
      refusal: null,
      usage: {
        input_tokens: 15,
        output_tokens: 9,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
      served_model: 'claude-test',
    });
    expect(pieces).toHaveLength(6);
    expect(pieces.join('')).toBe(verdict);
  });

  test.each(faults)('reports %j as %s', async (fault, type, retryable, words) => {
    server.script([fault]);
    const failure = await failureOf(send(make()));
    expect(failure).toMatchObject({ type, retryable });
    expect(failure.message).toContain(words);
    expect(failure.message).toContain(name);
    expect(failure.retry_after_ms).toBe(fault instanceof Object && 'status' in fault ? 2000 : null);
    // Retrying is the caller's business: one call is one request.
    expect(server.requests).toHaveLength(1);
    expect((await send(make())).content).toEqual([{ type: 'text', text: verdict }]);
  });

  test('reports a refused connection as retryable', async () => {
    const provider = make();
    await server.close();
    expect(await failureOf(send(provider))).toMatchObject({
      type: failed,
      retryable: true,
      message: `The connection to the ${name} provider failed (ECONNREFUSED).`,
    });
  });

  test('never repeats the key that an upstream echoes', async () => {
    server.script([{ status: 401, message: `The key ${key} is not known; header "Bearer ${key}"` }]);
    const { message } = await failureOf(send(make()));
    expect(message).toContain('The key [redacted] is not known');
    expect(message).not.toContain(key);
  });

  test('does not follow a redirect with the key', async () => {
    server.script([307]);
    expect(await failureOf(send(make()))).toMatchObject({ type: failed, retryable: false });
  });

  test('gives up on an upstream that never answers', async () => {
    server.script(['hang']);
    const { message, retryable } = await failureOf(send(make({ timeout_ms: 20_000, idle_timeout_ms: 50 })));
    expect(message).toBe(`The ${name} provider sent nothing for 50 ms.`);
    expect(retryable).toBe(true);
    await vi.waitFor(() => expect(server.counters.aborted).toBe(1));
  });

  test('gives up on an upstream that stops in the middle', async () => {
    server.script([{ slow: { first_byte_ms: 0, between_ms: 10_000 } }]);
    const { message } = await failureOf(send(make({ timeout_ms: 20_000, idle_timeout_ms: 100 })));
    expect(message).toBe(`The ${name} provider sent nothing for 100 ms.`);
    await vi.waitFor(() => expect(server.counters.aborted).toBe(1));
  });

  test('gives up on a reply that takes too long altogether', async () => {
    server.script([{ slow: { first_byte_ms: 0, between_ms: 10_000 } }]);
    const { message } = await failureOf(send(make({ timeout_ms: 100, idle_timeout_ms: 20_000 })));
    expect(message).toBe(`The ${name} provider did not finish its reply within 100 ms.`);
    await vi.waitFor(() => expect(server.counters.aborted).toBe(1));
  });

  test('waits for a slow upstream that is within its limits', async () => {
    server.script([{ slow: { first_byte_ms: 20, between_ms: 1 } }]);
    expect((await send(make())).content).toEqual([{ type: 'text', text: verdict }]);
    const late = make(patient, `${server.url}/l/30`);
    expect((await send(late)).content).toEqual([{ type: 'text', text: verdict }]);
  });

  test('rejects with the reason of the signal and closes the connection while it waits', async () => {
    server.script(['hang']);
    const controller = new AbortController();
    const reason = new Error('Interrupted.');
    const sending = make().send(request, { signal: controller.signal });
    sending.catch(() => {});
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
    await vi.waitFor(() => expect(server.counters.aborted).toBe(1));
  });

  test('gives no more text after an abort in the middle, and closes the connection', async () => {
    server.script([{ slow: { first_byte_ms: 0, between_ms: 20 } }]);
    const controller = new AbortController();
    const reason = new Error('Interrupted.');
    const onText = vi.fn(() => controller.abort(reason));
    await expect(make().send(request, { signal: controller.signal, onText })).rejects.toBe(reason);
    await vi.waitFor(() => expect(server.counters.aborted).toBe(1));
    expect(onText).toHaveBeenCalledTimes(1);
  });

  test('passes on an exception of onText as it is', async () => {
    const mine = new Error('The store is full.');
    const sending = send(make(), () => {
      throw mine;
    });
    await expect(sending).rejects.toBe(mine);
  });

  test('sends nothing when the signal has already been aborted', async () => {
    const reason = new Error('Too late.');
    await expect(make().send(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.requests).toHaveLength(0);
  });

  test('uses connections again', async () => {
    const provider = make();
    for (let count = 0; count < 6; count += 1) await send(provider);
    expect(server.counters.connections).toBeLessThanOrEqual(2);
  });

  test('takes nothing from the environment', async () => {
    for (const sdk of ['ANTHROPIC', 'OPENAI']) {
      vi.stubEnv(`${sdk}_BASE_URL`, 'http://127.0.0.1:9');
      vi.stubEnv(`${sdk}_API_KEY`, 'key-from-environment');
      vi.stubEnv(`${sdk}_AUTH_TOKEN`, 'token-from-environment');
      vi.stubEnv(
        `${sdk}_CUSTOM_HEADERS`,
        'x-custom: from-environment\nAuthorization: Bearer from-environment',
      );
    }
    vi.stubEnv('OPENAI_ORG_ID', 'from-environment');
    vi.stubEnv('OPENAI_PROJECT_ID', 'from-environment');
    await send(make());
    const headers = server.requests[0]?.headers;
    expect(headers?.authorization).toBe(`Bearer ${key}`);
    expect(JSON.stringify(headers)).not.toContain('from-environment');
    expect(Object.keys(headers ?? {}).filter((header) => header.startsWith('x-stainless'))).toEqual([]);
  });

  test('tells the upstream about effort only when it is not the default', async () => {
    const signal = new AbortController().signal;
    const sent = async (effort: ModelRequest['effort']) => {
      await make().send({ ...request, effort }, { signal });
      return server.requests.at(-1)?.body as Record<string, unknown>;
    };
    const levels = ['low', 'medium', 'high', 'xhigh', 'max'] as const;
    const told = [];
    for (const effort of levels) {
      const body = await sent(effort);
      told.push(name === 'anthropic' ? body['output_config'] : body['reasoning_effort']);
    }
    expect(told).toEqual(
      name === 'anthropic'
        ? [{ effort: 'low' }, { effort: 'medium' }, undefined, { effort: 'xhigh' }, { effort: 'max' }]
        : ['low', 'medium', undefined, 'high', 'high'],
    );
  });

  const calls = [
    { name: 'lookup_order', input: { id: 7, note: 'fragile "glass" ü' } },
    { name: 'clock', input: {} },
    { name: 'lookup_order', input: { id: 8 } },
  ];

  test('gives several calls with the text before them', async () => {
    server.script([{ text: 'Let me see.', calls }]);
    const pieces: string[] = [];
    const reply = await send(make(), (text) => pieces.push(text));
    expect(reply.content).toEqual([{ type: 'text', text: 'Let me see.' }]);
    expect(reply.tool_uses).toEqual(calls);
    expect(pieces.join('')).toBe('Let me see.');
  });

  test('gives calls without text', async () => {
    server.script([{ calls: calls.slice(0, 1) }]);
    expect(await send(make())).toMatchObject({ content: [], tool_uses: calls.slice(0, 1) });
  });

  test('carries calls and their results back to the model', async () => {
    const first = { type: 'tool_use', id: 'sevt_1', ...calls[0], input: { id: 7 } } as const;
    const second = { type: 'tool_use', id: 'sevt_2', name: 'clock', input: {} } as const;
    const lost = { type: 'text', text: 'Lost.' } as const;
    await make().send(
      {
        ...request,
        tools: [{ name: 'clock', description: 'Tells the time.', input_schema: { type: 'object' } }],
        messages: [
          ...request.messages,
          { role: 'assistant', content: [{ ...first, name: 'lookup_order' }, second] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'sevt_1', is_error: false, content: [lost] },
              { type: 'tool_result', tool_use_id: 'sevt_2', is_error: false, content: [lost] },
            ],
          },
          { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
        ],
      },
      { signal: new AbortController().signal },
    );
    const { messages, tools } = server.requests[0]?.read ?? { messages: [], tools: [] };
    expect(tools).toEqual(['clock']);
    expect(messages.flatMap((message) => message.calls)).toEqual([
      { id: 'sevt_1', name: 'lookup_order', input: { id: 7 } },
      { id: 'sevt_2', name: 'clock', input: {} },
    ]);
    expect(messages.flatMap((message) => message.results)).toEqual([
      { id: 'sevt_1', text: 'Lost.' },
      { id: 'sevt_2', text: 'Lost.' },
    ]);
    expect(messages.at(-1)).toMatchObject({ role: 'system', text: 'Be kind.' });
  });

  test('gives null for an input that is no JSON object', async () => {
    server.script([{ calls: [{ name: 'clock', raw: '{"zone": ' }, ...calls.slice(0, 1)] }]);
    expect((await send(make())).tool_uses).toEqual([{ name: 'clock', input: null }, calls[0]]);
  });

  test('gives null for the call that the output limit has cut off', async () => {
    server.script([{ calls: calls.slice(0, 2), cut: true }]);
    expect((await send(make())).tool_uses).toEqual([calls[0], { name: 'clock', input: null }]);
  });

  test.each(['reset_midway', 'truncated', 'mid_stream_error', 'malformed'] as const)(
    'gives an error and no call when the reply breaks off in a call: %s',
    async (breaks) => {
      server.script([{ text: 'Let me see.', calls, breaks }]);
      expect(await failureOf(send(make()))).toMatchObject({ retryable: true, too_long: false });
    },
  );

  test('gives an error and no call when it is told to stop in the middle of one', async () => {
    server.script([{ text: 'Yes', calls, breaks: 'truncated' }]);
    const controller = new AbortController();
    const reason = new Error('Interrupted.');
    const onText = (): void => controller.abort(reason);
    await expect(make().send(request, { signal: controller.signal, onText })).rejects.toBe(reason);
  });

  test('says when a request is too long, so that a shorter one may succeed', async () => {
    await server.close();
    server = await startModelServer({ most_input_tokens: 14 });
    expect(await failureOf(send(make()))).toMatchObject({ type: failed, retryable: false, too_long: true });
    server.script([413]);
    expect(await failureOf(send(make()))).toMatchObject({ type: failed, retryable: false, too_long: true });
    const shorter = { ...request, system: null };
    const reply = await make().send(shorter, { signal: new AbortController().signal });
    expect(reply.content).toEqual([{ type: 'text', text: verdict }]);
  });

  test('tells cached tokens apart from other input', async () => {
    const usage = {
      input_tokens: 100,
      output_tokens: 7,
      cache_creation_input_tokens: 20,
      cache_read_input_tokens: 3000,
    };
    server.script([{ text: 'Yes.', usage }]);
    expect((await send(make())).usage).toEqual(usage);
  });
});
