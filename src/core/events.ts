import type { AgentConfig } from './agent-config.ts';
import type { Budget, Money } from './budget.ts';
import type { MessageBlock, ResultBlock, TextBlock } from './content.ts';
import type { Metadata } from './metadata.ts';
import type { JsonObject, PolicyType } from './tools.ts';
import type { RequestUsage, SessionUsage } from './usage.ts';

/**
 * Why a session is idle. `retries_exhausted` means that the model could not be reached or would not serve, or that a
 * limit of tool rounds was reached; `requires_action` waits for a client's answer to each of the calls that it names.
 */
export type StopReason =
  | { readonly type: 'end_turn' | 'retries_exhausted' | 'refusal' | 'budget_reached' }
  | { readonly type: 'requires_action'; readonly event_ids: readonly string[] };

/** What the model said of its refusal; null for every other stop reason. */
export type StopDetails = {
  readonly type: 'refusal';
  readonly category: RefusalCategory | null;
  readonly explanation: string | null;
} | null;

export const refusalCategories = [
  'cyber',
  'bio',
  'frontier_llm',
  'reasoning_extraction',
  'general_harms',
] as const;
export type RefusalCategory = (typeof refusalCategories)[number];

/** Whether the server goes on by itself (`retrying`), or has ended the turn (`exhausted`). */
export type RetryStatus = { readonly type: 'retrying' | 'exhausted' };

export type SessionErrorType =
  | 'unknown_error'
  | 'model_overloaded_error'
  | 'model_rate_limited_error'
  | 'model_request_failed_error'
  | 'billing_error'
  | 'tool_use_limit_reached_error'
  | 'compaction_limit_reached_error';

export type SessionError =
  | {
      readonly type: SessionErrorType;
      readonly message: string;
      readonly retry_status: RetryStatus;
    }
  | {
      readonly type: 'mcp_connection_failed_error' | 'mcp_authentication_failed_error';
      readonly message: string;
      readonly retry_status: RetryStatus;
      /** The name that the agent gives the server. */
      readonly mcp_server_name: string;
    };

/** A session's usage as events and answers carry it. */
export type UsageSnapshot = SessionUsage & {
  /** Seconds spent running. */
  readonly active_seconds: number;
  /** What it cost at list prices, in whole cents; absent while none of its requests has a price. */
  readonly list_cost?: Money;
};

/** The agent as a session holds it: its version's config without the metadata. */
export type SessionAgent = { readonly type: 'agent'; readonly id: string; readonly version: number } & Omit<
  AgentConfig,
  'metadata'
>;

type ThreadFields = { readonly session_thread_id: string; readonly agent_name: string };

/** Whether a call may run, as its event says: at once, never, or after a person has said so. */
export type EvaluatedPermission = 'allow' | 'deny' | 'ask';

/** What decided on a call. `auto` asks, because nobody here can judge. */
export type PermissionEvaluation =
  | { readonly type: Exclude<PolicyType, 'auto'> }
  | {
      readonly type: 'auto';
      readonly evaluated_permission: { readonly type: 'ask'; readonly reason_code: 'indeterminate' };
    };

/** The answer of a tool, as the caller or this server has it. Absent content means that it had nothing to say. */
type ToolAnswer = { readonly content?: readonly ResultBlock[]; readonly is_error?: boolean };

/** Events that a client may send. */
export type ClientEventBody =
  | { readonly type: 'user.message'; readonly content: readonly MessageBlock[] }
  // A thread may be named, and there is one in each session.
  | { readonly type: 'user.interrupt'; readonly session_thread_id?: string }
  | {
      readonly type: 'user.tool_confirmation';
      readonly tool_use_id: string;
      readonly result: 'allow' | 'deny';
      /** What the model is told of the reason; only with `deny`. */
      readonly deny_message?: string;
    }
  | ({ readonly type: 'user.custom_tool_result'; readonly custom_tool_use_id: string } & ToolAnswer)
  | { readonly type: 'system.message'; readonly content: readonly TextBlock[] };

/** Events that the server writes. */
export type ServerEventBody =
  | { readonly type: 'agent.message'; readonly content: readonly TextBlock[] }
  | { readonly type: 'agent.custom_tool_use'; readonly name: string; readonly input: JsonObject }
  | {
      readonly type: 'agent.mcp_tool_use';
      readonly mcp_server_name: string;
      readonly name: string;
      readonly input: JsonObject;
      readonly evaluated_permission: EvaluatedPermission;
      readonly evaluation: PermissionEvaluation;
    }
  | ({ readonly type: 'agent.mcp_tool_result'; readonly mcp_tool_use_id: string } & ToolAnswer)
  // A call that no tool answers to: it was never enabled, or the model made it up.
  | {
      readonly type: 'agent.tool_use';
      readonly name: string;
      readonly input: JsonObject;
      readonly evaluated_permission: 'deny';
    }
  | ({ readonly type: 'agent.tool_result'; readonly tool_use_id: string } & ToolAnswer)
  // The conversation had outgrown the model's window: what came before is the summary from here on.
  | { readonly type: 'agent.thread_context_compacted'; readonly pawl: { readonly summary: string } }
  | { readonly type: 'span.model_request_start' }
  | {
      readonly type: 'span.model_request_end';
      readonly model_request_start_id: string;
      readonly is_error: boolean;
      readonly model_usage: RequestUsage;
      /** Who answered, under which model name, and at what list price in US dollars; null when nobody did. */
      readonly pawl: {
        readonly provider: string;
        readonly model: string;
        readonly cost_usd: number | null;
      } | null;
    }
  | { readonly type: 'session.status_running' }
  | { readonly type: 'session.status_rescheduled' }
  | { readonly type: 'session.status_terminated' }
  | {
      readonly type: 'session.status_idle';
      readonly stop_reason: StopReason;
      readonly stop_details: StopDetails;
    }
  | ({ readonly type: 'session.thread_status_running' } & ThreadFields)
  | ({ readonly type: 'session.thread_status_rescheduled' } & ThreadFields)
  | ({ readonly type: 'session.thread_status_terminated' } & ThreadFields)
  | ({
      readonly type: 'session.thread_status_idle';
      readonly stop_reason: StopReason;
      readonly stop_details: StopDetails;
    } & ThreadFields)
  | { readonly type: 'session.usage'; readonly usage: UsageSnapshot; readonly budget: Budget | null }
  | { readonly type: 'session.error'; readonly error: SessionError }
  | {
      readonly type: 'session.updated';
      readonly title?: string | null;
      readonly metadata?: Metadata;
      readonly agent?: SessionAgent;
      readonly budget?: Budget | null;
    };

export type EventBody = ClientEventBody | ServerEventBody;
export type EventType = EventBody['type'];

/** An event before it has its place in a history. The id is given early where something refers to it. */
export type EventDraft = EventBody & { readonly id: string };

/** The types that a model reads: the words of the two sides, calls and their answers, and what stands for older ones. */
export const conversationTypes = [
  ...(['user.message', 'agent.message', 'system.message'] as const),
  ...(['agent.custom_tool_use', 'user.custom_tool_result'] as const),
  ...(['agent.mcp_tool_use', 'agent.mcp_tool_result'] as const),
  ...(['agent.tool_use', 'agent.tool_result'] as const),
  'agent.thread_context_compacted',
] as const satisfies readonly EventType[];
