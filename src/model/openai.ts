import { OpenAI } from 'openai';
import { defaultEffort, type Effort } from '../core/effort.ts';
import { noRequestUsage, type RequestUsage } from '../core/usage.ts';
import { count } from './count.ts';
import { type Deadline, type DeadlineLimits, withDeadline } from './deadline.ts';
import { eventObject, readEvents } from './event-stream.ts';
import { eventFailure, type FailureContext, requestFailure, streamFailure } from './failure.ts';
import type { Message, ModelReply, ModelRequest, Provider, SendOptions } from './model.ts';
import { checkedApiKey, checkedBaseUrl, upstreamFetch } from './upstream-fetch.ts';

const name = 'openai';

/**
 * A provider that speaks Chat Completions: OpenAI itself or any compatible server. `base_url` includes the version,
 * as in `http://localhost:11434/v1`. `api_key` is null for servers that want none. Importing this module loads the
 * SDK, which is slow; import it when needed. Throws an Error when the base URL or the key cannot be used.
 * Nothing is read from the environment.
 */
export function openaiProvider(
  options: { readonly base_url: string; readonly api_key: string | null } & DeadlineLimits,
): Provider {
  const apiKey = options.api_key === null ? null : checkedApiKey(options.api_key);
  const baseUrl = checkedBaseUrl(options.base_url);
  const limitField = outputLimitField(baseUrl);
  const client = new OpenAI({
    // The SDK refuses to start without a key; the header that is really sent comes from `upstreamFetch`.
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: options.timeout_ms,
    fetch: upstreamFetch(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    // Each of these has an environment variable behind it when it is left out.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
  });
  return {
    name,
    send: (request, { signal, onText }) =>
      withDeadline({ provider: name, limits: options, signal }, async (deadline) => {
        const context = { provider: name, api_key: apiKey, now_ms: Date.now() } as const;
        const response = await client.chat.completions
          .create(requestBody(request, limitField), { signal: deadline.signal })
          .asResponse()
          .catch((error: unknown) => {
            throw requestFailure(error, context);
          });
        return readReply({ response, deadline, context, request, onText });
      }),
  };
}

type LimitField = 'max_tokens' | 'max_completion_tokens';

/**
 * OpenAI's newer models reject `max_tokens`, and so do the same models on Azure. Compatible servers have always
 * taken `max_tokens`, but several ignore or reject the newer name. So the host decides.
 */
function outputLimitField(baseUrl: string): LimitField {
  const { hostname } = new URL(baseUrl);
  return /(^|\.)(api\.openai\.com|openai\.azure\.com)$/.test(hostname)
    ? 'max_completion_tokens'
    : 'max_tokens';
}

function requestBody(
  request: ModelRequest,
  limitField: LimitField,
): OpenAI.Chat.ChatCompletionCreateParamsStreaming {
  const system = request.system === null ? [] : [{ role: 'system' as const, content: request.system }];
  return {
    model: request.model,
    messages: [...system, ...request.messages.map(messageParam)],
    stream: true,
    stream_options: { include_usage: true },
    [limitField]: request.max_tokens,
    ...(request.effort !== defaultEffort && { reasoning_effort: reasoningEffort(request.effort) }),
  };
}

/** A single block goes as a string, the one form that every compatible server reads. */
function messageParam({ role, content }: Message): OpenAI.Chat.ChatCompletionMessageParam {
  const [first, ...more] = content;
  return { role, content: first !== undefined && more.length === 0 ? first.text : [...content] };
}

/** Compatible servers know three levels, so those above `high` become that. */
function reasoningEffort(effort: Effort): 'low' | 'medium' | 'high' {
  return effort === 'low' || effort === 'medium' ? effort : 'high';
}

/** What is read of the protocol's chunks. Every field may be missing: the server may be anyone's. */
type Chunk = {
  readonly model?: unknown;
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: unknown; readonly refusal?: unknown };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: unknown;
    readonly completion_tokens?: unknown;
    readonly prompt_tokens_details?: {
      readonly cached_tokens?: unknown;
      readonly cache_write_tokens?: unknown;
    } | null;
  } | null;
};

async function readReply(options: {
  readonly response: Response;
  readonly deadline: Deadline;
  readonly context: FailureContext;
  readonly request: ModelRequest;
  readonly onText: SendOptions['onText'] | undefined;
}): Promise<ModelReply> {
  const { response, deadline, context, request, onText } = options;
  let text = '';
  let refused = '';
  let finish: string | null = null;
  let model = request.model;
  let usage = noRequestUsage;

  await readEvents({
    provider: name,
    response,
    deadline,
    onData(data) {
      if (data === '[DONE]') return true;
      const chunk = eventObject(name, data) as Chunk;
      if (chunk.error) throw eventFailure(chunk, context);
      if (typeof chunk.model === 'string' && chunk.model !== '') model = chunk.model;
      // Usage comes in a chunk of its own after the last text, or is repeated in each, or never comes.
      if (chunk.usage) usage = readUsage(chunk.usage);
      const choice = chunk.choices?.[0];
      const { content: piece, refusal } = choice?.delta ?? {};
      if (typeof piece === 'string' && piece !== '') {
        text += piece;
        onText?.(piece);
      }
      if (typeof refusal === 'string') refused += refusal;
      finish = choice?.finish_reason ?? finish;
      return false;
    },
  });
  if (finish === null) throw streamFailure(name, 'truncated');
  return {
    content: text === '' ? [] : [{ type: 'text', text }],
    refusal: readRefusal(refused, finish),
    usage,
    served_model: model,
  };
}

/** A reply that a filter cut off is no answer either, so it counts as a refusal without an explanation. */
function readRefusal(refused: string, finish: string): ModelReply['refusal'] {
  if (refused !== '') return { category: null, explanation: refused };
  return finish === 'content_filter' ? { category: finish, explanation: null } : null;
}

/** `prompt_tokens` counts all input; ours leaves out what a cache gave or took. */
function readUsage(usage: NonNullable<Chunk['usage']>): RequestUsage {
  const read = count(usage.prompt_tokens_details?.cached_tokens);
  const written = count(usage.prompt_tokens_details?.cache_write_tokens);
  return {
    input_tokens: Math.max(0, count(usage.prompt_tokens) - read - written),
    output_tokens: count(usage.completion_tokens),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
  };
}
