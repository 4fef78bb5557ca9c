/** Tokens that a session has used so far, in the API's shape. All numbers are whole and never shrink. */
export type SessionUsage = {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  };
};

/** Tokens of one model request, in the flat shape that `span.model_request_end` has. */
export type RequestUsage = {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
};

export const noSessionUsage: SessionUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
};

export const noRequestUsage: RequestUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};

/** All tokens of a session, those of caches included. */
export function allTokens({ cache_creation, ...usage }: SessionUsage): number {
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = cache_creation;
  return usage.input_tokens + usage.output_tokens + usage.cache_read_input_tokens + short + long;
}

/** The usage of a session after one more request. Cache writes count as five-minute ones, the default. */
export function addUsage(total: SessionUsage, request: RequestUsage): SessionUsage {
  return {
    input_tokens: total.input_tokens + request.input_tokens,
    output_tokens: total.output_tokens + request.output_tokens,
    cache_read_input_tokens: total.cache_read_input_tokens + request.cache_read_input_tokens,
    cache_creation: {
      ephemeral_5m_input_tokens:
        total.cache_creation.ephemeral_5m_input_tokens + request.cache_creation_input_tokens,
      ephemeral_1h_input_tokens: total.cache_creation.ephemeral_1h_input_tokens,
    },
  };
}
