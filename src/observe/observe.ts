import { randomUUID } from 'node:crypto';
import type { Log } from '../core/log.ts';
import { noTracer, type Telemetry } from '../core/telemetry.ts';
import { spanNames } from '../core/telemetry-names.ts';
import { createMetrics } from './metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import type { Registry } from './registry.ts';
import type { Tracing } from './tracing.ts';

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
const patienceMs = 5000;

const elapsed = (): number => performance.now();

/** Begins to observe. Nothing of tracing is loaded unless there is somewhere to send it. */
export async function observe(deps: Deps): Promise<Observation> {
  const { metrics, registry } = createMetrics(deps.isNamedModel);
  addProcessMetrics(registry, deps.pawl_version);
  const tracing = deps.otlp_endpoint === null ? null : await loadTracing(deps, deps.otlp_endpoint, registry);
  return {
    ...{ metrics, registry, tracer: tracing?.tracer ?? noTracer, elapsed },
    stop: async () => tracing?.stop(),
  };
}

/** Loads the SDK of OpenTelemetry, and hands it what it is to know. */
async function loadTracing(
  { log, pawl_version: version, otlp_headers, service_name }: Deps,
  endpoint: string,
  registry: Registry,
): Promise<Tracing> {
  const { startTracing } = await import('./tracing.ts');
  const spans = registry.counter(
    { name: 'pawl_trace_spans_total', help: 'Spans that were sent, or dropped.' },
    'outcome',
  );
  const counters = { sent: spans.at('sent'), dropped: spans.at('dropped') };
  return startTracing({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: otlp_headers ?? '',
    resource: {
      [spanNames.service_name]: service_name,
      [spanNames.service_version]: version,
      [spanNames.service_instance]: randomUUID(),
    },
    ...{ version, log, pause_ms: pauseMs, patience_ms: patienceMs },
    onDone: (outcome, count) => counters[outcome].inc(count),
  });
}
