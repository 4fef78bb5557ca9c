import { readTime } from '../../core/clock.ts';
import type { MessageBlock, TextBlock } from '../../core/content.ts';
import { endsTurn, readTurn, type SessionEvent, stopOf, type TurnEnd } from '../turn-reader.ts';

/** One turn of a session, from what the user said to its end. */
export type SessionTurn = {
  /** What the user said, message by message; at least one. */
  readonly messages: readonly (readonly MessageBlock[])[];
  /** What the application told the agent beside that. */
  readonly told: readonly TextBlock[];
  /** Whether it told something more in the middle of the turn. */
  readonly told_midway: boolean;
  readonly end: TurnEnd;
  /** Whether the model refused to answer. */
  readonly refused: boolean;
  /** From the first of the messages to the end of the turn, without the time in which it waited for a client. */
  readonly latency_ms: number;
};

/**
 * The turns of a session that have ended, in order. One that waits for the answer to a call, or for its budget to be
 * raised, has not: what comes of it afterwards belongs to it. What a user said while the last try of a turn failed was not
 * answered by it, and belongs to the next one. `model` is who is taken to have answered where no event says so.
 */
export function turnsOf(events: readonly SessionEvent[], model: string): SessionTurn[] {
  const turns: SessionTurn[] = [];
  let open = newTurn();
  for (const event of events) {
    hear(open, event);
    if (!endsTurn(event)) continue;
    if (isPause(event, open.heard)) {
      open.paused_at ??= timeOf(event);
      // It hears them when it goes on.
      open.said.push(...open.late.splice(0));
      continue;
    }
    const [first] = open.said;
    if (open.asked && first !== undefined) turns.push(readOne(open, { first, end: event, model }));
    const left = open.asked ? open.late : [...open.said, ...open.late];
    open = { ...newTurn(), said: left, told: open.asked ? [] : open.told };
  }
  return turns;
}

/** The texts of a message as one. */
export function textOfMessage(content: readonly MessageBlock[]): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
}

/** A user message as a session of this server has it. */
type UserMessage = { readonly content: readonly MessageBlock[]; readonly processed_at: string };

/** A turn whose end is still to come. */
type OpenTurn = {
  readonly heard: SessionEvent[];
  readonly said: UserMessage[];
  /** What the user said after the agent had been asked. */
  readonly late: UserMessage[];
  readonly told: TextBlock[];
  told_midway: boolean;
  /** Whether the model was asked. */
  asked: boolean;
  /** Microseconds since 1970; null while it does not wait. */
  paused_at: number | null;
  paused_us: number;
};

function newTurn(): OpenTurn {
  return {
    ...{ heard: [], said: [], late: [], told: [] },
    ...{ told_midway: false, asked: false, paused_at: null, paused_us: 0 },
  };
}

function hear(open: OpenTurn, event: SessionEvent): void {
  // An interrupt where nothing is under way changes nothing.
  if (event.type !== 'user.interrupt' || open.asked) open.heard.push(event);
  switch (event.type) {
    case 'session.status_running':
    case 'span.model_request_start':
      if (open.paused_at !== null) open.paused_us += timeOf(event) - open.paused_at;
      open.paused_at = null;
      if (event.type === 'span.model_request_start') open.asked = true;
      break;
    case 'user.message':
      (open.asked ? open.late : open.said).push(event as UserMessage);
      break;
    case 'system.message':
      if (open.asked) open.told_midway = true;
      else open.told.push(...(event.content as readonly TextBlock[]));
      break;
    default:
  }
}

/** Whether the turn goes on when a client acts. */
function isPause(event: SessionEvent, heard: readonly SessionEvent[]): boolean {
  if (event.type !== 'session.status_idle') return false;
  const stop = stopOf(heard);
  return stop === 'requires_action' || stop === 'budget_reached';
}

function readOne(
  open: OpenTurn,
  { first, end, model }: { first: UserMessage; end: SessionEvent; model: string },
): SessionTurn {
  const { heard, said, told, told_midway, paused_us } = open;
  return {
    messages: said.map(({ content }) => content),
    ...{ told, told_midway },
    end: readTurn(heard, { model, takes_tool_calls: false }),
    refused: end.type === 'session.status_idle' && String(stopOf(heard)) === 'refusal',
    latency_ms: (timeOf(end) - readTime(first.processed_at) - paused_us) / 1000,
  };
}

/** Events of this server all have their time. */
function timeOf(event: SessionEvent): number {
  return readTime((event as { processed_at: string }).processed_at);
}
