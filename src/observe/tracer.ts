import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span, SpanAttributes, SpanStart, TraceContext, Tracer } from '../core/telemetry.ts';
import { noTracer } from '../core/telemetry.ts';
import { spanNames } from '../core/telemetry-names.ts';
import { readTraceparent } from './trace-context.ts';

/** A span that is over. Times are in milliseconds since 1970, with a fraction. */
export type EndedSpan = {
  readonly context: TraceContext;
  /** The id of the span that it is below; null where a trace begins. */
  readonly parent_id: string | null;
  readonly name: string;
  readonly kind: SpanStart['kind'];
  readonly began: number;
  readonly ended: number;
  readonly attributes: SpanAttributes;
  readonly failed: boolean;
};

type Deps = {
  readonly onEnd: (span: EndedSpan) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
};

type OpenSpan = Span & { readonly context: TraceContext; readonly isRequest: boolean };

/** Queued work of which nobody knows whether this process will ever do it must not be remembered for ever. */
const mostHandedOver = 10_000;

/** Traces as W3C Trace Context and OpenTelemetry have them. The span under way follows what is awaited. */
export function createTracer({ onEnd, now, elapsed, randomBytes }: Deps): Tracer {
  const underWay = new AsyncLocalStorage<OpenSpan>();
  const handedOver = new Map<string, TraceContext>();
  const newId = (size: number): string => Buffer.from(randomBytes(size)).toString('hex');

  function take(name: string): TraceContext | null {
    const found = handedOver.get(name);
    handedOver.delete(name);
    return found ?? null;
  }

  function parentOf(start: SpanStart): TraceContext | null {
    if (start.follows !== undefined) return take(start.follows);
    if ('traceparent' in start) return readTraceparent(start.traceparent);
    return underWay.getStore()?.context ?? null;
  }

  return {
    begin(start): OpenSpan {
      const parent = parentOf(start);
      const context = {
        trace_id: parent?.trace_id ?? newId(16),
        span_id: newId(8),
        sampled: parent?.sampled ?? true,
      };
      const began = now();
      const since = elapsed();
      let { name, attributes } = start;
      let failed = false;
      let isOver = false;
      const span: OpenSpan = {
        context,
        isRequest: start.kind === 'server',
        rename: (better) => {
          name = better;
        },
        set: (more) => {
          attributes = { ...attributes, ...more };
        },
        fail: (type) => {
          failed = true;
          attributes = { ...attributes, [spanNames.error_type]: type };
        },
        within: (work) => underWay.run(span, work),
        end: () => {
          if (isOver || !context.sampled) return;
          isOver = true;
          const parent_id = parent?.span_id ?? null;
          onEnd({
            context,
            parent_id,
            name,
            kind: start.kind,
            began,
            ended: began + elapsed() - since,
            attributes,
            failed,
          });
        },
      };
      return span;
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
