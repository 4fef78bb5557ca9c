import { setImmediate as nextRound } from 'node:timers/promises';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { beforeEach, describe, expect, test } from 'vitest';
import { type SpanStart, type Tracer, traced } from '../core/telemetry.ts';
import { createTracer } from './tracer.ts';

let exporter: InMemorySpanExporter;
let tracer: Tracer;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  tracer = createTracer(provider.getTracer('pawl'));
});

const start = (name: string, more: Partial<SpanStart> = {}): SpanStart => ({
  ...{ name, kind: 'internal', attributes: {} },
  ...more,
});
const find = (name: string): ReadableSpan => {
  const span = exporter.getFinishedSpans().find((one) => one.name === name);
  if (span === undefined) throw new Error(`No span ${name} has ended`);
  return span;
};
const parentOf = (name: string): string | undefined => find(name).parentSpanContext?.spanId;
const idOf = (name: string): string => find(name).spanContext().spanId;
const traceOf = (name: string): string => find(name).spanContext().traceId;

describe('A span', () => {
  test('has what it was given, and what was learned later, until it ends', () => {
    const span = tracer.begin(start('work', { kind: 'client', attributes: { a: 1, b: 'x', c: undefined } }));
    span.set({ b: 'y' });
    span.rename('better');
    span.end();
    span.end();
    span.set({ b: 'late' });
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(find('better')).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
    expect(find('better').attributes).toEqual({ a: 1, b: 'y' });
    expect(parentOf('better')).toBeUndefined();
  });

  test('is below the one in which it began, also behind what that awaits', async () => {
    await Promise.all(
      ['left', 'right'].map((side) =>
        traced(tracer, start(side), async () => {
          await nextRound();
          await traced(tracer, start(`${side} child`), nextRound);
        }),
      ),
    );
    for (const side of ['left', 'right']) {
      expect(parentOf(`${side} child`)).toBe(idOf(side));
      expect(traceOf(`${side} child`)).toBe(traceOf(side));
    }
    expect(traceOf('left')).not.toBe(traceOf('right'));
  });

  test('fails with the work, by a word and without its message', async () => {
    const work = traced(tracer, start('work'), () => Promise.reject(new TypeError('a secret')));
    await expect(work).rejects.toThrow('a secret');
    const { status, attributes, events } = find('work');
    expect({ status, attributes, events }).toEqual({
      ...{ status: { code: SpanStatusCode.ERROR }, events: [] },
      attributes: { 'error.type': 'TypeError' },
    });
  });

  test('joins the trace of whoever asks, and is not shown where they do not want to see it', () => {
    const traceparent = (flags: string) => `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-${flags}`;
    tracer.begin(start('seen', { traceparent: traceparent('01') })).end();
    const unseen = tracer.begin(start('unseen', { traceparent: traceparent('00') }));
    unseen.within(() => tracer.begin(start('below')).end());
    unseen.end();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect([traceOf('seen'), parentOf('seen')]).toEqual(['ab'.repeat(16), 'cd'.repeat(8)]);
  });

  test.each([
    undefined,
    '',
    'garbage',
    `ff-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01-more`,
    `00-${'0'.repeat(32)}-${'cd'.repeat(8)}-01`,
    `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}`,
  ])('begins a trace where the header is %j, whatever is under way', (traceparent) => {
    tracer.begin(start('other')).within(() => tracer.begin(start('request', { traceparent })).end());
    expect(parentOf('request')).toBeUndefined();
  });

  test('is not seen by libraries that write down what they do, and what they write goes nowhere', () => {
    tracer.begin(start('turn')).within(() => {
      expect(trace.getSpan(context.active())).toBeUndefined();
      trace.getTracer('library').startSpan('a secret').end();
    });
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

describe('Work that waits in a queue', () => {
  test('stands below the request that has asked for it, once', () => {
    const request = tracer.begin(start('request', { kind: 'server', traceparent: undefined }));
    request.within(() => tracer.handOver('sesn_1'));
    request.end();
    tracer.begin(start('turn', { follows: 'sesn_1' })).end();
    tracer.begin(start('again', { follows: 'sesn_1' })).end();
    expect([parentOf('turn'), parentOf('again')]).toEqual([idOf('request'), undefined]);
  });

  test('begins a trace where other work has led to it, or nothing has', () => {
    tracer.begin(start('turn')).within(() => {
      tracer.handOver('sesn_1');
      tracer.begin(start('next turn', { follows: 'sesn_1' })).end();
      tracer.begin(start('stranger', { follows: 'sesn_2' })).end();
    });
    expect([parentOf('next turn'), parentOf('stranger')]).toEqual([undefined, undefined]);
  });

  test('is forgotten when there is too much of it that nobody takes', () => {
    const request = tracer.begin(start('request', { kind: 'server', traceparent: undefined }));
    request.within(() => {
      for (let i = 0; i <= 10_000; i++) tracer.handOver(`sesn_${i}`);
    });
    request.end();
    tracer.begin(start('first', { follows: 'sesn_0' })).end();
    tracer.begin(start('last', { follows: 'sesn_10000' })).end();
    expect([parentOf('first'), parentOf('last')]).toEqual([undefined, idOf('request')]);
  });
});
