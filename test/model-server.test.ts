import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Anthropic } from '@anthropic-ai/sdk';
import { OpenAI } from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from './model-server.ts';

let server: ModelServer;

beforeEach(async () => {
  server = await startModelServer();
});

afterEach(() => server.close());

const messages = (text: string) => [{ role: 'user' as const, content: text }];

function anthropic(): Anthropic {
  return new Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
}

async function ask(text: string): Promise<{ team: string; priority: string }> {
  const body = { model: 'm', max_tokens: 9, messages: messages(text) };
  const response = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: JSON.stringify(body) });
  const { content } = (await response.json()) as { content: { text: string }[] };
  return JSON.parse(content[0]?.text ?? '');
}

describe('the fake model server', () => {
  test.each([
    ['ticket 1: double charge on my invoice', { team: 'billing', priority: 'P2' }],
    ['ticket 2: password reset locked me out, urgent', { team: 'auth', priority: 'P1' }],
    ['ticket 3: webhook endpoint question', { team: 'api-platform', priority: 'P3' }],
    ['ticket 4: the chart is empty', { team: 'dashboard', priority: 'P2' }],
    ['ticket 17: double charge on my invoice', { team: 'auth', priority: 'P2' }],
  ])('sorts %j by its words', async (text, verdict) => {
    expect(await ask(text)).toEqual(verdict);
  });

  test('is wrong for exactly one ticket in ten', async () => {
    const teams = await Promise.all(
      Array.from({ length: 50 }, (_, index) => ask(`ticket ${index + 1}: refund of a payment`)),
    );
    expect(teams.filter(({ team }) => team === 'billing')).toHaveLength(45);
  });

  test('speaks to the Anthropic SDK, whole and streamed', async () => {
    const body = { model: 'm', max_tokens: 9, messages: messages('refund') };
    const whole = await anthropic().messages.create(body);
    const streamed = await anthropic().messages.stream(body).finalMessage();
    expect(streamed.content).toEqual(whole.content);
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  test('speaks to the OpenAI SDK, whole and streamed', async () => {
    const client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const body = { model: 'm', messages: messages('refund') };
    const whole = await client.chat.completions.create(body);
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
  });

  test('takes scripted faults in order, then those of the first predicate that accepts the request', async () => {
    server.script([503, null]);
    server.when((request) => request.messages.at(-1)?.text === 'fail', { status: 418, message: 'Tea.' });
    const status = async (text: string) => {
      const body = JSON.stringify({ model: 'm', messages: messages(text) });
      return (await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body })).status;
    };
    expect([await status('fail'), await status('fail'), await status('fail'), await status('ok')]).toEqual([
      503, 200, 418, 200,
    ]);
  });

  test('answers with what a reply function or a fault says, and remembers requests', async () => {
    const other = await startModelServer({ reply: ({ system }) => `system is ${system}` });
    other.script([{ text: 'scripted' }]);
    const client = new Anthropic({ apiKey: 'k', baseURL: other.url, maxRetries: 0 });
    const body = { model: 'm', max_tokens: 9, system: 'S', messages: messages('x') };
    const texts = [await client.messages.create(body), await client.messages.create(body)];
    expect(texts.map(({ content }) => content[0])).toMatchObject([
      { text: 'scripted' },
      { text: 'system is S' },
    ]);
    expect(other.requests[1]?.body).toMatchObject({ system: 'S' });
    await other.close();
  });

  const calls = [
    { name: 'lookup', input: { id: 7 } },
    { name: 'clock', input: {} },
  ];
  const reply = { text: 'Let me see.', calls };

  test('asks for calls as the Anthropic SDK understands them, whole and streamed', async () => {
    server.script([reply, reply]);
    const body = { model: 'm', max_tokens: 9, messages: messages('x') };
    const whole = await anthropic().messages.create(body);
    const streamed = await anthropic().messages.stream(body).finalMessage();
    expect(whole.content).toMatchObject([
      { type: 'text', text: 'Let me see.' },
      { type: 'tool_use', ...calls[0] },
      { type: 'tool_use', ...calls[1] },
    ]);
    expect(whole.stop_reason).toBe('tool_use');
    expect(streamed.content).toEqual(whole.content);
  });

  test('asks for calls as the OpenAI SDK understands them, whole and streamed', async () => {
    server.script([reply, reply]);
    const client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const body = { model: 'm', messages: messages('x') };
    const whole = (await client.chat.completions.create(body)).choices[0];
    const streamed = (await client.chat.completions.stream(body).finalChatCompletion()).choices[0];
    expect(whole?.message.tool_calls).toMatchObject([
      { function: { name: 'lookup', arguments: '{"id":7}' } },
      { function: { name: 'clock', arguments: '{}' } },
    ]);
    expect(whole?.finish_reason).toBe('tool_calls');
    expect(streamed?.message.tool_calls).toMatchObject(whole?.message.tool_calls ?? []);
  });

  test('reads results of calls, tools on offer and sizes alike in both protocols', async () => {
    const post = (path: string, body: object) =>
      fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    await post('/v1/messages', {
      tools: [{ name: 'lookup' }],
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'lookup', input: { id: 7 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'Lost.' }] },
      ],
    });
    await post('/v1/chat/completions', {
      tools: [{ function: { name: 'lookup' } }],
      messages: [
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', function: { name: 'lookup', arguments: '{"id":7}' } }],
        },
        { role: 'tool', tool_call_id: 'a', content: 'Lost.' },
      ],
    });
    const [first, second] = server.requests.map(({ read }) => read);
    expect(first?.messages).toEqual(second?.messages);
    expect(first?.tools).toEqual(['lookup']);
    expect(second?.tools).toEqual(['lookup']);
    expect(first?.messages.at(-1)?.results).toEqual([{ id: 'a', text: 'Lost.' }]);
    expect(first?.input_tokens).toBe(Math.ceil('{"id":7}Lost.[{"name":"lookup"}]'.length / 4));
  });

  test.each(['/v1/messages', '/v1/chat/completions'])('turns away what is too long at %s', async (path) => {
    const small = await startModelServer({ most_input_tokens: 2 });
    const status = async (text: string) => {
      const body = JSON.stringify({ model: 'm', messages: messages(text) });
      return (await fetch(`${small.url}${path}`, { method: 'POST', body })).status;
    };
    expect([await status('12345678'), await status('123456789')]).toEqual([200, 400]);
    await small.close();
  });

  test('answers 404 elsewhere', async () => {
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(404);
  });

  test('closes although a request is still waiting', async () => {
    server.script(['hang']);
    const waiting = fetch(`${server.url}/v1/messages`, { method: 'POST', body: '{}' });
    waiting.catch(() => {});
    while (server.requests.length === 0) await new Promise(setImmediate);
    await server.close();
    await expect(waiting).rejects.toThrow();
  });

  test('runs by itself and prints its URL', async () => {
    const child = spawn(process.execPath, ['test/model-server.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    const response = await fetch(`${String(line).trim()}/v1/messages`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(200);
    await response.text();
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });
});
