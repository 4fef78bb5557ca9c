import type { SpanAttributes } from '../core/telemetry.ts';
import type { EndedSpan } from './tracer.ts';

/** Who sends spans. */
export type Resource = {
  readonly attributes: SpanAttributes;
  readonly scope: string;
  readonly version: string;
};

const kinds = { internal: 1, server: 2, client: 3 } as const;
const errorCode = 2;

/**
 * Spans in the JSON of OTLP: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Ids are in hexadecimal digits,
 * and numbers of 64 bits are texts.
 */
export function otlpBody(spans: readonly EndedSpan[], { attributes, scope, version }: Resource): string {
  const scopeSpans = [{ scope: { name: scope, version }, spans: spans.map(otlpSpan) }];
  return JSON.stringify({
    resourceSpans: [{ resource: { attributes: otlpAttributes(attributes) }, scopeSpans }],
  });
}

function otlpSpan({ context, parent_id, name, kind, began, ended, attributes, failed }: EndedSpan) {
  return {
    traceId: context.trace_id,
    spanId: context.span_id,
    ...(parent_id === null ? {} : { parentSpanId: parent_id }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(began),
    endTimeUnixNano: nanoseconds(ended),
    attributes: otlpAttributes(attributes),
    ...(failed ? { status: { code: errorCode } } : {}),
  };
}

/** Exact to the microsecond; a double holds no more of the time since 1970. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}

function otlpAttributes(attributes: SpanAttributes) {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: otlpValue(value) }],
  );
}

function otlpValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
