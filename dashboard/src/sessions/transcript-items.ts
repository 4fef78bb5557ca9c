import type { ResultBlock } from '../../../src/core/content.ts';
import type { EventBody, SessionError, StopReason } from '../../../src/core/events.ts';
import type { RequestUsage } from '../../../src/core/usage.ts';

/** An event as the API gives it. `processed_at` is null while it waits. */
export type SessionEvent = EventBody & { readonly id: string; readonly processed_at: string | null };

/** One thing of a transcript, in the order in which things began. */
export type TranscriptItem = { readonly id: string; readonly at: string | null } & (
  | {
      readonly kind: 'said';
      readonly by: 'user' | 'agent' | 'system';
      readonly content: readonly ResultBlock[];
    }
  | { readonly kind: 'call'; readonly call: ToolCall }
  | { readonly kind: 'request'; readonly request: ModelRequest }
  | { readonly kind: 'error'; readonly error: SessionError }
  | { readonly kind: 'idle'; readonly reason: StopReason; readonly explanation: string | null }
  | { readonly kind: 'note'; readonly text: string }
);

/** A call of a tool, with its answer once there is one. */
export type ToolCall = {
  readonly name: string;
  /** The MCP server that has the tool; null for a custom tool. */
  readonly server: string | null;
  readonly input: unknown;
  readonly permission: 'allow' | 'deny' | 'ask' | null;
  readonly answer: { readonly content: readonly ResultBlock[]; readonly is_error: boolean } | null;
  /** Milliseconds from the call to the answer; null while there is none. */
  readonly took_ms: number | null;
};

/** A request to a model. */
export type ModelRequest = {
  readonly is_over: boolean;
  readonly is_error: boolean;
  readonly model: string | null;
  readonly provider: string | null;
  readonly usage: RequestUsage | null;
  readonly cost_usd: number | null;
  readonly took_ms: number | null;
};

/** Makes a transcript of the events of a session, oldest first: answers stand with their calls, ends with their beginnings. */
export function transcriptItems(events: readonly SessionEvent[]): TranscriptItem[] {
  const items = new Map<string, TranscriptItem>();
  const began = new Map(events.map(({ id, processed_at }) => [id, processed_at]));
  const took = (from: string, to: string | null): number | null => between(began.get(from) ?? null, to);

  for (const event of events) {
    const place = { id: event.id, at: event.processed_at };
    switch (event.type) {
      case 'user.message':
      case 'agent.message':
      case 'system.message':
        items.set(event.id, { ...place, kind: 'said', by: speaker(event.type), content: event.content });
        break;
      case 'agent.custom_tool_use':
      case 'agent.mcp_tool_use':
      case 'agent.tool_use':
        items.set(event.id, { ...place, kind: 'call', call: callOf(event) });
        break;
      case 'user.custom_tool_result':
        answer(items, event.custom_tool_use_id, event, took(event.custom_tool_use_id, event.processed_at));
        break;
      case 'agent.mcp_tool_result':
        answer(items, event.mcp_tool_use_id, event, took(event.mcp_tool_use_id, event.processed_at));
        break;
      case 'agent.tool_result':
        answer(items, event.tool_use_id, event, took(event.tool_use_id, event.processed_at));
        break;
      case 'span.model_request_start':
        items.set(event.id, { ...place, kind: 'request', request: requestUnderWay });
        break;
      case 'span.model_request_end': {
        const { model_request_start_id: start, is_error, model_usage, pawl } = event;
        const request = {
          ...{ is_over: true, is_error, usage: model_usage },
          ...{
            model: pawl?.model ?? null,
            provider: pawl?.provider ?? null,
            cost_usd: pawl?.cost_usd ?? null,
          },
          took_ms: took(start, event.processed_at),
        };
        items.set(start, { id: start, at: began.get(start) ?? event.processed_at, kind: 'request', request });
        break;
      }
      case 'session.error':
        items.set(event.id, { ...place, kind: 'error', error: event.error });
        break;
      case 'session.status_idle': {
        const explanation = event.stop_details?.explanation ?? null;
        items.set(event.id, { ...place, kind: 'idle', reason: event.stop_reason, explanation });
        break;
      }
      default: {
        const text = notes[event.type];
        if (text !== undefined) items.set(event.id, { ...place, kind: 'note', text });
      }
    }
  }
  return [...items.values()];
}

const requestUnderWay: ModelRequest = {
  ...{ is_over: false, is_error: false, model: null, provider: null },
  ...{ usage: null, cost_usd: null, took_ms: null },
};

/** What else is worth a line; every other event says what other lines say already. */
const notes: Readonly<Partial<Record<EventBody['type'], string>>> = {
  'user.interrupt': 'Interrupted by the user',
  'user.tool_confirmation': 'A call was allowed or denied',
  'agent.thread_context_compacted': 'What came before was summed up, because it had outgrown the model',
  'session.status_rescheduled': 'The model did not answer; it is asked again',
  'session.status_terminated': 'The session has ended for good',
  'session.updated': 'The session was changed',
};

function speaker(type: 'user.message' | 'agent.message' | 'system.message'): 'user' | 'agent' | 'system' {
  if (type === 'user.message') return 'user';
  return type === 'agent.message' ? 'agent' : 'system';
}

type CallEvent = Extract<
  SessionEvent,
  { type: 'agent.custom_tool_use' | 'agent.mcp_tool_use' | 'agent.tool_use' }
>;

function callOf(event: CallEvent): ToolCall {
  const server = event.type === 'agent.mcp_tool_use' ? event.mcp_server_name : null;
  const permission = event.type === 'agent.custom_tool_use' ? null : event.evaluated_permission;
  return { name: event.name, server, input: event.input, permission, answer: null, took_ms: null };
}

function answer(
  items: Map<string, TranscriptItem>,
  call: string,
  {
    content = [],
    is_error = false,
  }: { readonly content?: readonly ResultBlock[]; readonly is_error?: boolean },
  took_ms: number | null,
): void {
  const item = items.get(call);
  if (item?.kind !== 'call') return;
  items.set(call, { ...item, call: { ...item.call, answer: { content, is_error }, took_ms } });
}

function between(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}
