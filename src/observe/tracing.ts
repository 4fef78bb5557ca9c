import {
  callWithTimeout,
  type ExportResult,
  ExportResultCode,
  parseKeyPairsIntoRecord,
} from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NoopSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../core/log.ts';
import type { Tracer } from '../core/telemetry.ts';
import { createTracer } from './tracer.ts';

type Deps = {
  /** Where spans are sent to, with its path. */
  readonly url: string;
  /** As `name=value`, separated by commas, each value percent-encoded. */
  readonly headers: string;
  /** Who sends them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  readonly log: Log;
  /** Told how many spans have arrived, or will never. */
  readonly onDone: (outcome: 'sent' | 'dropped', spans: number) => void;
  /** How long spans wait for others to go along with, in milliseconds. */
  readonly pause_ms: number;
  /** How long spans are tried to be sent, again and again where that may help, in milliseconds. */
  readonly patience_ms: number;
};

/** A tracer whose spans are sent to a collector. */
export type Tracing = {
  readonly tracer: Tracer;
  /** Sends what is left, or drops it. */
  stop(): Promise<void>;
};

/** More than these are dropped: somebody who takes no traces must not cost this process its memory. */
const mostWaiting = 4096;
const sentTogether = 512;
/** The exporter keeps to its time by itself, and is not waited for any longer than this where it does not. */
const graceMs = 1000;

/**
 * Sends spans by OTLP, some at a time. Nobody ever waits for it but the end of the process. Nothing is registered with
 * OpenTelemetry for the whole process.
 */
export function startTracing({ url, headers, resource, version, ...deps }: Deps): Tracing {
  const timeoutMillis = deps.patience_ms;
  const otlp = new OTLPTraceExporter({ url, headers: parseKeyPairsIntoRecord(headers), timeoutMillis });
  const { counting, exporter } = countedExporter(otlp, deps);
  const batching = new BatchSpanProcessor({
    exporter,
    maxQueueSize: mostWaiting,
    maxExportBatchSize: sentTogether,
    scheduledDelayMillis: deps.pause_ms,
    exportTimeoutMillis: timeoutMillis + graceMs,
  });
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(resource)),
    spanProcessors: [counting, batching],
  });

  /** Gives up on none for another that could not be sent. */
  async function sendTheRest(): Promise<void> {
    await provider.shutdown().catch(() => {});
    await otlp.forceFlush();
  }

  return {
    tracer: createTracer(provider.getTracer('pawl', version)),
    stop: () => callWithTimeout(sendTheRest(), timeoutMillis + graceMs).catch(() => {}),
  };
}

/** Tells what becomes of spans. The queue between the two does not say what it drops, and so what waits is counted. */
function countedExporter(
  exporter: SpanExporter,
  { log, onDone }: Pick<Deps, 'log' | 'onDone'>,
): { readonly counting: SpanProcessor; readonly exporter: SpanExporter } {
  let waiting = 0;
  let isDown = false;

  function tell({ code, error }: ExportResult, spans: number): void {
    const isSent = code === ExportResultCode.SUCCESS;
    // Once for each outage: the metrics have the numbers.
    if (isSent && isDown) log.info({}, 'Traces arrive again');
    if (!isSent && !isDown)
      log.warn({ reason: reasonOf(error) }, 'Traces could not be sent, and are dropped');
    isDown = !isSent;
    onDone(isSent ? 'sent' : 'dropped', spans);
  }

  function onEnd(): void {
    if (waiting < mostWaiting) waiting += 1;
    else onDone('dropped', 1);
  }

  return {
    counting: Object.assign(new NoopSpanProcessor(), { onEnd }),
    exporter: {
      export(spans, done) {
        waiting -= spans.length;
        exporter.export(spans, (result) => {
          tell(result, spans.length);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
    },
  };
}

/** Why a collector has not taken spans, without any of what it has said: that may hold anything. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (typeof code === 'number') return `HTTP ${code}`;
  return typeof code === 'string' ? code : 'busy, or no answer in time';
}
