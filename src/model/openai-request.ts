import type { OpenAI } from 'openai';
import type { ReadyBlock, TextBlock } from '../core/content.ts';
import { defaultEffort, type Effort } from '../core/effort.ts';
import { documentHead, documentText, searchResultText, unshownText } from './block-text.ts';
import type { Message, ModelRequest, ToolResultBlock, ToolUseBlock } from './model.ts';
import { joined, keptBeginnings, requestText } from './request-text.ts';

type MessageParam = OpenAI.Chat.ChatCompletionMessageParam;
type Part = OpenAI.Chat.ChatCompletionContentPart;

/**
 * Makes what writes the bodies of requests to Chat Completions, as JSON. `official` tells that they go to OpenAI itself, or
 * to Azure, which know newer fields.
 */
export function bodyWriter(to: { readonly official: boolean }): (request: ModelRequest) => string {
  const written = (message: Message): string => joined(messageParams(message, to).map(asJson));
  const beginningOf = keptBeginnings<string>((before, added) => joined([before, ...added.map(written)]), '');
  return (request) => {
    const { model, system, messages, lasting = false } = request;
    const head: MessageParam[] = system === null ? [] : [{ role: 'system', content: system }];
    const begun = lasting ? messages.length - 1 : 0;
    const texts = [beginningOf(messages.slice(0, begun)), ...messages.slice(begun).map(written)];
    const before: Body = { model };
    return requestText([...head.map(asJson), ...texts], { before, behind: tailOf(request, to) });
  };
}

type Body = Partial<OpenAI.Chat.ChatCompletionCreateParamsStreaming>;

/** What stands behind the messages. */
function tailOf({ tools, max_tokens, effort }: ModelRequest, to: { readonly official: boolean }): Body {
  return {
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, input_schema }) => ({
        type: 'function' as const,
        function: { name, description, parameters: { ...input_schema } },
      })),
    }),
    stream: true,
    stream_options: { include_usage: true },
    // OpenAI's newer models reject `max_tokens`; compatible servers have always taken it, and several ignore or reject
    // the newer name.
    [to.official ? 'max_completion_tokens' : 'max_tokens']: max_tokens,
    ...(effort !== defaultEffort && { reasoning_effort: reasoningEffort(effort) }),
  };
}

function asJson(param: MessageParam): string {
  return JSON.stringify(param);
}

/** Compatible servers know three levels, so those above `high` become that. */
function reasoningEffort(effort: Effort): 'low' | 'medium' | 'high' {
  return effort === 'low' || effort === 'medium' ? effort : 'high';
}

function messageParams(message: Message, to: { readonly official: boolean }): readonly MessageParam[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: single(message.content.map(textPart)) }];
    case 'assistant':
      return [assistantParam(message.content)];
    case 'user':
      return userParams(message.content, to);
    default:
      return message satisfies never;
  }
}

function assistantParam(content: Extract<Message, { role: 'assistant' }>['content']): MessageParam {
  const texts = content.filter((block) => block.type === 'text').map(textPart);
  const calls = content.filter((block) => block.type === 'tool_use');
  return {
    role: 'assistant',
    content: texts.length === 0 && calls.length > 0 ? null : single(texts),
    ...(calls.length > 0 && { tool_calls: calls.map(callParam) }),
  };
}

function callParam({ id, name, input }: ToolUseBlock): OpenAI.Chat.ChatCompletionMessageToolCall {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
}

/**
 * Each result is a message of its own, directly behind the calls. Such a message holds text only, so that the pictures
 * and files of results follow with the rest of what the user says.
 */
function userParams(
  content: Extract<Message, { role: 'user' }>['content'],
  to: { readonly official: boolean },
): readonly MessageParam[] {
  const results: MessageParam[] = [];
  const rest: Part[] = [];
  for (const block of content) {
    if (block.type !== 'tool_result') {
      rest.push(blockPart(block, to));
      continue;
    }
    const parts = block.content.map((inner) => blockPart(inner, to));
    const texts = parts.filter((part) => part.type === 'text').map((part) => part.text);
    const others = parts.filter((part) => part.type !== 'text');
    results.push({ role: 'tool', tool_call_id: block.tool_use_id, content: resultText(block, texts) });
    if (others.length > 0)
      rest.push({ type: 'text', text: `From the result of call ${block.tool_use_id}:` }, ...others);
  }
  return rest.length === 0 ? results : [...results, { role: 'user', content: single(rest) }];
}

/** The protocol has no mark for a failure, and several servers reject a result without text. */
function resultText({ is_error, content }: ToolResultBlock, texts: readonly string[]): string {
  const text = texts.join('\n\n');
  if (is_error) return text === '' ? 'The tool failed.' : `The tool failed: ${text}`;
  if (text !== '') return text;
  return content.length === 0 ? 'The tool gave no output.' : 'The result follows in the next message.';
}

function blockPart(block: ReadyBlock, to: { readonly official: boolean }): Part {
  switch (block.type) {
    case 'text':
      return textPart(block);
    case 'image':
      return { type: 'image_url', image_url: { url: urlOf(block.source) } };
    case 'document':
      return documentPart(block, to);
    case 'search_result':
      return { type: 'text', text: searchResultText(block) };
    default:
      return block satisfies never;
  }
}

/** Text goes as text. A PDF goes only where the protocol's own `file` is known, and a URL of a document nowhere. */
function documentPart(
  block: Extract<ReadyBlock, { type: 'document' }>,
  { official }: { readonly official: boolean },
): Part {
  const { source, title } = block;
  const text = documentText(block);
  if (text !== null) {
    const head = documentHead(block);
    return { type: 'text', text: head === '' ? text : `${head}\n\n${text}` };
  }
  if (!official || source.type !== 'base64' || source.media_type !== 'application/pdf') {
    return { type: 'text', text: unshownText(block) };
  }
  return { type: 'file', file: { filename: title || 'document.pdf', file_data: urlOf(source) } };
}

type Source = Extract<ReadyBlock, { type: 'image' }>['source'];

function urlOf(source: Source): string {
  return source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
}

function textPart({ text }: TextBlock): OpenAI.Chat.ChatCompletionContentPartText {
  return { type: 'text', text };
}

/** A single text goes as a string, the one form that every compatible server reads. */
function single<P extends Part>(parts: P[]): string | P[] {
  const [first, ...more] = parts;
  return first?.type === 'text' && more.length === 0 ? first.text : parts;
}
