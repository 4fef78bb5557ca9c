import type { TraceContext } from '../core/telemetry.ts';

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Where a request says that it stands in a trace: https://www.w3.org/TR/trace-context/#traceparent-header. Null when the
 * header is not there, or cannot be read.
 */
export function readTraceparent(header: string | undefined): TraceContext | null {
  const [, version, trace_id, span_id, flags, more] = pattern.exec(header ?? '') ?? [];
  if (trace_id === undefined || span_id === undefined || flags === undefined) return null;
  // A version to come may have more behind it; the first one may not.
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (/^0+$/.test(trace_id) || /^0+$/.test(span_id)) return null;
  return { trace_id, span_id, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
