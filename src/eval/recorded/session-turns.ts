import { readTime } from '../../core/clock.ts';
import type { TextBlock } from '../../core/content.ts';
import { endsTurn, readTurn, type SessionEvent, type TurnEnd } from '../turn-reader.ts';

/** One turn of a session, from what the user said to its end. */
export type SessionTurn = {
  /** What the user said, message by message; at least one. */
  readonly messages: readonly (readonly TextBlock[])[];
  readonly end: TurnEnd;
  /** Whether the model refused to answer. */
  readonly refused: boolean;
  readonly calls_tools: boolean;
  /** From the first of the messages to the end of the turn. */
  readonly latency_ms: number;
};

/**
 * The turns of a session that have ended, in order; the last may be one that waits for a client's answer to a call.
 * What a user said while the last try of a turn failed was not answered by it, and belongs to the next one. `model` is
 * who is taken to have answered where no event says so.
 */
export function turnsOf(events: readonly SessionEvent[], model: string): SessionTurn[] {
  const turns: SessionTurn[] = [];
  let heard: SessionEvent[] = [];
  let said: UserMessage[] = [];
  let late: UserMessage[] = [];
  let asked = false;
  let waiting: SessionEvent | null = null;
  for (const event of events) {
    heard.push(event);
    if (event.type === 'span.model_request_start') [asked, waiting] = [true, null];
    if (event.type === 'user.message') (asked ? late : said).push(event as UserMessage);
    if (!endsTurn(event)) continue;
    // The answer to a call belongs to the turn that has made it, and so does all that comes of it.
    waiting = waits(event) ? event : null;
    if (waiting !== null) continue;
    const [first] = said;
    if (asked && first !== undefined) turns.push(readOne({ heard, said, first, end: event, model }));
    if (asked) said = late;
    else said.push(...late);
    [heard, late, asked] = [[], [], false];
  }
  const [first] = said;
  if (waiting === null || first === undefined) return turns;
  return [...turns, readOne({ heard, said, first, end: waiting, model })];
}

/** Events by which an agent calls tools. */
export const toolTypes: readonly string[] = ['agent.tool_use', 'agent.custom_tool_use', 'agent.mcp_tool_use'];

/** The texts of a message as one. */
export function textOfMessage(content: readonly TextBlock[]): string {
  return content.map(({ text }) => text).join('\n');
}

/** A user message as a session of this server has it. */
type UserMessage = { readonly content: readonly TextBlock[]; readonly processed_at: string };

function waits(event: SessionEvent): boolean {
  return event.type === 'session.status_idle' && event.stop_reason.type === 'requires_action';
}

function readOne(given: {
  readonly heard: readonly SessionEvent[];
  readonly said: readonly UserMessage[];
  readonly first: UserMessage;
  readonly end: SessionEvent;
  readonly model: string;
}): SessionTurn {
  const { heard, said, first, end, model } = given;
  return {
    messages: said.map(({ content }) => content),
    end: readTurn(heard, { model, takes_tool_calls: false }),
    refused: end.type === 'session.status_idle' && String(end.stop_reason.type) === 'refusal',
    calls_tools: heard.some(({ type }) => toolTypes.includes(type)),
    latency_ms:
      (readTime((end as { processed_at: string }).processed_at) - readTime(first.processed_at)) / 1000,
  };
}
