import type { ReadyBlock, ResultBlock } from '../core/content.ts';
import type { SessionError } from '../core/events.ts';
import type { Message, ModelRequest } from '../model/model.ts';
import type { ConversationEvent } from './transcript.ts';

/** An event of a history with its place there. */
export type PlacedEvent = ConversationEvent & { readonly seq: number };

/** A conversation that is being put into fewer words, piece by piece: a piece and what came of those before it. */
export type Summary = {
  readonly done: string;
  readonly rest: string;
  /** How many characters go into one request. */
  readonly size: number;
  /** How many requests may still be made. */
  readonly requests: number;
  /**
   * The `seq` of the user's message that is kept word for word, because nothing has been said to it yet; null when the
   * summary covers all there is.
   */
  readonly kept: number | null;
};

const mostRequests = 40;
const smallestPiece = 2000;

/**
 * What has to be summarised: all but a last message that is still to be answered, with the instruction that goes with it;
 * null when there is nothing else. A summary from before comes first: it is about what was before everything else.
 */
export function startSummary(events: readonly PlacedEvent[]): Summary | null {
  const notes = events.findLast((event) => event.type === 'agent.thread_context_compacted');
  const words = events.filter((event) => event.type !== 'agent.thread_context_compacted');
  const place = words.findLastIndex((event) => event.type !== 'system.message');
  const last = words[place];
  const kept = last?.type === 'user.message' ? last.seq : null;
  const older = kept === null ? words : words.slice(0, place);
  const rest = (notes === undefined ? older : [notes, ...older])
    .map(inWords)
    .filter((words) => words !== '')
    .join('\n\n');
  if (rest === '') return null;
  // All of it was too long for the model, so that half of it is the most that is worth a try.
  return { done: '', rest, size: Math.ceil(rest.length / 2), requests: mostRequests, kept };
}

/** The request for the next piece: the model that the conversation is with writes its summary. */
export function summaryRequest(base: ModelRequest, { done, rest, size }: Summary): ModelRequest {
  const before = done === '' ? '' : `The notes so far:\n\n${done}\n\n`;
  const text = `${before}The conversation goes on:\n\n${rest.slice(0, size)}`;
  const messages: Message[] = [{ role: 'user', content: [{ type: 'text', text }] }];
  return { ...base, system: instructions, messages, tools: [], lasting: false };
}

/** After a piece was summarised; `rest` is empty when it was the last. Null when no more requests may be made. */
export function afterPiece(summary: Summary, done: string): Summary | null {
  const { rest, size, requests } = summary;
  return requests <= 1 ? null : { ...summary, done, rest: rest.slice(size), requests: requests - 1 };
}

/** After the model found a piece too long; null when pieces have become too small to be worth it. */
export function withSmallerPieces(summary: Summary): Summary | null {
  const size = Math.floor(Math.min(summary.size, summary.rest.length) / 2);
  const requests = summary.requests - 1;
  return size < smallestPiece || requests < 1 ? null : { ...summary, size, requests };
}

/** What is said when a conversation cannot be made to fit. */
export function doesNotFit(why: string): SessionError {
  return {
    type: 'compaction_limit_reached_error',
    message: `The conversation is longer than the model can read, and ${why}`,
    retry_status: { type: 'exhausted' },
  };
}

const instructions = `You keep the notes of a conversation between a user and an agent that has become too long to be read in full. From the notes so far and the next part of the conversation, write the notes anew. They replace everything before them, so keep all that the agent needs to go on: what the user wants and has decided, facts, names, numbers and ids word for word, what was done with which tools and what came of it, and what is still open. Leave out greetings and repetitions. Write the notes and nothing else.`;

function inWords(event: ConversationEvent): string {
  switch (event.type) {
    case 'user.message':
      return `User: ${blocksInWords(event.content)}`;
    case 'agent.message':
      return `Agent: ${blocksInWords(event.content)}`;
    case 'system.message':
      return `Instruction: ${blocksInWords(event.content)}`;
    case 'agent.custom_tool_use':
    case 'agent.mcp_tool_use':
    case 'agent.tool_use':
      return `Agent calls ${event.name}: ${JSON.stringify(event.input)}`;
    case 'user.custom_tool_result':
    case 'agent.mcp_tool_result':
    case 'agent.tool_result':
      return `${event.is_error === true ? 'Error' : 'Result'}: ${blocksInWords(event.content ?? [])}`;
    case 'agent.thread_context_compacted':
      return `Notes of what was before: ${event.pawl.summary}`;
  }
}

function blocksInWords(blocks: readonly (ReadyBlock | ResultBlock)[]): string {
  return blocks.map(blockInWords).join('\n');
}

function blockInWords(block: ReadyBlock | ResultBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
      return '[an image]';
    case 'search_result':
      return `${block.title}: ${block.content.map(({ text }) => text).join('\n')}`;
    case 'document': {
      const title = typeof block.title === 'string' ? `: ${block.title}` : '';
      return block.source.type === 'text' ? block.source.data : `[a document${title}]`;
    }
  }
}
