import type { ReadyBlock, TextBlock } from '../core/content.ts';
import type { Effort } from '../core/effort.ts';
import type { JsonObject } from '../core/tools.ts';
import type { RequestUsage } from '../core/usage.ts';

/** Who answers: the Anthropic Messages API, any OpenAI-compatible endpoint, or the embedded model. */
export const providerNames = ['anthropic', 'openai', 'offline'] as const;
export type ProviderName = (typeof providerNames)[number];

/** A call that the model has made before; `id` is ours, unique in the request. */
export type ToolUseBlock = {
  readonly type: 'tool_use';
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
};

/** What came of a call. An empty `content` means that the tool had nothing to say. */
export type ToolResultBlock = {
  readonly type: 'tool_result';
  readonly tool_use_id: string;
  readonly is_error: boolean;
  readonly content: readonly ReadyBlock[];
};

/**
 * A turn of the conversation. The results of an assistant's calls all stand at the start of the user message behind
 * it. `system` instructs in the middle of a conversation.
 */
export type Message =
  | { readonly role: 'user'; readonly content: readonly (ReadyBlock | ToolResultBlock)[] }
  | { readonly role: 'assistant'; readonly content: readonly (TextBlock | ToolUseBlock)[] }
  | { readonly role: 'system'; readonly content: readonly TextBlock[] };

/** A tool that the model may call. `input_schema` is a JSON Schema whose top is an object. */
export type ToolDefinition = {
  readonly name: string;
  readonly description: string;
  readonly input_schema: JsonObject;
};

/** One request to a model. `model` is the id that the provider knows, after routing. */
export type ModelRequest = {
  readonly model: string;
  readonly system: string | null;
  /** Starts with user, ends with user or system, never empty; two of one side never follow each other. */
  readonly messages: readonly Message[];
  /** In an order that stays the same from request to request, so that caches hold. */
  readonly tools: readonly ToolDefinition[];
  readonly effort: Effort;
  /** The most output tokens that the reply may have. */
  readonly max_tokens: number;
  /**
   * Whether the next request of the conversation begins with the same objects, all messages but the last, so that it pays
   * to keep what is made of them.
   */
  readonly lasting?: boolean;
};

export type Refusal = { readonly category: string | null; readonly explanation: string | null };

export type ModelReply = {
  /** Text blocks in order, none of them empty; empty when the model said nothing. */
  readonly content: readonly TextBlock[];
  /** The calls that it asks for, in order; empty when it is done. */
  readonly tool_uses: readonly ToolUse[];
  /** Null unless the model refused to answer. */
  readonly refusal: Refusal | null;
  readonly usage: RequestUsage;
  /** The model that the provider says has answered. */
  readonly served_model: string;
};

/** A call as the model asks for it. `input` is null when what it wrote is no JSON object, or nested too deeply. */
export type ToolUse = { readonly name: string; readonly input: JsonObject | null };

export type SendOptions = {
  /** Aborting rejects the call with the signal's reason, at once. */
  readonly signal: AbortSignal;
  /** Called with each piece of text as it arrives, and with the index that its block has in the reply's content. */
  readonly onText?: (text: string, index: number) => void;
  /** Whose turn asks: where requests have to wait, agents are served in turn. */
  readonly agent_id?: string;
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
  /** Whether the request held more than the model can read, so that a shorter one may succeed. */
  readonly too_long: boolean;

  constructor(fields: {
    type: ModelErrorType;
    message: string;
    retryable: boolean;
    retry_after_ms?: number | null;
    too_long?: boolean;
    cause?: unknown;
  }) {
    super(fields.message, { cause: fields.cause });
    this.name = 'ModelError';
    this.type = fields.type;
    this.retryable = fields.retryable;
    this.retry_after_ms = fields.retry_after_ms ?? null;
    this.too_long = fields.too_long ?? false;
  }
}
