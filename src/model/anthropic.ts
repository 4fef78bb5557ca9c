import { Anthropic } from '@anthropic-ai/sdk';
import { defaultEffort } from '../core/effort.ts';
import { noRequestUsage, type RequestUsage } from '../core/usage.ts';
import { count } from './count.ts';
import { type Deadline, type DeadlineLimits, withDeadline } from './deadline.ts';
import { eventObject, readEvents } from './event-stream.ts';
import { eventFailure, type FailureContext, requestFailure, streamFailure } from './failure.ts';
import type { ModelReply, ModelRequest, Provider, Refusal, SendOptions } from './model.ts';
import { checkedApiKey, checkedBaseUrl, upstreamFetch } from './upstream-fetch.ts';

const name = 'anthropic';
const officialBaseUrl = 'https://api.anthropic.com';

/**
 * A provider that speaks the Anthropic Messages API: the official one, or with `base_url` any server that has
 * `/v1/messages`, such as Ollama. Importing this module loads the SDK, which is slow; import it when needed.
 * Throws an Error when the base URL or the key cannot be used. Nothing is read from the environment.
 */
export function anthropicProvider(
  options: { readonly base_url?: string; readonly api_key: string } & DeadlineLimits,
): Provider {
  const apiKey = checkedApiKey(options.api_key);
  // The SDK adds /v1 itself, but the base URLs that other servers document often end in it.
  const baseUrl = checkedBaseUrl(options.base_url ?? officialBaseUrl).replace(/\/v1$/, '');
  const bearer = { authorization: `Bearer ${apiKey}` };
  // The SDK and the official API use a bearer token. Proxies may know only one of the two headers.
  const auth = baseUrl === officialBaseUrl ? bearer : { ...bearer, 'x-api-key': apiKey };
  const client = new Anthropic({
    apiKey,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: options.timeout_ms,
    fetch: upstreamFetch(auth),
    // Each of these has an environment variable behind it when it is left out.
    webhookKey: null,
    logLevel: 'off',
    openTelemetry: false,
  });
  return {
    name,
    send: (request, { signal, onText }) =>
      withDeadline({ provider: name, limits: options, signal }, async (deadline) => {
        const context = { provider: name, api_key: apiKey, now_ms: Date.now() } as const;
        // Not `messages.create`: that writes to the console whenever a model is about to be retired.
        const response = await client
          .post('/v1/messages', { body: requestBody(request), signal: deadline.signal })
          .asResponse()
          .catch((error: unknown) => {
            throw requestFailure(error, context);
          });
        return readReply({ response, deadline, context, request, onText });
      }),
  };
}

function requestBody(request: ModelRequest): Anthropic.MessageCreateParamsStreaming {
  return {
    model: request.model,
    max_tokens: request.max_tokens,
    stream: true,
    messages: request.messages.map(({ role, content }) => ({ role, content: [...content] })),
    ...(request.system !== null && { system: request.system }),
    ...(request.effort !== defaultEffort && { output_config: { effort: request.effort } }),
  };
}

type Usage = { readonly [field in keyof RequestUsage]?: unknown };
type RefusalDetails = { readonly [field in keyof Refusal]?: unknown } | null;

/** What is read of the protocol's events. Every field may be missing: the server may be anyone's. */
type StreamEvent = {
  readonly type?: string;
  readonly index?: unknown;
  readonly message?: { readonly model?: unknown; readonly usage?: Usage };
  readonly content_block?: { readonly type?: string; readonly text?: unknown };
  readonly delta?: {
    readonly type?: string;
    readonly text?: unknown;
    readonly stop_reason?: string | null;
    readonly stop_details?: RefusalDetails;
  };
  readonly usage?: Usage;
};

async function readReply(options: {
  readonly response: Response;
  readonly deadline: Deadline;
  readonly context: FailureContext;
  readonly request: ModelRequest;
  readonly onText: SendOptions['onText'] | undefined;
}): Promise<ModelReply> {
  const { response, deadline, context, request, onText } = options;
  const texts: string[] = [];
  let block: unknown;
  let refusal: Refusal | null = null;
  let model = request.model;
  let usage = noRequestUsage;

  const addText = (index: unknown, text: unknown): void => {
    if (typeof text !== 'string' || text === '') return;
    // Blocks come one after another; those without text, such as thinking, never get a place of their own.
    if (texts.length === 0 || index !== block) texts.push('');
    block = index;
    texts[texts.length - 1] += text;
    onText?.(text);
  };

  const complete = await readEvents({
    provider: name,
    response,
    deadline,
    onData(data) {
      const event = eventObject(name, data) as StreamEvent;
      switch (event.type) {
        case 'message_start':
          if (typeof event.message?.model === 'string') model = event.message.model;
          usage = addUsage(usage, event.message?.usage);
          return false;
        case 'content_block_start':
          if (event.content_block?.type === 'text') addText(event.index, event.content_block.text);
          return false;
        case 'content_block_delta':
          if (event.delta?.type === 'text_delta') addText(event.index, event.delta.text);
          return false;
        case 'message_delta':
          usage = addUsage(usage, event.usage);
          if (event.delta?.stop_reason === 'refusal') refusal = readRefusal(event.delta.stop_details);
          return false;
        case 'message_stop':
          return true;
        case 'error':
          throw eventFailure(event, context);
        default:
          return false;
      }
    },
  });
  if (!complete) throw streamFailure(name, 'truncated');
  return { content: texts.map((text) => ({ type: 'text', text })), refusal, usage, served_model: model };
}

function readRefusal(details: RefusalDetails | undefined): Refusal {
  const words = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { category: words(details?.category), explanation: words(details?.explanation) };
}

/** Counts are totals so far, and an event repeats only some of them, or repeats them as zero; so the larger counts. */
function addUsage(before: RequestUsage, now: Usage | undefined): RequestUsage {
  const larger = (field: keyof Usage): number => Math.max(before[field], count(now?.[field]));
  return {
    input_tokens: larger('input_tokens'),
    output_tokens: larger('output_tokens'),
    cache_creation_input_tokens: larger('cache_creation_input_tokens'),
    cache_read_input_tokens: larger('cache_read_input_tokens'),
  };
}
