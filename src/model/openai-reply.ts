import { noRequestUsage, type RequestUsage } from '../core/usage.ts';
import { count } from './count.ts';
import { eventObject, readEvents } from './event-stream.ts';
import { eventFailure, streamFailure } from './failure.ts';
import type { ModelReply } from './model.ts';
import { callReader } from './openai-calls.ts';
import type { StreamedReply } from './streamed-reply.ts';

const name = 'openai';

/**
 * Reads a streamed reply of Chat Completions to its end. Throws `ModelError` unless the whole reply has arrived, so
 * that no part of one is ever acted on.
 */
export async function readReply(options: StreamedReply): Promise<ModelReply> {
  const { response, deadline, context, request, onText } = options;
  const calls = callReader();
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
      const { content: piece, refusal, tool_calls: pieces } = choice?.delta ?? {};
      if (typeof piece === 'string' && piece !== '') {
        text += piece;
        onText?.(piece, 0);
      }
      if (typeof refusal === 'string') refused += refusal;
      if (pieces && !calls.take(pieces)) throw streamFailure(name, 'malformed');
      finish = choice?.finish_reason ?? finish;
      return false;
    },
  });
  if (finish === null) throw streamFailure(name, 'truncated');
  const refusal = readRefusal(refused, finish);
  return {
    content: text === '' ? [] : [{ type: 'text', text }],
    // What a model that refuses had begun to do is not done.
    tool_uses: refusal === null ? calls.end({ cutOff: finish === 'length' }) : [],
    refusal,
    usage,
    served_model: model,
  };
}

/** What is read of the protocol's chunks. Every field may be missing: the server may be anyone's. */
type Chunk = {
  readonly model?: unknown;
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: unknown;
      readonly refusal?: unknown;
      readonly tool_calls?: unknown;
    };
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
