import type { Anthropic } from '@anthropic-ai/sdk';
import type { ReadyBlock, TextBlock } from '../core/content.ts';
import { defaultEffort } from '../core/effort.ts';
import { documentText, unshownText } from './block-text.ts';
import type { Message, ModelRequest, ToolDefinition, ToolResultBlock, ToolUseBlock } from './model.ts';
import { joined, keptBeginnings, requestText } from './request-text.ts';

const ephemeral = { cache_control: { type: 'ephemeral' } } as const;

/**
 * Makes what writes the bodies of requests to the Messages API, as JSON.
 *
 * Everything up to a mark for the cache is read from there by the next request that starts in the same way. A mark
 * stands behind what all sessions of a version share, tools and system prompt; and, as soon as another request is to
 * be expected, at the end of this request and of the one before. The last is needed because a cache is found only
 * within some twenty blocks before a mark, and many calls at once are more than that. To write a cache costs more than
 * to leave it, so that a first question without tools, often the only one, is not marked itself.
 *
 * Servers that are not Anthropic's get the marks too: gateways pass them on, and others are known to ignore them.
 */
export function bodyWriter(): (request: ModelRequest) => string {
  const beginningOf = keptBeginnings(goOn, { text: '', called: [] });
  return (request) => {
    const { messages, effort } = request;
    const begun = request.lasting === true ? unchanged(messages) : 0;
    const beginning = beginningOf(messages.slice(0, begun));
    const rest = placed(messages.slice(begun));
    const isArmed = request.tools.length > 0;
    const tools = isArmed ? request.tools : goneTools(namesWith(beginning, rest));
    const marks = messageMarks(rest, tools.length > 0);
    const texts = rest.map((message, i) => written(message, marks.includes(i) ? markLast : asItIs));
    const behind: Body = effort === defaultEffort ? {} : { output_config: { effort } };
    return requestText([beginning.text, ...texts], { before: headOf(request, { tools, isArmed }), behind });
  };
}

/** The first messages of a request, as they are sent, and the names of the tools that are called in them. */
type Beginning = { readonly text: string; readonly called: readonly string[] };

function goOn(before: Beginning, added: readonly Message[]): Beginning {
  return {
    text: joined([before.text, ...placed(added).map((message) => written(message, asItIs))]),
    called: namesWith(before, added),
  };
}

/**
 * How many messages stay as they are in the requests after this one: those up to the last reply but one. Behind it are the
 * marks, which move on.
 */
function unchanged(messages: readonly Message[]): number {
  const isReply = ({ role }: Message): boolean => role === 'assistant';
  const last = messages.findLastIndex(isReply);
  return messages.findLastIndex((message, i) => i < last && isReply(message)) + 1;
}

type Body = Partial<Anthropic.MessageCreateParamsStreaming>;

/** What stands before the messages. */
function headOf(
  request: ModelRequest,
  { tools, isArmed }: { readonly tools: readonly ToolDefinition[]; readonly isArmed: boolean },
): Body {
  const system = request.system === '' ? null : request.system;
  return {
    model: request.model,
    max_tokens: request.max_tokens,
    stream: true,
    ...(tools.length > 0 && { tools: tools.map(toolParam).map(system === null ? markLast : asItIs) }),
    ...(tools.length > 0 && !isArmed && { tool_choice: { type: 'none' } }),
    ...(system !== null && { system: [{ type: 'text', text: system, ...ephemeral }] }),
  };
}

/**
 * The API takes a system message only behind one of the user's, and with none of the user's behind it. So what is said
 * between two replies goes to the model in that order: first the user's words, then the instructions.
 */
function placed(messages: readonly Message[]): readonly Message[] {
  const ordered: Message[] = [];
  let user: (ReadyBlock | ToolResultBlock)[] = [];
  let system: TextBlock[] = [];
  const flush = (): void => {
    if (user.length > 0) ordered.push({ role: 'user', content: user });
    if (system.length > 0) ordered.push({ role: 'system', content: system });
    user = [];
    system = [];
  };
  for (const message of messages) {
    // One by one: a call takes only so many arguments.
    if (message.role === 'user') for (const block of message.content) user.push(block);
    else if (message.role === 'system') for (const block of message.content) system.push(block);
    else {
      flush();
      ordered.push(message);
    }
  }
  flush();
  return ordered;
}

/**
 * The API takes no calls in a conversation for which no tool is defined. Where all tools are gone, those that were called
 * stand in for them; the request says beside that none can be called.
 */
function goneTools(called: readonly string[]): ToolDefinition[] {
  const gone = { description: 'Not available any more.', input_schema: { type: 'object' } };
  return called.map((name) => ({ name, ...gone }));
}

/** The tools that are called, in the order of their first calls. */
function namesWith({ called }: Beginning, messages: readonly Message[]): readonly string[] {
  const names = new Set(called);
  for (const { role, content } of messages) {
    if (role !== 'assistant') continue;
    for (const block of content) if (block.type === 'tool_use') names.add(block.name);
  }
  return [...names];
}

/** The places of the messages whose ends are marked. */
function messageMarks(messages: readonly Message[], tools: boolean): readonly number[] {
  const before = messages.findLastIndex((message) => message.role === 'assistant') - 1;
  if (before < 0 && !tools) return [];
  return [before, messages.length - 1];
}

function toolParam({ name, description, input_schema }: ToolDefinition): Anthropic.Tool {
  return { name, description, input_schema: { ...input_schema, type: 'object' } };
}

function written(message: Message, mark: Mark): string {
  return JSON.stringify(messageParam(message, mark));
}

type Mark = <Item extends object>(item: Item, index: number, all: readonly Item[]) => Item;

function messageParam(message: Message, mark: Mark): Anthropic.MessageParam {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: message.content.map(userParam).map(mark) };
    case 'assistant':
      return { role: 'assistant', content: message.content.map(assistantParam).map(mark) };
    case 'system':
      return { role: 'system', content: message.content.map(textParam).map(mark) };
    default:
      return message satisfies never;
  }
}

function markLast<Item extends object>(item: Item, index: number, all: readonly Item[]): Item {
  return index === all.length - 1 ? { ...item, ...ephemeral } : item;
}

function asItIs<Item>(item: Item): Item {
  return item;
}

function assistantParam(block: TextBlock | ToolUseBlock): Anthropic.ContentBlockParam {
  if (block.type === 'text') return textParam(block);
  return { type: 'tool_use', id: block.id, name: block.name, input: block.input };
}

const failed: TextBlock = { type: 'text', text: 'The tool failed.' };

function userParam(block: ReadyBlock | ToolResultBlock): Anthropic.ContentBlockParam {
  if (block.type !== 'tool_result') return blockParam(block);
  const { tool_use_id, is_error } = block;
  // The API takes no failure without words.
  const content = is_error && block.content.length === 0 ? [failed] : block.content;
  return {
    type: 'tool_result',
    tool_use_id,
    ...(is_error && { is_error }),
    ...(content.length > 0 && { content: content.map(blockParam) }),
  };
}

type BlockParam =
  | Anthropic.TextBlockParam
  | Anthropic.ImageBlockParam
  | Anthropic.DocumentBlockParam
  | Anthropic.SearchResultBlockParam;

function blockParam(block: ReadyBlock): BlockParam {
  switch (block.type) {
    case 'text':
      return textParam(block);
    case 'image':
      return { type: 'image', source: block.source as Anthropic.ImageBlockParam['source'] };
    case 'document':
      return documentParam(block);
    case 'search_result': {
      const { source, title, content, citations } = block;
      return {
        type: 'search_result',
        source,
        title,
        content: content.map(textParam),
        ...(citations !== undefined && { citations }),
      };
    }
    default:
      return block satisfies never;
  }
}

function textParam({ text }: TextBlock): Anthropic.TextBlockParam {
  return { type: 'text', text };
}

/** A PDF goes as it is. Base64 of anything else is not known to the protocol, but text can be written out. */
function documentParam(block: Extract<ReadyBlock, { type: 'document' }>): BlockParam {
  const { source, title, context } = block;
  const said = { ...(title && { title }), ...(context && { context }) };
  if (source.type === 'url') return { type: 'document', source, ...said };
  if (source.type === 'base64' && source.media_type === 'application/pdf') {
    return { type: 'document', source: { ...source, media_type: source.media_type }, ...said };
  }
  const data = documentText(block);
  if (data === null) return { type: 'text', text: unshownText(block) };
  return { type: 'document', source: { type: 'text', media_type: 'text/plain', data }, ...said };
}
