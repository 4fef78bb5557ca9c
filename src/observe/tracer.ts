import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  defaultTextMapGetter,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Span, SpanStart, Tracer } from '../core/telemetry.ts';
import { noTracer } from '../core/telemetry.ts';
import { spanNames } from '../core/telemetry-names.ts';

type OpenSpan = Span & { readonly context: Context; readonly isRequest: boolean };

/** Queued work of which nobody knows whether this process will ever do it must not be remembered for ever. */
const mostHandedOver = 10_000;

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const;

/**
 * Traces by OpenTelemetry. The span under way follows what is awaited, and is known here alone: libraries that ask
 * OpenTelemetry for it see none, so that what they would write down of a conversation goes nowhere.
 */
export function createTracer(otel: OtelTracer): Tracer {
  const underWay = new AsyncLocalStorage<OpenSpan>();
  const handedOver = new Map<string, Context>();
  const propagator = new W3CTraceContextPropagator();

  function take(name: string): Context {
    const found = handedOver.get(name);
    handedOver.delete(name);
    return found ?? ROOT_CONTEXT;
  }

  function parentOf({ follows, ...start }: SpanStart): Context {
    if (follows !== undefined) return take(follows);
    if (!('traceparent' in start)) return underWay.getStore()?.context ?? ROOT_CONTEXT;
    return propagator.extract(ROOT_CONTEXT, { traceparent: start.traceparent }, defaultTextMapGetter);
  }

  return {
    begin(start): OpenSpan {
      const { name, kind, attributes } = start;
      const span = otel.startSpan(name, { kind: kinds[kind], attributes }, parentOf(start));
      const open: OpenSpan = {
        // Without the span itself, which is not to be kept for as long as somebody may follow it.
        context: trace.setSpanContext(ROOT_CONTEXT, span.spanContext()),
        isRequest: kind === 'server',
        rename: (better) => void span.updateName(better),
        set: (more) => void span.setAttributes(more),
        fail: (type) => {
          span.setAttribute(spanNames.error_type, type);
          span.setStatus({ code: SpanStatusCode.ERROR });
        },
        within: (work) => underWay.run(open, work),
        end: () => span.end(),
      };
      return open;
    },

    current: () => underWay.getStore() ?? noTracer.current(),

    handOver(name) {
      const span = underWay.getStore();
      // A turn that a turn leads to is no part of it.
      if (span?.isRequest !== true) return;
      handedOver.delete(name);
      handedOver.set(name, span.context);
      const [oldest] = handedOver.keys();
      if (handedOver.size > mostHandedOver && oldest !== undefined) handedOver.delete(oldest);
    },
  };
}
