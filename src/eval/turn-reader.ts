import type Anthropic from '@anthropic-ai/sdk';
import type { Json } from '../core/evaluation.ts';
import type { CaseError } from './result.ts';
import type { CaseUsage, Outcome, ToolCall } from './score.ts';

type Streamed = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents;
type Listed = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEvent;
/** An event of a session as the SDK gives it, from a stream or from a list. */
export type SessionEvent = Streamed | Listed;

/** What the events of one turn come to. */
export type TurnEnd =
  | { readonly ok: true; readonly outcome: Omit<Outcome, 'session_id' | 'latency_ms' | 'cost_usd'> }
  | { readonly ok: false; readonly error: Omit<CaseError, 'session_id'> };

/** Whether a turn ends with this event. */
export function endsTurn({ type }: { readonly type: string }): boolean {
  return type === 'session.status_idle' || type === 'session.status_terminated' || type === 'session.deleted';
}

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
  let reply = '';
  let failure: string | null = null;
  let servedBy = model;
  const tool_calls: ToolCall[] = [];
  const usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
  for (const event of events) {
    switch (event.type) {
      case 'agent.message':
        for (const block of event.content) if ('text' in block) reply += block.text;
        break;
      case 'agent.tool_use':
      case 'agent.custom_tool_use':
      case 'agent.mcp_tool_use':
        tool_calls.push({ name: event.name, input: event.input as Json });
        break;
      case 'span.model_request_end':
        addUsage(usage, event.model_usage);
        servedBy = servedByOf(event) ?? servedBy;
        break;
      case 'session.error':
        // The endpoint goes on by itself after any other.
        if (event.error.retry_status.type !== 'retrying') failure = event.error.message;
        break;
      case 'session.status_idle':
        if (event.stop_reason.type === 'requires_action' && !takes_tool_calls) {
          const names = tool_calls.map(({ name }) => name).join(', ');
          return failed(
            'needs_action',
            `the agent waits for the result of ${names === '' ? 'a tool' : names}`,
          );
        }
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
  return { ok: true, outcome: { reply, tool_calls, usage, served_by: servedBy } };
}

function failed(kind: CaseError['kind'], message: string): TurnEnd {
  return { ok: false, error: { kind, message } };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function addUsage(
  total: Mutable<CaseUsage>,
  used: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly cache_read_input_tokens: number;
    readonly cache_creation_input_tokens: number;
  },
): void {
  total.input_tokens += used.input_tokens;
  total.output_tokens += used.output_tokens;
  total.cache_read_tokens += used.cache_read_input_tokens;
  total.cache_write_tokens += used.cache_creation_input_tokens;
}

/** Our own servers say who answered; the official API does not. */
function servedByOf(event: object): string | null {
  const { pawl } = event as { pawl?: { provider?: unknown; model?: unknown } | null };
  if (typeof pawl?.provider !== 'string' || typeof pawl.model !== 'string') return null;
  return `${pawl.provider}/${pawl.model}`;
}
