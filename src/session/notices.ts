import type { EventDraft } from '../core/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { EventType, WebhookEvent } from '../webhook/event-types.ts';

/** What webhooks hear of an event, where that is a thing of its own; the stream's word is often another one. */
const toldAs: Partial<Record<EventDraft['type'], EventType>> = {
  'session.status_running': 'session.status_run_started',
  'session.status_idle': 'session.status_idled',
  'session.status_rescheduled': 'session.status_rescheduled',
  'session.status_terminated': 'session.status_terminated',
  'session.updated': 'session.updated',
  'session.thread_status_idle': 'session.thread_idled',
  'session.thread_status_terminated': 'session.thread_terminated',
};

/** What a commit does to a session, as far as webhooks hear of it. */
type Commit = {
  readonly events: readonly EventDraft[];
  readonly changes: Partial<SessionRow>;
  /** When, as stored. */
  readonly at: string;
};

/** What webhooks are told of one commit to a session's history, in order. `session` is as it was before. */
export function noticesOf(session: SessionRow, { events, changes, at }: Commit): WebhookEvent[] {
  const archives = session.archived_at === null && (changes.archived_at ?? null) !== null;
  return [
    ...events.flatMap((event) => noticesOfEvent(session.id, event, at)),
    ...(archives ? [sessionNotice('session.archived', session.id, at)] : []),
  ];
}

/** What webhooks are told of a session as a whole; `at` as stored. */
export function sessionNotice(type: EventType, id: string, at: string): WebhookEvent {
  return { type, data: { id }, at };
}

function noticesOfEvent(id: string, event: EventDraft, at: string): WebhookEvent[] {
  const type = toldAs[event.type];
  if (type === undefined) return [];
  const thread = 'session_thread_id' in event ? { session_thread_id: event.session_thread_id } : {};
  const isSpent = event.type === 'session.status_idle' && event.stop_reason.type === 'budget_reached';
  return [
    ...(isSpent ? [sessionNotice('session.budget_reached', id, at)] : []),
    { type, data: { id, ...thread }, at },
  ];
}
