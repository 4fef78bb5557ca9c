import { type Clock, formatTime, readTime } from '../core/clock.ts';
import type {
  EventBody,
  EventDraft,
  SessionError,
  StopDetails,
  StopReason,
  UsageSnapshot,
} from '../core/events.ts';
import { type Ids, primaryThreadId } from '../core/ids.ts';
import { listCost } from '../core/money.ts';
import type { SessionUsage } from '../core/usage.ts';
import type { SessionRow } from '../store/sessions.ts';
import { budgetOf } from './budget.ts';

/**
 * Which events say what, in which order. Every session reports its primary thread beside itself: right after
 * the session on the way up, right before `session.usage` on the way down.
 */

/** A turn begins, or goes on after a pause between retries. */
export function running(session: SessionRow): EventBody[] {
  return [
    { type: 'session.status_running' },
    { type: 'session.thread_status_running', ...threadOf(session) },
  ];
}

/** What listeners hear last of a session that is gone, as it goes over the wire. */
export function sessionDeleted({ ids, clock }: { readonly ids: Ids; readonly clock: Clock }): string {
  const processed_at = formatTime(clock.now());
  return JSON.stringify({ id: ids.next('event'), type: 'session.deleted', processed_at });
}

/** Gives each event its id. */
export function draftsWith(ids: Ids): (body: EventBody) => EventDraft {
  return (body) => ({ ...body, id: ids.next('event') });
}

/** A request to the model begins. Its id is what the end of the request refers to. */
export function requestStart(ids: Ids): EventDraft {
  return { type: 'span.model_request_start', id: ids.next('event') };
}

/** A turn begins with its first request open, under an attempt of its own: the events, and what becomes of the session's row. */
export function turnStart(session: SessionRow, { ids, at }: { ids: Ids; at: string }) {
  const request = requestStart(ids);
  const status = running(session).map(draftsWith(ids));
  return {
    events: [...status, request],
    changes: {
      ...({ status: 'running', running_since: at, open_span: request.id, rounds: 1 } as const),
      attempt: session.attempt + 1,
    },
  };
}

/** What a commit adds for the rollout that a session is in: its next look counts the session again. */
export function toBeCounted({ rollout_id }: Pick<SessionRow, 'rollout_id'>): Partial<SessionRow> {
  return rollout_id === null ? {} : { unseen: 1 };
}

/** The server will try again by itself. */
export function rescheduled(session: SessionRow, error: SessionError): EventBody[] {
  return [
    { type: 'session.error', error },
    { type: 'session.thread_status_rescheduled', ...threadOf(session) },
    { type: 'session.status_rescheduled' },
  ];
}

/** Why something rests. */
type Stop = { readonly reason: StopReason; readonly details: StopDetails };

/** Why a session rests. Its thread may have another reason: one that is done says so even when the budget is used up. */
export type Rest = Stop & { readonly thread?: Stop };

/** A turn is over, or waits for a client. The last of these is the last event until a client acts. */
export function idle(session: SessionRow, { thread, ...own }: Rest): EventBody[] {
  const stop = stopFields(own);
  const threadStop = stopFields(thread ?? own);
  const usage = JSON.parse(session.usage) as SessionUsage;
  return [
    { type: 'session.thread_status_idle', ...threadOf(session), ...threadStop },
    {
      type: 'session.usage',
      usage: usageSnapshot(usage, session),
      budget: budgetOf(session),
    },
    { type: 'session.status_idle', ...stop },
  ];
}

/** The session is over for good. */
export function terminated(session: SessionRow): EventBody[] {
  return [
    { type: 'session.thread_status_terminated', ...threadOf(session) },
    { type: 'session.status_terminated' },
  ];
}

/** Microseconds that a session has been active until `now`, the stretch under way included. */
export function activeUntil(session: Pick<SessionRow, 'active_us' | 'running_since'>, now: number): number {
  const since = session.running_since;
  return session.active_us + (since === null ? 0 : Math.max(0, now - readTime(since)));
}

/** Usage as events and answers carry it. */
export function usageSnapshot(
  usage: SessionUsage,
  { active_us, list_cost_usd }: Pick<SessionRow, 'active_us' | 'list_cost_usd'>,
): UsageSnapshot {
  const list_cost = listCost(list_cost_usd);
  return {
    ...usage,
    active_seconds: active_us / 1_000_000,
    ...(list_cost === null ? {} : { list_cost }),
  };
}

function stopFields({ reason, details }: Stop) {
  return { stop_reason: reason, stop_details: details };
}

function threadOf(session: SessionRow): { session_thread_id: string; agent_name: string } {
  return { session_thread_id: primaryThreadId(session.id), agent_name: session.agent_name };
}
