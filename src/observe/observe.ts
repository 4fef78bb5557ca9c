import { randomBytes, randomUUID } from 'node:crypto';
import type { Log } from '../core/log.ts';
import { noTracer, type Telemetry, type Tracer } from '../core/telemetry.ts';
import { spanNames } from '../core/telemetry-names.ts';
import { createMetrics } from './metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import type { Registry } from './registry.ts';

type Deps = {
  readonly log: Log;
  readonly pawl_version: string;
  /** Whether the operator has named a model, in a route or a price. */
  readonly isNamedModel: (model: string) => boolean;
  /** Where traces go, up to `/v1/traces`; null when nobody wants them. */
  readonly otlp_endpoint: string | null;
  /** As `name=value`, separated by commas, each value percent-encoded; null without. */
  readonly otlp_headers: string | null;
  readonly service_name: string;
};

/** What is observed, and how it is read. */
export type Observation = Telemetry & {
  /** The metrics for Prometheus; what others count at each reading is added here. */
  readonly registry: Registry;
  /** Sends the spans that are left. */
  stop(): Promise<void>;
};

const pauseMs = 2000;
const retriesMs = [1000, 4000];
const stopGraceMs = 3000;

const elapsed = (): number => performance.now();

/** Begins to observe. Nothing of tracing is loaded unless there is somewhere to send it. */
export async function observe(deps: Deps): Promise<Observation> {
  const { metrics, registry } = createMetrics(deps.isNamedModel);
  addProcessMetrics(registry, deps.pawl_version);
  const tracing = deps.otlp_endpoint === null ? null : await startTracing(deps, deps.otlp_endpoint, registry);
  return {
    ...{ metrics, registry, tracer: tracing?.tracer ?? noTracer, elapsed },
    stop: async () => tracing?.stop(),
  };
}

async function startTracing(
  { log, pawl_version: version, otlp_headers, service_name }: Deps,
  endpoint: string,
  registry: Registry,
): Promise<{ readonly tracer: Tracer; stop(): Promise<void> }> {
  const [{ createTracer }, { createSpanExporter }] = await Promise.all([
    import('./tracer.ts'),
    import('./span-exporter.ts'),
  ]);
  const spans = registry.counter(
    { name: 'pawl_trace_spans_total', help: 'Spans that were sent, or dropped.' },
    'outcome',
  );
  const counters = { sent: spans.at('sent'), dropped: spans.at('dropped') };
  const exporter = createSpanExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: {
      ...(otlp_headers === null ? {} : headersOf(otlp_headers)),
      'content-type': 'application/json',
    },
    resource: {
      attributes: {
        [spanNames.service_name]: service_name,
        [spanNames.service_version]: version,
        [spanNames.service_instance]: randomUUID(),
      },
      ...{ scope: 'pawl', version },
    },
    log,
    onDone: (outcome, count) => counters[outcome].inc(count),
    pause_ms: pauseMs,
    retries_ms: retriesMs,
  });
  const tracer = createTracer({ onEnd: exporter.add, now: Date.now, elapsed, randomBytes });
  return { tracer, stop: () => exporter.stop(stopGraceMs) };
}

/** The headers of a setting; what is not percent-encoded after all is taken as it is. */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(',').map((part) => {
    const equals = part.indexOf('=');
    return [part.slice(0, equals).trim().toLowerCase(), decoded(part.slice(equals + 1).trim())];
  });
  return Object.fromEntries(pairs);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
