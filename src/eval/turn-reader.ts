import type Anthropic from '@anthropic-ai/sdk';
import type { Json } from '../core/evaluation.ts';
import { addCost } from '../core/money.ts';
import type { RequestUsage } from '../core/usage.ts';
import type { CaseError } from './result.ts';
import type { CaseUsage, Outcome, ToolCall } from './score.ts';

type Streamed = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents;
type Listed = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEvent;
/** An event of a session as the SDK gives it, from a stream or from a list. */
export type SessionEvent = Streamed | Listed;
type StopReason = Extract<SessionEvent, { type: 'session.status_idle' }>['stop_reason'];

/** What the events of one turn come to. */
export type TurnEnd =
  | {
      readonly ok: true;
      /** `cost_usd` is what the endpoint says that the turn cost; null when it does not say. */
      readonly outcome: Omit<Outcome, 'session_id' | 'latency_ms'>;
    }
  | { readonly ok: false; readonly error: Omit<CaseError, 'session_id'> };

/** Whether a turn ends with this event. */
export function endsTurn({ type }: { readonly type: string }): boolean {
  return type === 'session.status_idle' || type === 'session.status_terminated' || type === 'session.deleted';
}

/**
 * Why events come to rest; null when they do not. Where a budget is used up, the thread says whether its turn had come to
 * its end before.
 */
export function stopOf(events: readonly SessionEvent[]): StopReason['type'] | null {
  const idle = events.findLast((event) => event.type === 'session.status_idle');
  if (idle?.stop_reason.type !== 'budget_reached') return idle?.stop_reason.type ?? null;
  const thread = events.findLast((event) => event.type === 'session.thread_status_idle');
  return thread?.stop_reason.type ?? 'budget_reached';
}

/** Calls of tools, and what comes of them. */
const toolTypes: readonly string[] = [
  ...['agent.tool_use', 'agent.custom_tool_use', 'agent.mcp_tool_use'],
  ...['agent.tool_result', 'agent.mcp_tool_result', 'user.custom_tool_result', 'user.tool_result'],
];

/** Whether the endpoint says by this event that its model is asked too much. */
export function saysThrottled(event: SessionEvent): boolean {
  if (event.type !== 'session.error') return false;
  return event.error.type === 'model_rate_limited_error' || event.error.type === 'model_overloaded_error';
}

/**
 * Reads a finished turn. `takes_tool_calls` says that a call which waits for the caller's result is an answer, because
 * calls are what is scored; otherwise the agent could not finish, and that is an error.
 */
export function readTurn(
  events: readonly SessionEvent[],
  { model, takes_tool_calls }: { readonly model: string; readonly takes_tool_calls: boolean },
): TurnEnd {
  const words = createWords();
  let failure: string | null = null;
  let waitsFor: string | null = null;
  let servedBy = model;
  const tool_calls: ToolCall[] = [];
  const usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
  const costs: (number | null)[] = [];
  for (const event of events) {
    words.hear(event);
    switch (event.type) {
      case 'agent.tool_use':
      case 'agent.custom_tool_use':
      case 'agent.mcp_tool_use':
        tool_calls.push({ name: event.name, input: event.input as Json });
        break;
      case 'span.model_request_end':
        addUsage(usage, event.model_usage);
        servedBy = servedByOf(event) ?? servedBy;
        if (isPaid(event.model_usage)) costs.push(costOf(event));
        break;
      case 'session.error':
        // The endpoint goes on by itself after any other, and without the tools of a server that is away.
        if (event.error.retry_status.type === 'retrying' || event.error.type.startsWith('mcp_')) break;
        failure = event.error.message;
        break;
      case 'session.status_idle':
        // In a session that somebody else has led, what was waited for may have come.
        waitsFor = waitedFor(event.stop_reason, events);
        if (stopOf(events) === 'budget_reached') failure ??= 'the budget of the session was used up';
        if (event.stop_reason.type === 'retries_exhausted') failure ??= 'the model could not be reached';
        break;
      case 'user.interrupt':
        return failed('endpoint', 'the turn was interrupted from outside');
      case 'session.status_terminated':
      case 'session.deleted':
        return failed('endpoint', failure ?? 'the session was ended from outside');
      default:
    }
  }
  if (failure !== null) return failed('model', failure);
  if (waitsFor !== null && !takes_tool_calls) return failed('needs_action', waitsFor);
  // What is partly unknown is not known: the rest alone would be too little.
  const cost_usd = costs.includes(null) ? null : costs.reduce(addCost, null);
  return { ok: true, outcome: { reply: words.reply(), tool_calls, usage, cost_usd, served_by: servedBy } };
}

/** What the agent says to a user: all that follows its last call or result, or, where nothing does, all of the turn. */
function createWords() {
  let all = '';
  let last = '';
  return {
    hear(event: SessionEvent): void {
      if (toolTypes.includes(event.type)) last = '';
      if (event.type !== 'agent.message') return;
      for (const block of event.content) {
        if (!('text' in block)) continue;
        all += block.text;
        last += block.text;
      }
    },
    reply: (): string => (last.trim() === '' ? all : last),
  };
}

function failed(kind: CaseError['kind'], message: string): TurnEnd {
  return { ok: false, error: { kind, message } };
}

/** Whose answer to which calls the agent waits for; null when it does not. */
function waitedFor(reason: StopReason, events: readonly SessionEvent[]): string | null {
  if (reason.type !== 'requires_action') return null;
  const calls = events.flatMap((event) =>
    'name' in event && reason.event_ids.includes(event.id) ? [event] : [],
  );
  const names = calls.map(({ name }) => name).join(', ');
  const which = calls.length > 1 ? `the tools ${names}` : `the tool ${names}`;
  const isAsked = calls.length > 0 && calls.every(({ type }) => type !== 'agent.custom_tool_use');
  return `the agent called ${calls.length === 0 ? 'a tool' : which}, which nobody has ${isAsked ? 'allowed' : 'answered'}`;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function addUsage(total: Mutable<CaseUsage>, used: RequestUsage): void {
  total.input_tokens += used.input_tokens;
  total.output_tokens += used.output_tokens;
  total.cache_read_tokens += used.cache_read_input_tokens;
  total.cache_write_tokens += used.cache_creation_input_tokens;
}

/** Whether a request took any tokens; one that failed has none. */
function isPaid(used: RequestUsage): boolean {
  const read = used.input_tokens + used.cache_read_input_tokens + used.cache_creation_input_tokens;
  return read + used.output_tokens > 0;
}

/** What our own servers add to the end of a request; the official API adds nothing. */
type Extras = { readonly provider?: unknown; readonly model?: unknown; readonly cost_usd?: unknown } | null;

function extrasOf(event: object): Extras {
  return (event as { pawl?: Extras }).pawl ?? null;
}

function servedByOf(event: object): string | null {
  const { provider, model } = extrasOf(event) ?? {};
  return typeof provider === 'string' && typeof model === 'string' ? `${provider}/${model}` : null;
}

function costOf(event: object): number | null {
  const { cost_usd } = extrasOf(event) ?? {};
  return typeof cost_usd === 'number' && cost_usd >= 0 ? cost_usd : null;
}
