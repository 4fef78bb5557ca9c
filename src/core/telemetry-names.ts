/*
 * The names that telemetry goes by, from the semantic conventions of OpenTelemetry. They stand here alone, so that a
 * change of the conventions is a change of this file.
 */

/** Who evaluates flags here. */
const flagProvider = 'Pawl';

/** What came of evaluating a flag. What is undefined does not apply, and JSON leaves it out. */
export type FlagEvaluation = {
  /** The name that the flag was asked for by. */
  readonly key: string;
  readonly value: number;
  readonly variant: string;
  /** In small letters, where OpenFeature has capitals. */
  readonly reason: string;
  /** What the flag belongs to. */
  readonly set_id: string;
  /** Whom it was evaluated for. */
  readonly context_id: string | undefined;
  /** What decided. */
  readonly version: string | undefined;
};

/** The fields of the event that a flag was evaluated. */
export type FlagEvent = Readonly<Record<string, string | number | undefined>>;

/**
 * The event that a flag was evaluated, under its names:
 * https://opentelemetry.io/docs/specs/semconv/feature-flags/feature-flags-events/. `session_id` is ours, and is undefined
 * unless a session came of it.
 */
export function flagEvent(flag: FlagEvaluation, session_id: string | undefined): FlagEvent {
  return {
    event_name: 'feature_flag.evaluation',
    'feature_flag.key': flag.key,
    'feature_flag.result.value': flag.value,
    'feature_flag.result.variant': flag.variant,
    'feature_flag.result.reason': flag.reason,
    'feature_flag.set.id': flag.set_id,
    'feature_flag.context.id': flag.context_id,
    'feature_flag.version': flag.version,
    'feature_flag.provider.name': flagProvider,
    session_id,
  };
}

/** The attributes of spans: https://opentelemetry.io/docs/specs/semconv/gen-ai/ and https://opentelemetry.io/docs/specs/semconv/http/. */
export const spanNames = {
  agent_id: 'gen_ai.agent.id',
  agent_name: 'gen_ai.agent.name',
  agent_version: 'gen_ai.agent.version',
  cache_read_tokens: 'gen_ai.usage.cache_read.input_tokens',
  cache_write_tokens: 'gen_ai.usage.cache_creation.input_tokens',
  call_id: 'gen_ai.tool.call.id',
  conversation: 'gen_ai.conversation.id',
  error_type: 'error.type',
  http_method: 'http.request.method',
  http_route: 'http.route',
  http_status: 'http.response.status_code',
  input_tokens: 'gen_ai.usage.input_tokens',
  max_tokens: 'gen_ai.request.max_tokens',
  operation: 'gen_ai.operation.name',
  output_tokens: 'gen_ai.usage.output_tokens',
  provider: 'gen_ai.provider.name',
  request_model: 'gen_ai.request.model',
  response_model: 'gen_ai.response.model',
  service_instance: 'service.instance.id',
  service_name: 'service.name',
  service_version: 'service.version',
  tool_name: 'gen_ai.tool.name',
  tool_type: 'gen_ai.tool.type',
  // Ours; the conventions have no word for them.
  mcp_server: 'pawl.mcp_server.name',
  request: 'pawl.request.id',
  turn_outcome: 'pawl.turn.outcome',
} as const;

/** What spans of agents do, in the words of the conventions. */
export const spanOperations = { turn: 'invoke_agent', request: 'chat', call: 'execute_tool' } as const;
