import { setImmediate as nextRound } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeEach, describe, expect, test } from 'vitest';
import { type SpanStart, type Tracer, traced } from '../core/telemetry.ts';
import { createTracer } from './tracer.ts';

let tracer: Tracer;
let exporter: InMemorySpanExporter;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  tracer = createTracer(provider.getTracer('pawl'));
});

const start = (name: string, more: Partial<SpanStart> = {}): SpanStart => ({
  ...{ name, kind: 'internal', attributes: {} },
  ...more,
});

type Ended = {
  readonly name: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id: string | undefined;
  readonly attributes: unknown;
  readonly status: unknown;
};

const ended = (): Ended[] =>
  exporter.getFinishedSpans().map(({ name, attributes, status, parentSpanContext, ...span }) => {
    const { traceId: trace_id, spanId: span_id } = exporter
      .getFinishedSpans()
      .find((one) => one.name === name)!
      .spanContext();
    return { name, trace_id, span_id, parent_id: parentSpanContext?.spanId, attributes, status };
  });
