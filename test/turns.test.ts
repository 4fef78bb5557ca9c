import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from './model-faults.ts';
import { type ModelServer, startModelServer } from './model-server.ts';
import { sdk, startPawl, type TestPawl } from './pawl.ts';
import {
  answersIn,
  converse,
  errorOf,
  eventually,
  history,
  makeSetting,
  openSession,
  type SessionEvent,
  type Setting,
  say,
  typesOf,
  untilIdle,
} from './story.ts';

/*
 * The goal: whatever a model does, a session tells it in the documented events and is usable afterwards, with
 * either provider. The method: one model server whose faults are tied to a word in the message, so that the tests
 * can wait for their retries side by side.
 */

let model: ModelServer;
let pawl: TestPawl;
let client: Anthropic;
const settings: Record<string, Setting> = {};
const upstreamKeys = { anthropic: 'upstream-anthropic-key', openai: 'upstream-openai-key' };

beforeAll(async () => {
  model = await startModelServer({ reply: ({ messages }) => `Reply to ${messages.at(-1)?.text}` });
  pawl = await startPawl({
    anthropic_base_url: model.url,
    anthropic_api_key: upstreamKeys.anthropic,
    openai_base_url: `${model.url}/v1`,
    openai_api_key: upstreamKeys.openai,
    model_routes: 'claude-*=anthropic:upstream-claude,*=openai:upstream-gpt',
    model_max_retries: '1',
    model_max_tokens: '777',
    model_idle_timeout_ms: '1000',
    model_timeout_ms: '2500',
  });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  settings['anthropic'] = await makeSetting(client, { model: 'claude-test', system: 'Be brief.' });
  settings['openai'] = await makeSetting(client, { model: 'gpt-test', system: 'Be brief.' });
});

afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

let words = 0;

/** A word that no other test uses, and the fault that requests which end with it get, so many times. */
function wordWith(fault: Fault, times = Number.POSITIVE_INFINITY): string {
  const word = `word${++words}.`;
  let left = times;
  model.when(({ messages }) => messages.at(-1)?.text.endsWith(word) === true && left-- > 0, fault);
  return word;
}

async function sessionWith(provider: string): Promise<string> {
  return (await openSession(client, settings[provider] as Setting)).id;
}

/** The requests that the model got about a word, in the reduced form of both protocols. */
function requestsAbout(word: string) {
  return model.requests
    .filter(({ body }) => JSON.stringify(body).includes(word))
    .map(({ headers, body }) => ({ headers, body: body as Record<string, unknown> }));
}

const started = [
  'user.message',
  'session.status_running',
  'session.thread_status_running',
  'span.model_request_start',
];
const answered = ['agent.message', 'span.model_request_end'];
const closed = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];
const retried = [
  'span.model_request_end',
  'session.error',
  'session.thread_status_rescheduled',
  'session.status_rescheduled',
  'session.status_running',
  'session.thread_status_running',
  'span.model_request_start',
];
const plainTurn = [...started, ...answered, ...closed];

type Spans = { input_tokens: number; output_tokens: number };

function spanUsage(events: readonly SessionEvent[]): Spans {
  const sum = { input_tokens: 0, output_tokens: 0 };
  for (const event of events) {
    if (event.type !== 'span.model_request_end') continue;
    sum.input_tokens += event.model_usage.input_tokens;
    sum.output_tokens += event.model_usage.output_tokens;
  }
  return sum;
}

function errorsIn(events: readonly SessionEvent[]) {
  return events.flatMap((event) => (event.type === 'session.error' ? [event.error] : []));
}

/** Every request that was opened is closed, by its own end, before the next one opens. */
function unclosedSpans(events: readonly SessionEvent[]): string[] {
  const open = new Set<string>();
  const problems: string[] = [];
  for (const event of events) {
    if (event.type === 'span.model_request_start') {
      if (open.size > 0) problems.push(`${event.id} opens while another is open`);
      open.add(event.id);
    }
    if (event.type === 'span.model_request_end' && !open.delete(event.model_request_start_id)) {
      problems.push(`${event.id} closes what is not open`);
    }
  }
  return [...problems, ...[...open].map((id) => `${id} is never closed`)];
}

describe.concurrent.each(['anthropic', 'openai'])('With %s', (provider) => {
  test('a plain turn has its events in the documented order', async () => {
    const id = await sessionWith(provider);
    const events = await converse(client, id, 'Hello');
    expect(typesOf(events)).toEqual(plainTurn);
    const [message, , thread, start, answer, end, threadIdle, usage, idle] = events;
    expect(message).toMatchObject({ content: [{ type: 'text', text: 'Hello' }] });
    expect(thread).toMatchObject({
      session_thread_id: expect.stringMatching(/^sthr_/),
      agent_name: 'triage',
    });
    expect(answer).toMatchObject({ content: [{ type: 'text', text: 'Reply to Hello' }] });
    expect(end).toMatchObject({
      model_request_start_id: start?.id,
      is_error: false,
      model_usage: { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
      pawl: { provider },
    });
    expect(threadIdle).toMatchObject({ stop_reason: { type: 'end_turn' }, stop_details: null });
    expect(usage).toMatchObject({ usage: spanUsage(events), budget: null });
    expect(idle).toMatchObject({ stop_reason: { type: 'end_turn' }, stop_details: null });
    for (const event of events)
      expect(event).toMatchObject({ id: expect.stringMatching(/^sevt_/), processed_at: expect.any(String) });
  });

  test('several turns add up, and the model sees them all', async () => {
    const id = await sessionWith(provider);
    const word = wordWith({ text: 'unused' }, 0);
    for (const text of [`${word} one`, 'two', 'three']) await converse(client, id, text);
    const events = await history(client, id);
    expect(typesOf(events)).toEqual([...plainTurn, ...plainTurn, ...plainTurn]);
    expect(unclosedSpans(events)).toEqual([]);
    const session = await client.beta.sessions.retrieve(id);
    expect(session.usage).toMatchObject(spanUsage(events));
    const last = events.findLast((event) => event.type === 'session.usage');
    expect(last).toMatchObject({ usage: spanUsage(events) });
    expect(session.usage).toMatchObject({ active_seconds: session.stats.active_seconds });
    expect(session.stats.active_seconds).toBeGreaterThan(0);
    expect(requestsAbout(word)).toHaveLength(3);
  });

  test('the model gets a well-formed conversation, the system prompt and its own key', async () => {
    const id = await sessionWith(provider);
    const word = wordWith({ text: 'unused' }, 0);
    await converse(client, id, `${word} first`, 'second');
    await converse(client, id, 'third');
    const requests = requestsAbout(word);
    const { headers, body } = requests.at(-1) ?? { headers: {}, body: {} };
    const messages = body['messages'] as { role: string; content: unknown }[];
    const roles = messages.map(({ role }) => role);
    if (provider === 'anthropic') {
      expect(body).toMatchObject({
        model: 'upstream-claude',
        system: [{ text: 'Be brief.' }],
        stream: true,
        max_tokens: 777,
      });
      expect(roles).toEqual(['user', 'assistant', 'user']);
      expect(messages[0]?.content).toHaveLength(2);
    } else {
      expect(body).toMatchObject({ model: 'upstream-gpt', stream: true, max_tokens: 777 });
      expect(roles).toEqual(['system', 'user', 'assistant', 'user']);
      expect(messages[0]?.content).toBe('Be brief.');
    }
    expect(headers['authorization']).toBe(`Bearer ${upstreamKeys[provider as 'openai']}`);
    expect(JSON.stringify(requests)).not.toContain(pawl.key);
  });

  test('an effort reaches the model', async () => {
    const own = await makeSetting(client, { model: provider === 'anthropic' ? 'claude-x' : 'gpt-x' });
    await client.beta.agents.update(own.agent.id, { model: { id: own.agent.model.id, effort: 'low' } });
    const { id } = await openSession(client, own);
    const word = wordWith({ text: 'unused' }, 0);
    await converse(client, id, word);
    const low = provider === 'anthropic' ? { output_config: { effort: 'low' } } : { reasoning_effort: 'low' };
    expect(requestsAbout(word)[0]?.body).toMatchObject(low);
    expect(requestsAbout(word)[0]?.body).not.toHaveProperty('system');
  });

  const failed = 'model_request_failed_error';
  const passing: [string, Fault, string][] = [
    ['429', 429, 'model_rate_limited_error'],
    ['429 with retry-after', { status: 429, retry_after: 1 }, 'model_rate_limited_error'],
    ['429 with retry-after-ms', { status: 429, retry_after_ms: 900 }, 'model_rate_limited_error'],
    ['529', 529, 'model_overloaded_error'],
    ['500', 500, failed],
    ['a proxy page with 502', 'html_502', failed],
    ['a connection reset', 'reset', failed],
    ['a connection reset midway', 'reset_midway', failed],
    ['a truncated stream', 'truncated', failed],
    ['an error inside the stream', 'mid_stream_error', 'model_overloaded_error'],
    ['broken JSON', 'malformed', failed],
    ['an empty body', 'empty_body', failed],
    ['an empty stream', 'empty_stream', failed],
    ['silence', 'hang', failed],
    ['a reply that takes for ever', { slow: { first_byte_ms: 10, between_ms: 400 } }, failed],
  ];

  test.each(passing)('%s is tried again, and the turn goes on', async (_name, fault, type) => {
    const id = await sessionWith(provider);
    const events = await converse(client, id, wordWith(fault, 1));
    expect(typesOf(events)).toEqual([...started, ...retried, ...answered, ...closed]);
    expect(errorsIn(events)).toMatchObject([{ type, retry_status: { type: 'retrying' } }]);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(unclosedSpans(events)).toEqual([]);
    const ends = events.filter((event) => event.type === 'span.model_request_end');
    expect(ends.map((event) => event.is_error)).toEqual([true, false]);
    expect(answersIn(events)).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain(upstreamKeys[provider as 'openai']);
  });

  test.each(passing)(
    '%s again and again ends the turn, and the session is usable',
    async (_name, fault, type) => {
      const id = await sessionWith(provider);
      const word = wordWith(fault);
      const events = await converse(client, id, word);
      expect(typesOf(events)).toEqual([
        ...started,
        ...retried,
        'span.model_request_end',
        'session.error',
        ...closed,
      ]);
      expect(errorsIn(events)).toMatchObject([
        { type, retry_status: { type: 'retrying' } },
        { type, retry_status: { type: 'exhausted' } },
      ]);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' }, stop_details: null });
      expect(events.at(-3)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
      expect(unclosedSpans(events)).toEqual([]);
      const next = wordWith({ text: 'All is well.' });
      const after = await converse(client, id, next);
      expect(typesOf(after.slice(events.length))).toEqual(plainTurn);
      expect(answersIn(after)).toEqual(['All is well.']);
      const body = requestsAbout(next)[0]?.body ?? {};
      expect(JSON.stringify(body)).toContain(word);
      const roles = (body['messages'] as { role: string }[]).map(({ role }) => role);
      expect(roles.filter((role) => role !== 'system')).toEqual(['user']);
    },
  );

  test.each([
    ['400', 400, failed],
    ['401', 401, failed],
    ['402', 402, 'billing_error'],
    ['403', 403, failed],
    ['404', 404, failed],
    ['413', 413, failed],
    ['a retry-after of an hour', { status: 429, retry_after: 3600 }, 'model_rate_limited_error'],
  ] as [string, Fault, string][])('%s is not tried again', async (_name, fault, type) => {
    const id = await sessionWith(provider);
    const word = wordWith(fault, 1);
    const events = await converse(client, id, word);
    expect(typesOf(events)).toEqual([...started, 'span.model_request_end', 'session.error', ...closed]);
    expect(errorsIn(events)).toMatchObject([{ type, retry_status: { type: 'exhausted' } }]);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
    expect(requestsAbout(word)).toHaveLength(1);
    expect(answersIn(await converse(client, id, 'Again'))).toHaveLength(1);
  });

  test.each([
    ['retry-after', { status: 429, retry_after: 1 }, 1000],
    ['retry-after-ms', { status: 529, retry_after_ms: 1300 }, 1300],
  ] as [string, Fault, number][])('%s is waited for', async (_name, fault, ms) => {
    const id = await sessionWith(provider);
    const events = await converse(client, id, wordWith(fault, 1));
    const at = (type: string) =>
      Date.parse(events.findLast((event) => event.type === type)?.processed_at ?? '');
    expect(at('session.status_running') - at('session.status_rescheduled')).toBeGreaterThanOrEqual(ms - 5);
  });

  test('a slow reply is still a reply', async () => {
    const id = await sessionWith(provider);
    const events = await converse(client, id, wordWith({ slow: { first_byte_ms: 300, between_ms: 50 } }));
    expect(typesOf(events)).toEqual(plainTurn);
  });

  test('a reply of several lines and scripts arrives as it was', async () => {
    const text = 'Zeile 1\nLinha 2 – ação\r\n\t日本語 🦫 "quoted" \u2028 end';
    const id = await sessionWith(provider);
    expect(answersIn(await converse(client, id, wordWith({ text })))).toEqual([text]);
  });

  test('a refusal ends the turn as one', async () => {
    const id = await sessionWith(provider);
    const events = await converse(client, id, wordWith('refusal', 1));
    expect(typesOf(events)).toEqual([...started, 'span.model_request_end', ...closed]);
    const details = provider === 'anthropic' ? { category: 'cyber' } : { category: null };
    expect(events.at(-1)).toMatchObject({
      stop_reason: { type: 'refusal' },
      stop_details: { type: 'refusal', explanation: 'The fake model declines to answer.', ...details },
    });
    expect(answersIn(await converse(client, id, 'Something else'))).toHaveLength(1);
  });

  test('an interrupt between two tries ends the turn without another', async () => {
    const id = await sessionWith(provider);
    const word = wordWith({ status: 529, retry_after: 30 });
    await client.beta.sessions.events.send(id, { events: [say(word)] });
    await eventually('rescheduling', async () => {
      return (await client.beta.sessions.retrieve(id)).status === 'rescheduling';
    });
    const listed = await client.beta.sessions.list({ statuses: ['rescheduling'], limit: 100 });
    expect(listed.data.map((session) => session.id)).toContain(id);
    expect(await errorOf(client.beta.sessions.archive(id))).toMatchObject({ status: 400 });
    await client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
    const events = await untilIdle(client, id);
    expect(typesOf(events)).toEqual([...started, ...retried.slice(0, 4), 'user.interrupt', ...closed]);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    expect(requestsAbout(word)).toHaveLength(1);
  });

  test('messages queued before the tries are used up go into the history, and nothing runs', async () => {
    const id = await sessionWith(provider);
    const word = wordWith({ status: 529, retry_after_ms: 1000 });
    await client.beta.sessions.events.send(id, { events: [say(word)] });
    await eventually('rescheduling', async () => {
      return (await client.beta.sessions.retrieve(id)).status === 'rescheduling';
    });
    const { data } = await client.beta.sessions.events.send(id, {
      events: [say('queued one'), say('queued two')],
    });
    expect(data?.map((event) => event.processed_at)).toEqual([null, null]);
    const events = await untilIdle(client, id);
    expect(typesOf(events)).toEqual([
      ...started,
      ...retried,
      'span.model_request_end',
      'session.error',
      'user.message',
      'user.message',
      ...closed,
    ]);
    const flushed = events.filter((event) => data?.some(({ id: queued }) => queued === event.id));
    expect(flushed).toHaveLength(2);
    for (const event of flushed) expect(event.processed_at).toEqual(expect.any(String));
    const next = wordWith({ text: 'Caught up.' });
    expect(answersIn(await converse(client, id, next))).toEqual(['Caught up.']);
    const body = JSON.stringify(requestsAbout(next)[0]?.body);
    for (const text of [word, 'queued one', 'queued two']) expect(body).toContain(text);
  });
});

describe('When no route serves the model any more', () => {
  test('the turn ends with an error that says so', async () => {
    const files = { in_memory: false };
    const data_dir = mkdtempSync(join(tmpdir(), 'pawl-turns-'));
    const first = await startPawl({ data_dir, model_routes: 'old-model=offline' }, files);
    const setting = await makeSetting(first.client, { model: 'old-model' });
    const { id } = await openSession(first.client, setting);
    await first.server.close();
    const second = await startPawl({ data_dir, model_routes: 'new-model=offline' }, files);
    const events = await converse(second.client, id, 'Anybody?');
    expect(errorsIn(events)).toMatchObject([
      { type: 'model_request_failed_error', retry_status: { type: 'exhausted' } },
    ]);
    expect(await errorOf(openSession(second.client, setting))).toMatchObject({ status: 400 });
    expect(await second.client.beta.sessions.retrieve(id)).toMatchObject({ pawl: { served_by: null } });
    await second.server.close();
    rmSync(data_dir, { recursive: true });
  });
});
