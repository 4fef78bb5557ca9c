import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogFields } from '../src/core/log.ts';
import { roles } from '../src/core/roles.ts';
import { type Collector, startCollector } from './collector.ts';
import { ask } from './evals/eval-story.ts';
import { type McpServerOnLoopback, startMcpServer } from './mcp-server.ts';
import { type McpWorld, makeMcpSetting, order, startMcpWorld, tell } from './mcp-story.ts';
import { eventually, openSession, type SessionEvent, say, untilIdle } from './story.ts';

/*
 * The goal: who watches a server sees what it does, and nothing of what is said there. The method: one conversation that
 * has a secret wherever words can stand, and a search for it in everything that can be watched.
 */

const secret = 'hunter2-the-secret';
const caller = { trace: 'ab'.repeat(16), span: 'cd'.repeat(8) };

let world: McpWorld;
let collector: Collector;
let orders: McpServerOnLoopback;
const logged: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
let sessionId: string;
let history: SessionEvent[];

beforeAll(async () => {
  collector = await startCollector();
  orders = await startMcpServer({
    tools: [
      { name: 'pay', run: () => `Paid ${secret}.` },
      { name: 'fail', run: () => ({ content: [{ type: 'text', text: secret }], isError: true }) },
    ],
  });
  const note = (level: string) => (fields: LogFields, message: string) => {
    logged.push({ level, message, fields });
  };
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const tracing = { otlp_endpoint: collector.url, otlp_headers: 'x-collector-key=let%20me%20in' };
  const model_prices = 'claude-*=1/2';
  world = await startMcpWorld({ ...tracing, model_prices }, { log });
  await converse();
});
afterAll(async () => {
  await world.close();
  await orders.close();
  collector.close();
});

/** A turn with calls and a request that is made again, and one whose model fails for good. */
async function converse(): Promise<void> {
  const { client, model } = world;
  const setting = await makeMcpSetting(client, { orders: { at: orders, may: 'always_allow' } });
  const session = await openSession(client, setting, { title: secret });
  sessionId = session.id;
  const events = [
    tell({
      text: secret,
      calls: [order('pay', { card: secret }), order('fail'), { name: secret, input: {} }],
    }),
  ];
  model.script([529]);
  const traceparent = `00-${caller.trace}-${caller.span}-01`;
  await client.beta.sessions.events.send(sessionId, { events }, { headers: { traceparent } });
  await untilIdle(client, sessionId);
  model.script([400]);
  await client.beta.sessions.events.send(sessionId, { events: [say(secret)] });
  history = await untilIdle(client, sessionId);
}

const read = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(world.pawl.url + path, { headers });

async function metrics(): Promise<string> {
  return (await read('/metrics', { 'x-api-key': world.pawl.key })).text();
}

/** The value of the only metric with these labels. */
function numberOf(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

describe('The metrics', () => {
  test('count what has happened', async () => {
    const text = await eventually('the turns', async () => {
      const now = await metrics();
      return numberOf(now, 'pawl_turns_total{outcome="error"}') === 1 ? now : null;
    });
    const model = 'provider="anthropic",model="claude-test"';
    const values = {
      'pawl_turns_total{outcome="reply"}': 1,
      'pawl_turns_total{outcome="requires_action"}': 0,
      pawl_turns_running: 0,
      pawl_turns_waiting: 0,
      pawl_turn_duration_seconds_count: 2,
      [`pawl_model_requests_total{${model},outcome="ok"}`]: 2,
      'pawl_model_requests_total{provider="anthropic",model="other",outcome="model_overloaded_error"}': 1,
      [`pawl_model_requests_total{${model},outcome="model_request_failed_error"}`]: 1,
      'pawl_model_retries_total{provider="anthropic",model="other"}': 1,
      [`pawl_model_request_duration_seconds_count{${model}}`]: 2,
      [`pawl_model_first_text_seconds_count{${model}}`]: 2,
      'pawl_tool_calls_total{kind="mcp",outcome="ok"}': 1,
      'pawl_tool_calls_total{kind="mcp",outcome="error"}': 1,
      'pawl_tool_calls_total{kind="unknown",outcome="refused"}': 1,
      'pawl_http_requests_total{method="POST",route="/v1/sessions/:id/events",status="200"}': 2,
      pawl_webhook_deliveries_waiting: 0,
      pawl_database_errors_total: 0,
    };
    expect(Object.fromEntries(Object.keys(values).map((name) => [name, numberOf(text, name)]))).toEqual(
      values,
    );
    const usage = history.flatMap((event) =>
      event.type === 'span.model_request_end' ? [event.model_usage] : [],
    );
    const output = usage.reduce((sum, { output_tokens }) => sum + output_tokens, 0);
    expect(numberOf(text, `pawl_model_tokens_total{${model},kind="output"}`)).toBe(output);
    expect(numberOf(text, `pawl_model_cost_usd_total{${model}}`)).toBeGreaterThan(0);
    expect(numberOf(text, 'pawl_database_write_duration_seconds_count')).toBeGreaterThan(5);
    expect(numberOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    expect(text).not.toMatch(/sesn_|agent_\w{20}|apikey_/);
  });

  test('count streams for as long as they are open, and not how long that was', async () => {
    const stream = await world.client.beta.sessions.events.stream(sessionId);
    expect(numberOf(await metrics(), 'pawl_event_streams')).toBe(1);
    stream.controller.abort();
    const route = 'route="/v1/sessions/:id/events/stream"';
    const text = await eventually('the end of the stream', async () => {
      const now = await metrics();
      return numberOf(now, 'pawl_event_streams') === 0 ? now : null;
    });
    expect(text).toContain(`pawl_http_requests_total{method="GET",${route},status="200"} 1`);
    expect(text).not.toContain(`pawl_http_request_duration_seconds_count{method="GET",${route}}`);
  });

  test('have no name of what nobody knows', async () => {
    await read('/no/such/path', { 'x-api-key': world.pawl.key });
    const text = await metrics();
    expect(text).toContain('pawl_http_requests_total{method="",route="none",status="404"}');
    expect(text).not.toContain('/no/such/path');
  });

  test('are read with a key of any role, in either header, and with none by nobody', async () => {
    for (const role of roles) {
      const { secret: key } = await ask<{ secret: string }>(world.pawl, '/keys', { name: `a ${role}`, role });
      expect((await read('/metrics', { 'x-api-key': key })).status).toBe(200);
      const bearer = await read('/metrics', { authorization: `Bearer ${key}` });
      expect(bearer.status).toBe(200);
      expect(bearer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    }
    expect((await read('/metrics')).status).toBe(401);
    expect((await read('/metrics', { 'x-api-key': 'wrong' })).status).toBe(401);
  });
});

describe('The traces', () => {
  test('join that of the caller, with the turn below the request, and what it did below the turn', async () => {
    // The last to end; whatever else there is has been sent before it.
    const turn = await collector.span('invoke_agent armed', { 'pawl.turn.outcome': 'error' });
    const request = await collector.span('POST /v1/sessions/:id/events');
    const pay = await collector.span('execute_tool pay');
    const chat = await collector.span('chat claude-test');
    expect(pay).toMatchObject({
      traceId: caller.trace,
      attributes: { 'gen_ai.tool.name': 'pay', 'pawl.mcp_server.name': 'orders' },
      failed: false,
    });
    expect(await collector.span('execute_tool fail')).toMatchObject({ failed: true });
    expect(chat).toMatchObject({ kind: 3, attributes: { 'gen_ai.provider.name': 'anthropic' } });
    // The newest of each are of the second turn, which no caller has traced.
    expect(chat).toMatchObject({ traceId: turn.traceId, parentSpanId: turn.spanId, failed: true });
    expect(turn).toMatchObject({
      ...{ traceId: request.traceId, parentSpanId: request.spanId, failed: true },
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.conversation.id': sessionId,
        'gen_ai.agent.version': '1',
        'pawl.turn.outcome': 'error',
      },
    });
    expect(request.traceId).not.toBe(caller.trace);
    expect(request).toMatchObject({ kind: 2, attributes: { 'http.response.status_code': 200 } });
  });

  test('let themselves in at the collector, and leave out what watches', async () => {
    await read('/healthz');
    await metrics();
    await collector.span('GET /v1/sessions/:id/events');
    expect(collector.headers.at(-1)).toMatchObject({ 'x-collector-key': 'let me in' });
    expect(collector.bodies.join('\n')).not.toMatch(/GET \/(metrics|healthz|readyz)/);
  });
});

describe('The log', () => {
  test('has the session wherever there is one', () => {
    const lines = (message: string) =>
      logged.filter((line) => line.message === message).map(({ fields }) => fields);
    expect(lines('A turn came to rest')).toEqual([
      { session_id: sessionId, outcome: 'reply' },
      { session_id: sessionId, outcome: 'error' },
    ]);
    expect(lines('A model request failed, and is made again')).toMatchObject([
      { session_id: sessionId, model: 'claude-test', attempt: 1, error: 'model_overloaded_error' },
    ]);
    expect(lines('A tool was called').map(({ session_id, tool }) => [session_id, tool])).toEqual(
      expect.arrayContaining([
        [sessionId, 'pay'],
        [sessionId, 'fail'],
      ]),
    );
    const sent = lines('Answered').filter(({ route }) => route === '/v1/sessions/:id/events');
    expect(sent).toMatchObject(sent.map(() => ({ session_id: sessionId, request_id: expect.any(String) })));
  });
});

test('Nothing that was said is in the log, the metrics or the traces', async () => {
  await collector.span('invoke_agent armed');
  expect(JSON.stringify(history)).toContain(secret);
  const lines = logged.map(({ fields, message }) => {
    const { err, ...rest } = fields;
    return JSON.stringify([message, rest, err instanceof Error ? [err.message, err.stack] : err]);
  });
  for (const text of [lines.join('\n'), await metrics(), collector.bodies.join('\n')]) {
    expect(text.length).toBeGreaterThan(100);
    expect(text).not.toContain(secret);
    for (const key of [world.pawl.key, 'upstream-key', 'let me in']) expect(text).not.toContain(key);
  }
});

describe('Whoever starts and stops processes', () => {
  test.each([
    ['/healthz', { status: 'ok' }],
    ['/readyz', { status: 'ready' }],
  ])('asks %s without a key, and is told nothing else', async (path, answer) => {
    const response = await read(path);
    expect([response.status, await response.json()]).toEqual([200, answer]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});

test('Nothing of tracing is loaded unless somebody wants traces', async () => {
  const rooms = join(import.meta.dirname, '../src');
  const texts = globSync('**/*.ts', { cwd: rooms })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => ({ path, text: readFileSync(join(rooms, path), 'utf8') }));
  const loads = /^import (?!type)[^;]*from '(?:@opentelemetry\/|.*\/tracing\.ts'|.*\/tracer\.ts')/m;
  const loading = texts.filter(({ text }) => loads.test(text)).map(({ path }) => path);
  expect(loading.sort()).toEqual(['observe/tracer.ts', 'observe/tracing.ts']);
  expect(await loadedBy(null)).toEqual([]);
  expect(await loadedBy(collector.url)).toEqual(
    expect.arrayContaining(['sdk-trace', 'exporter-trace-otlp-http']),
  );
});

/** Which packages of OpenTelemetry a process loads that begins to observe. */
async function loadedBy(otlp_endpoint: string | null): Promise<string[]> {
  const room = pathToFileURL(join(import.meta.dirname, '../src/observe/observe.ts')).href;
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({
      load(url, context, next) {
        const [, name] = /@opentelemetry\\/([\\w-]+)/.exec(url) ?? [];
        if (name !== undefined) loaded.add(name);
        return next(url, context);
      },
    });
    const { observe } = await import(${JSON.stringify(room)});
    const otlp_endpoint = ${JSON.stringify(otlp_endpoint)};
    await observe({ otlp_endpoint, otlp_headers: null, service_name: 'pawl', pawl_version: '0', log: {} });
    console.log(JSON.stringify([...loaded]));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return JSON.parse(stdout) as string[];
}

describe('What is written about it', () => {
  const file = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
  const rows = file('docs/reference/observability.md')
    .split('\n')
    .flatMap((line) => /^\| `(\w+)` \| (counter|gauge|histogram) \| (.*) \| (.*) \|$/.exec(line) ?? [])
    .filter((_, i) => i % 5 !== 0);
  const documented = Array.from({ length: rows.length / 4 }, (_, i) => rows.slice(4 * i, 4 * i + 4));

  test('has every metric with its type and meaning, and no other', async () => {
    const text = await metrics();
    const told = [...text.matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm)];
    expect(documented.map(([name, type, , help]) => [name, type, help])).toEqual(
      told.map(([, name, help, type]) => [name, type, help]),
    );
  });

  test('has the labels that there are', async () => {
    const labels = new Map<string, Set<string>>();
    for (const [, name, inside] of (await metrics()).matchAll(/^(\w+)\{(.*)\} /gm)) {
      const metric = name?.replace(/_(bucket|sum|count)$/, '') ?? '';
      const found = labels.get(metric) ?? new Set();
      for (const [, label] of (inside ?? '').matchAll(/(\w+)="/g)) if (label !== 'le') found.add(label ?? '');
      labels.set(metric, found);
    }
    for (const [name, , cell] of documented) {
      const found = labels.get(name ?? '');
      if (found === undefined) continue;
      expect(cell, name).toBe([...found].map((label) => `\`${label}\``).join(', '));
    }
  });

  test('asks the metrics that there are, in the dashboard', () => {
    const known = new Set(documented.map(([name]) => name));
    const asked = [...file('integrations/grafana/pawl.json').matchAll(/"expr": "(.*)"/g)].flatMap(
      ([, expr]) =>
        [...(expr ?? '').matchAll(/\b(pawl|process|nodejs)_\w+/g)].map(([name]) =>
          name.replace(/_(bucket|sum|count)$/, ''),
        ),
    );
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(asked)).toEqual(known);
  });
});
