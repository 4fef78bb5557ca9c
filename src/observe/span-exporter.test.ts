import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, startCollector } from '../../test/collector.ts';
import { quietLog } from '../../test/pawl.ts';
import { createSpanExporter, type SpanExporter } from './span-exporter.ts';
import type { EndedSpan } from './tracer.ts';

let collector: Collector;
let done: [string, number][];
let warnings: string[];
let exporter: SpanExporter;

beforeEach(async () => {
  [done, warnings] = [[], []];
  collector = await startCollector();
  exporter = createSpanExporter({
    url: `${collector.url}/v1/traces`,
    headers: { 'x-secret': 'let me in', 'content-type': 'application/json' },
    resource: { attributes: { 'service.name': 'pawl' }, scope: 'pawl', version: '0.0.0' },
    log: { ...quietLog, warn: (_fields, message) => warnings.push(message) },
    onDone: (outcome, spans) => done.push([outcome, spans]),
    pause_ms: 3_600_000,
    retries_ms: [1, 1],
  });
});
afterEach(() => collector.close());

const span = (name: string): EndedSpan => ({
  context: { trace_id: 'ab'.repeat(16), span_id: 'cd'.repeat(8), sampled: true },
  ...{ parent_id: null, name, kind: 'server', failed: false },
  ...{ began: 1_800_000_000_000.125, ended: 1_800_000_000_002, attributes: {} },
});

describe('Spans', () => {
  test('are sent in the JSON of OTLP, with the headers that the operator has set', async () => {
    exporter.add({
      ...{ ...span('GET /v1/agents'), parent_id: 'ef'.repeat(8), failed: true },
      attributes: { text: 'a', whole: 3, part: 0.5, flag: true, none: undefined },
    });
    await exporter.stop(10_000);
    expect(collector.headers).toMatchObject([{ 'x-secret': 'let me in' }]);
    const scopeSpans = [
      {
        scope: { name: 'pawl', version: '0.0.0' },
        spans: [
          {
            ...{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), parentSpanId: 'ef'.repeat(8) },
            ...{ name: 'GET /v1/agents', kind: 2, status: { code: 2 } },
            ...{ startTimeUnixNano: '1800000000000125000', endTimeUnixNano: '1800000000002000000' },
            attributes: [
              { key: 'text', value: { stringValue: 'a' } },
              { key: 'whole', value: { intValue: '3' } },
              { key: 'part', value: { doubleValue: 0.5 } },
              { key: 'flag', value: { boolValue: true } },
            ],
          },
        ],
      },
    ];
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'pawl' } }] };
    expect(JSON.parse(collector.bodies[0] ?? '')).toEqual({ resourceSpans: [{ resource, scopeSpans }] });
    expect(done).toEqual([['sent', 1]]);
  });

  test('go some at a time, and all of them before the end', async () => {
    for (let i = 0; i < 1100; i++) exporter.add(span(`span ${i}`));
    await exporter.stop(10_000);
    expect(done.map(([outcome]) => outcome)).toEqual(['sent', 'sent', 'sent']);
    expect(done.reduce((sum, [, spans]) => sum + spans, 0)).toBe(1100);
    const names = collector.bodies.join('').match(/"span \d+"/g) ?? [];
    expect(new Set(names).size).toBe(1100);
  });

  test('are sent again when the collector says that this may help', async () => {
    collector.answer(503);
    exporter.add(span('late'));
    await exporter.stop(10_000);
    expect(done).toEqual([['sent', 1]]);
    expect(warnings).toEqual([]);
  });

  test('are dropped when the collector does not want them, with one warning for all', async () => {
    collector.answer(400, 401, 404);
    for (let i = 0; i < 1100; i++) exporter.add(span('unwanted'));
    await exporter.stop(10_000);
    expect(done.map(([outcome]) => outcome)).toEqual(['dropped', 'dropped', 'dropped']);
    expect(warnings).toEqual(['Traces could not be sent, and are dropped']);
  });

  test('are dropped at the end when the collector is silent, and nobody waits for it any longer', async () => {
    collector.answer('silence');
    exporter.add(span('lost'));
    await exporter.stop(1);
    expect(done).toEqual([['dropped', 1]]);
  });

  test('are dropped when there are more than are kept', async () => {
    collector.answer('silence');
    for (let i = 0; i < 6000; i++) exporter.add(span('many'));
    expect(done.length).toBe(6000 - 4096 - 512);
    await exporter.stop(1);
    expect(done.reduce((sum, [, spans]) => sum + spans, 0)).toBe(6000);
  });
});
