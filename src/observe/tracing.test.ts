import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Collector, startCollector } from '../../test/collector.ts';
import { quietLog } from '../../test/pawl.ts';
import { startTracing, type Tracing } from './tracing.ts';

let collector: Collector;
let done: [string, number][];
let told: unknown[];
let tracing: Tracing;

beforeEach(async () => {
  [done, told] = [[], []];
  collector = await startCollector();
  tracing = start(collector.url);
});
afterEach(() => collector.close());

function start(url: string, patience_ms = 60_000): Tracing {
  return startTracing({
    ...{ url: `${url}/v1/traces`, headers: 'x-secret=let%20me%20in,other = b', patience_ms },
    ...{ resource: { 'service.name': 'mine' }, version: '1.2.3', pause_ms: 3_600_000 },
    log: {
      ...quietLog,
      warn: (fields, message) => told.push([fields, message]),
      info: (_fields, message) => told.push(message),
    },
    onDone: (outcome, spans) => done.push([outcome, spans]),
  });
}

function add(count: number, { tracer }: Tracing = tracing): void {
  for (let i = 0; i < count; i++) {
    tracer.begin({ name: `span ${i}`, kind: 'internal', attributes: {}, traceparent: undefined }).end();
  }
}

const sum = (): number => done.reduce((all, [, spans]) => all + spans, 0);

describe('Spans', () => {
  test('are sent in the JSON of OTLP, with the headers that the operator has set', async () => {
    const { tracer } = tracing;
    const attributes = { text: 'a', whole: 3, part: 0.5, flag: true, none: undefined };
    const traceparent = `00-${'ab'.repeat(16)}-${'ef'.repeat(8)}-01`;
    const span = tracer.begin({ name: 'GET /v1/agents', kind: 'server', attributes, traceparent });
    span.fail('timeout');
    span.end();
    await tracing.stop();
    expect(collector.headers).toMatchObject([{ 'x-secret': 'let me in', other: 'b' }]);
    const { resourceSpans } = JSON.parse(collector.bodies[0] ?? '') as { resourceSpans: unknown[] };
    expect(resourceSpans).toMatchObject([
      {
        resource: {
          attributes: expect.arrayContaining([attribute('service.name', { stringValue: 'mine' })]),
        },
        scopeSpans: [
          {
            scope: { name: 'pawl', version: '1.2.3' },
            spans: [
              {
                ...{ traceId: 'ab'.repeat(16), parentSpanId: 'ef'.repeat(8), name: 'GET /v1/agents' },
                ...{ kind: 2, status: { code: 2 } },
                attributes: [
                  attribute('text', { stringValue: 'a' }),
                  attribute('whole', { intValue: 3 }),
                  attribute('part', { doubleValue: 0.5 }),
                  attribute('flag', { boolValue: true }),
                  attribute('error.type', { stringValue: 'timeout' }),
                ],
              },
            ],
          },
        ],
      },
    ]);
    expect(done).toEqual([['sent', 1]]);
  });

  test('go some at a time, and all of them before the end', async () => {
    add(1100);
    await tracing.stop();
    expect(done.map(([outcome]) => outcome)).toEqual(['sent', 'sent', 'sent']);
    expect(sum()).toBe(1100);
    const names = collector.bodies.join('').match(/"span \d+"/g) ?? [];
    expect(new Set(names).size).toBe(1100);
  });

  test('are sent again when the collector says that this may help', async () => {
    collector.answer(503, 429);
    add(1);
    await tracing.stop();
    expect(done).toEqual([['sent', 1]]);
    expect(told).toEqual([]);
  });

  test('are dropped when the collector does not want them, with one warning for all', async () => {
    collector.answer(401, 401, 401);
    add(1100);
    await tracing.stop();
    expect(done.map(([outcome]) => outcome)).toEqual(['dropped', 'dropped', 'dropped']);
    expect(told).toEqual([[{ reason: 'HTTP 401' }, 'Traces could not be sent, and are dropped']]);
  });

  test('arrive again after an outage, and the log says so', async () => {
    collector.answer(400);
    add(512);
    await vi.waitFor(() => expect(done).toEqual([['dropped', 512]]));
    add(1);
    await tracing.stop();
    expect(done).toEqual([
      ['dropped', 512],
      ['sent', 1],
    ]);
    expect(told).toMatchObject([[{ reason: 'HTTP 400' }, expect.any(String)], 'Traces arrive again']);
  });

  test('are dropped at the end when the collector is silent, and nobody waits for it any longer', async () => {
    collector.answer('silence');
    const hasty = start(collector.url, 1);
    add(1, hasty);
    await hasty.stop();
    expect(done).toEqual([['dropped', 1]]);
    expect(told).toMatchObject([[{ reason: 'busy, or no answer in time' }, expect.any(String)]]);
  });

  test('are dropped when nobody is there', async () => {
    collector.close();
    const hasty = start(collector.url, 1);
    add(1, hasty);
    await hasty.stop();
    expect(done).toEqual([['dropped', 1]]);
    expect(told).toMatchObject([[{ reason: 'ECONNREFUSED' }, expect.any(String)]]);
  });

  test('are dropped when there are more than are kept', async () => {
    collector.answer(...Array.from({ length: 20 }, () => 'silence' as const));
    const hasty = start(collector.url, 1);
    add(6000, hasty);
    expect(sum()).toBe(6000 - 4096 - 512);
    await hasty.stop();
    expect(sum()).toBe(6000);
    expect(done.every(([outcome]) => outcome === 'dropped')).toBe(true);
  });
});

const attribute = (key: string, value: object) => ({ key, value });
