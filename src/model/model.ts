import type { TextBlock } from '../core/content.ts';
import type { Effort } from '../core/effort.ts';
import type { RequestUsage } from '../core/usage.ts';

/** Who answers: the Anthropic Messages API, any OpenAI-compatible endpoint, or the embedded model. */
export const providerNames = ['anthropic', 'openai', 'offline'] as const;
export type ProviderName = (typeof providerNames)[number];

export type Message = { readonly role: 'user' | 'assistant'; readonly content: readonly TextBlock[] };

/** One request to a model. `model` is the id that the provider knows, after routing. */
export type ModelRequest = {
  readonly model: string;
  readonly system: string | null;
  /** Alternates user and assistant, starts and ends with user, never empty. */
  readonly messages: readonly Message[];
  readonly effort: Effort;
  /** The most output tokens that the reply may have. */
  readonly max_tokens: number;
};

export type Refusal = { readonly category: string | null; readonly explanation: string | null };

export type ModelReply = {
  /** Text blocks in order, none of them empty; empty when the model said nothing. */
  readonly content: readonly TextBlock[];
  /** Null unless the model refused to answer. */
  readonly refusal: Refusal | null;
  readonly usage: RequestUsage;
  /** The model that the provider says has answered. */
  readonly served_model: string;
};

export type SendOptions = {
  /** Aborting rejects the call with the signal's reason, at once. */
  readonly signal: AbortSignal;
  /** Called with each piece of text as it arrives, block after block. */
  readonly onText?: (text: string) => void;
};

/** Sends one request and gives the whole reply. Does not retry; throws {@link ModelError}. */
export type Provider = {
  readonly name: ProviderName;
  send(request: ModelRequest, options: SendOptions): Promise<ModelReply>;
};

/** The event vocabulary's words for what went wrong with a model request. */
export type ModelErrorType =
  | 'model_overloaded_error'
  | 'model_rate_limited_error'
  | 'model_request_failed_error'
  | 'billing_error';

/** A model request that failed. The message is fit for clients: it holds no key, header or internal path. */
export class ModelError extends Error {
  readonly type: ModelErrorType;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** How long the provider asks to wait, in milliseconds; null when it does not say. */
  readonly retry_after_ms: number | null;

  constructor(fields: {
    type: ModelErrorType;
    message: string;
    retryable: boolean;
    retry_after_ms?: number | null;
    cause?: unknown;
  }) {
    super(fields.message, { cause: fields.cause });
    this.name = 'ModelError';
    this.type = fields.type;
    this.retryable = fields.retryable;
    this.retry_after_ms = fields.retry_after_ms ?? null;
  }
}
