import type { CallEnd, CallKind, Metrics } from '../core/telemetry.ts';
import { turnOutcomes } from '../core/telemetry.ts';
import { createModelLabels } from './model-label.ts';
import { type Counter, createRegistry, type Registry } from './registry.ts';

/** Metrics that can be read. */
export type MetricsBook = { readonly metrics: Metrics; readonly registry: Registry };

const requestBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const writeBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const modelBounds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640];
/** What may come of the calls that this server makes. */
const callEnds = ['ok', 'error', 'unreachable', 'aborted'] as const;

const turnBounds = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

/** Makes the metrics. `isNamed` says whether the operator has named a model, in a route or a price. */
export function createMetrics(isNamed: (model: string) => boolean): MetricsBook {
  const registry = createRegistry();
  const metrics = {
    ...httpMetrics(registry),
    ...turnMetrics(registry),
    ...modelMetrics(registry, isNamed),
    ...toolMetrics(registry),
    ...releaseMetrics(registry),
    ...databaseMetrics(registry),
  };
  return { registry, metrics };
}

function httpMetrics(registry: Registry): Pick<Metrics, 'answered' | 'streamOpened' | 'streamClosed'> {
  const total = registry.counter(
    { name: 'pawl_http_requests_total', help: 'HTTP requests that were answered.' },
    ...['method', 'route', 'status'],
  );
  const duration = registry.histogram(
    {
      name: 'pawl_http_request_duration_seconds',
      help: 'How long HTTP requests took, event streams left out.',
      bounds: requestBounds,
    },
    ...['method', 'route'],
  );
  const about = { name: 'pawl_event_streams', help: 'Event streams that are open.' };
  const streams = registry.gauge(about).at();
  return {
    answered({ method, route, status, seconds }) {
      // Of what has no route the method may be anything as well.
      const [named, pattern] = route === null ? ['', 'none'] : [method, route];
      total.at(named, pattern, String(status)).inc();
      if (seconds !== null) duration.at(named, pattern).observe(seconds);
    },
    streamOpened: streams.inc,
    streamClosed: streams.dec,
  };
}

function turnMetrics(registry: Registry): Pick<Metrics, 'turnBegan' | 'turnLeft' | 'turnEnded'> {
  const running = registry.gauge({ name: 'pawl_turns_running', help: 'Turns that this process runs.' }).at();
  const ended = countEach(
    registry.counter({ name: 'pawl_turns_total', help: 'Turns that came to rest, by how.' }, 'outcome'),
    turnOutcomes,
  );
  const duration = registry
    .histogram({
      name: 'pawl_turn_duration_seconds',
      help: 'How long this process ran turns, waiting for the model and for tools included.',
      bounds: turnBounds,
    })
    .at();
  return {
    turnBegan: running.inc,
    turnLeft(seconds) {
      running.dec();
      duration.observe(seconds);
    },
    turnEnded: (outcome) => ended[outcome].inc(),
  };
}

function modelMetrics(
  registry: Registry,
  isNamed: (model: string) => boolean,
): Pick<Metrics, 'modelAnswered' | 'modelRetried' | 'modelPaid'> {
  const label = createModelLabels(isNamed);
  const by = ['provider', 'model'] as const;
  const total = registry.counter(
    { name: 'pawl_model_requests_total', help: 'Requests to models, by what came of them.' },
    ...[...by, 'outcome'],
  );
  const duration = registry.histogram(
    {
      name: 'pawl_model_request_duration_seconds',
      help: 'How long models took to answer, waiting for a place included.',
      bounds: modelBounds,
    },
    ...by,
  );
  const firstText = registry.histogram(
    {
      name: 'pawl_model_first_text_seconds',
      help: 'How long models took until the first piece of text.',
      bounds: modelBounds,
    },
    ...by,
  );
  const tokens = registry.counter(
    { name: 'pawl_model_tokens_total', help: 'Tokens of answered requests, by kind.' },
    ...[...by, 'kind'],
  );
  const cost = registry.counter(
    { name: 'pawl_model_cost_usd_total', help: 'What answered requests cost at list prices, in US dollars.' },
    ...by,
  );
  const retries = registry.counter(
    { name: 'pawl_model_retries_total', help: 'Requests that were made again after a failure.' },
    ...by,
  );
  return {
    modelAnswered({ provider, model: id, outcome, seconds, first_text_seconds, usage }) {
      const model = label(id, usage !== null);
      total.at(provider, model, outcome).inc();
      if (first_text_seconds !== null) firstText.at(provider, model).observe(first_text_seconds);
      if (usage === null) return;
      duration.at(provider, model).observe(seconds);
      tokens.at(provider, model, 'input').inc(usage.input_tokens);
      tokens.at(provider, model, 'output').inc(usage.output_tokens);
      tokens.at(provider, model, 'cache_read').inc(usage.cache_read_input_tokens);
      tokens.at(provider, model, 'cache_write').inc(usage.cache_creation_input_tokens);
    },
    modelRetried: ({ provider, model }) => retries.at(provider, label(model, false)).inc(),
    modelPaid: ({ provider, model }, cost_usd) => cost.at(provider, label(model, true)).inc(cost_usd),
  };
}

function toolMetrics(registry: Registry): Pick<Metrics, 'toolCalled'> {
  const total = registry.counter(
    { name: 'pawl_tool_calls_total', help: 'Calls of tools, by who makes them and what came of them.' },
    ...['kind', 'outcome'],
  );
  const mcp = countEach({ at: (outcome) => total.at('mcp', outcome) }, callEnds);
  const duration = registry
    .histogram({
      name: 'pawl_tool_call_duration_seconds',
      help: 'How long calls of tools of MCP servers took.',
      bounds: modelBounds,
    })
    .at();
  const counters: Readonly<Record<CallKind, Partial<Record<CallEnd, Counter>>>> = {
    mcp,
    custom: { handed_over: total.at('custom', 'handed_over') },
    unknown: { refused: total.at('unknown', 'refused') },
  };
  return {
    toolCalled(kind, outcome, seconds) {
      counters[kind][outcome]?.inc();
      if (seconds !== null) duration.observe(seconds);
    },
  };
}

/** What webhooks, evals and rollouts do. */
function releaseMetrics(registry: Registry): Pick<Metrics, 'deliveryTried' | 'caseDone' | 'rolloutLooked'> {
  const deliveries = countEach(
    registry.counter(
      { name: 'pawl_webhook_attempts_total', help: 'Attempts to deliver to webhooks, by what came of them.' },
      'outcome',
    ),
    ['delivered', 'again', 'dead'],
  );
  const cases = countEach(
    registry.counter(
      { name: 'pawl_eval_cases_total', help: 'Cases of eval runs that were done, or broke.' },
      'outcome',
    ),
    ['done', 'error'],
  );
  const looks = countEach(
    registry.counter(
      { name: 'pawl_rollout_looks_total', help: 'Looks at rollouts, by what was decided.' },
      'decision',
    ),
    ['advance', 'pause', 'roll_back', 'wait'],
  );
  return {
    deliveryTried: (outcome) => deliveries[outcome].inc(),
    caseDone: (outcome) => cases[outcome].inc(),
    rolloutLooked: (decision) => looks[decision].inc(),
  };
}

function databaseMetrics(registry: Registry): Pick<Metrics, 'databaseWritten' | 'databaseFailed'> {
  const about = {
    name: 'pawl_database_write_duration_seconds',
    help: 'How long transactions that write took, waiting for their turn included.',
  };
  const writes = registry.histogram({ ...about, bounds: writeBounds }).at();
  const errors = registry
    .counter({
      name: 'pawl_database_errors_total',
      help: 'Writes that failed because the database could not be used.',
    })
    .at();
  return { databaseWritten: writes.observe, databaseFailed: () => errors.inc() };
}

/** A counter for each of the values that a label can have, so that all are there before they are counted. */
function countEach<const V extends string>(
  family: { at(value: string): Counter },
  values: readonly V[],
): Readonly<Record<V, Counter>> {
  return Object.fromEntries(values.map((value) => [value, family.at(value)])) as Record<V, Counter>;
}
