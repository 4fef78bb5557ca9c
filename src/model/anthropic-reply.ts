import { noRequestUsage, type RequestUsage } from '../core/usage.ts';
import { count } from './count.ts';
import { eventObject, readEvents } from './event-stream.ts';
import { eventFailure, fullWindowFailure, streamFailure } from './failure.ts';
import type { ModelReply, Refusal, SendOptions, ToolUse } from './model.ts';
import type { StreamedReply } from './streamed-reply.ts';
import { readToolInput, toolInput } from './tool-input.ts';

const name = 'anthropic';

/**
 * Reads a streamed reply of the Messages API to its end. Blocks other than text and calls, such as thinking, are left
 * out. Throws `ModelError` unless the whole reply has arrived, so that no part of one is ever acted on.
 */
export async function readReply(options: StreamedReply): Promise<ModelReply> {
  const { response, deadline, context, request } = options;
  const blocks = blockReader(options.onText);
  let stop: string | null = null;
  let details: RefusalDetails | undefined;
  let model = request.model;
  let usage = noRequestUsage;

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
        case 'content_block_delta':
          blocks.take(event);
          return false;
        case 'message_delta':
          usage = addUsage(usage, event.usage);
          stop = event.delta?.stop_reason ?? stop;
          details = event.delta?.stop_details ?? details;
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
  if (stop === 'model_context_window_exceeded') throw fullWindowFailure(name);
  const { content, tool_uses } = blocks.end({ cutOff: stop === 'max_tokens' });
  const refused = stop === 'refusal';
  return {
    content,
    // What a model that refuses had begun to do is not done.
    tool_uses: refused ? [] : tool_uses,
    refusal: refused ? readRefusal(details) : null,
    usage,
    served_model: model,
  };
}

type Usage = { readonly [field in keyof RequestUsage]?: unknown };
type RefusalDetails = { readonly [field in keyof Refusal]?: unknown } | null;

/** What is read of the protocol's events. Every field may be missing: the server may be anyone's. */
type StreamEvent = {
  readonly type?: string;
  readonly index?: unknown;
  readonly message?: { readonly model?: unknown; readonly usage?: Usage };
  readonly content_block?: {
    readonly type?: string;
    readonly text?: unknown;
    readonly name?: unknown;
    readonly input?: unknown;
  };
  readonly delta?: {
    readonly type?: string;
    readonly text?: unknown;
    readonly partial_json?: unknown;
    readonly stop_reason?: string | null;
    readonly stop_details?: RefusalDetails;
  };
  readonly usage?: Usage;
};

type Block =
  | { readonly type: 'text'; readonly index: unknown; text: string }
  | {
      readonly type: 'tool_use';
      readonly index: unknown;
      readonly name: string;
      readonly input: unknown;
      json: string;
    };

/** Puts the blocks of a reply together. They come one after another. */
function blockReader(onText: SendOptions['onText']): {
  readonly take: (event: StreamEvent) => void;
  /** `cutOff` tells that the model was stopped while it wrote, so that a call at the end may lack a part. */
  readonly end: (reply: { cutOff: boolean }) => Pick<ModelReply, 'content' | 'tool_uses'>;
} {
  const blocks: Block[] = [];
  let texts = 0;

  const addText = (index: unknown, text: unknown): void => {
    if (typeof text !== 'string' || text === '') return;
    let last = blocks.at(-1);
    if (last?.type !== 'text' || last.index !== index) {
      last = { type: 'text', index, text: '' };
      blocks.push(last);
      texts += 1;
    }
    last.text += text;
    onText?.(text, texts - 1);
  };
  const addJson = (index: unknown, json: unknown): void => {
    const last = blocks.at(-1);
    if (last?.type !== 'tool_use' || last.index !== index || typeof json !== 'string') return;
    last.json += json;
  };
  return {
    take({ type, index, content_block: block, delta }) {
      if (type === 'content_block_delta') {
        if (delta?.type === 'text_delta') addText(index, delta.text);
        else if (delta?.type === 'input_json_delta') addJson(index, delta.partial_json);
      } else if (block?.type === 'text') {
        addText(index, block.text);
      } else if (block?.type === 'tool_use') {
        if (typeof block.name !== 'string') throw streamFailure(name, 'malformed');
        blocks.push({ type: 'tool_use', index, name: block.name, input: block.input, json: '' });
      }
    },
    end: ({ cutOff }) => ({
      content: blocks.flatMap((block) =>
        block.type === 'text' ? [{ type: 'text' as const, text: block.text }] : [],
      ),
      tool_uses: blocks.flatMap((block) =>
        block.type === 'tool_use' ? [toolUse(block, cutOff && block === blocks.at(-1))] : [],
      ),
    }),
  };
}

/** Some servers send the input whole, with the start of the block. */
function toolUse(block: Extract<Block, { type: 'tool_use' }>, incomplete: boolean): ToolUse {
  const whole = block.json === '' && block.input !== undefined;
  const input = whole ? toolInput(block.input) : readToolInput(block.json);
  return { name: block.name, input: incomplete ? null : input };
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
