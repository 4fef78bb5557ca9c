import type { AgentConfig } from './agent-config.ts';
import type { TextBlock } from './content.ts';
import type { Metadata } from './metadata.ts';
import type { RequestUsage, SessionUsage } from './usage.ts';

/** Why a turn ended. `retries_exhausted` means that the model could not be reached or would not serve. */
export type StopReason = { readonly type: 'end_turn' | 'retries_exhausted' | 'refusal' };

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
  | 'billing_error';

export type SessionError = {
  readonly type: SessionErrorType;
  readonly message: string;
  readonly retry_status: RetryStatus;
};

/** A session's usage as an event carries it, with the seconds that it has spent running. */
export type UsageSnapshot = SessionUsage & { readonly active_seconds: number };

/** The agent as a session holds it: its version's config without the metadata. */
export type SessionAgent = { readonly type: 'agent'; readonly id: string; readonly version: number } & Omit<
  AgentConfig,
  'metadata'
>;

type ThreadFields = { readonly session_thread_id: string; readonly agent_name: string };

/** Events that a client may send. */
export type ClientEventBody =
  | { readonly type: 'user.message'; readonly content: readonly TextBlock[] }
  | { readonly type: 'user.interrupt' };

/** Events that the server writes. */
export type ServerEventBody =
  | { readonly type: 'agent.message'; readonly content: readonly TextBlock[] }
  | { readonly type: 'span.model_request_start' }
  | {
      readonly type: 'span.model_request_end';
      readonly model_request_start_id: string;
      readonly is_error: boolean;
      readonly model_usage: RequestUsage;
      /** Who answered, and under which model name; null when nobody did. */
      readonly pawl: { readonly provider: string; readonly model: string } | null;
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
  | { readonly type: 'session.usage'; readonly usage: UsageSnapshot; readonly budget: null }
  | { readonly type: 'session.error'; readonly error: SessionError }
  | {
      readonly type: 'session.updated';
      readonly title?: string | null;
      readonly metadata?: Metadata;
      readonly agent?: SessionAgent;
    };

export type EventBody = ClientEventBody | ServerEventBody;
export type EventType = EventBody['type'];

/** An event before it has its place in a history. The id is given early where something refers to it. */
export type EventDraft = EventBody & { readonly id: string };

/** The types that a model reads: the words of the two sides. */
export const conversationTypes = ['user.message', 'agent.message'] as const satisfies readonly EventType[];
