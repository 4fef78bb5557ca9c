import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { ClientEventBody, EventDraft } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import { isBusy, type SessionStatus } from '../core/session.ts';
import type { SessionRow } from '../store/sessions.ts';
import { turnStart } from './choreography.ts';
import type { Journal } from './journal.ts';

/** Where each event of a request goes: into the history at once, or into the inbox for a later turn. */
export type Admission = {
  readonly history: readonly EventDraft[];
  readonly queue: readonly EventDraft[];
  /** Whether an idle session starts to run. */
  readonly starts: boolean;
};

/**
 * An idle session takes messages at once, all of one request into one turn; an interrupt changes nothing
 * there. A busy one queues everything. What follows an interrupt of the same request waits behind it.
 */
export function admit(status: SessionStatus, events: readonly EventDraft[]): Admission {
  if (isBusy(status)) return { history: [], queue: events, starts: false };
  const first = events.findIndex((event) => event.type === 'user.message');
  if (first === -1) return { history: events, queue: [], starts: false };
  const interrupt = events.findIndex((event, i) => i > first && event.type === 'user.interrupt');
  const end = interrupt === -1 ? events.length : interrupt;
  return { history: events.slice(0, end), queue: events.slice(end), starts: true };
}

type Deps = {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called once a session that was idle is committed as running, with its first request open. */
  readonly onStart: (sessionId: string, attempt: number) => void;
  /** Called once an interrupt is committed for a session that is busy. */
  readonly onInterrupt: (sessionId: string) => void;
  /** Called when it is not known whether the events were committed, because the database's answer was lost. */
  readonly onUncertain: (sessionId: string) => void;
};

/** Takes what clients send to sessions. */
export function createInbox({ journal, clock, ids, onStart, onInterrupt, onUncertain }: Deps) {
  return {
    /**
     * Accepts all of the events or none. When this resolves they are on disk and can be listed.
     * Gives the events as they go over the wire, in the order sent.
     * @throws PawlError `session_not_found`, `session_terminated`, `session_stopped`
     */
    async send(sessionId: string, bodies: readonly ClientEventBody[]): Promise<readonly string[]> {
      const drafts = bodies.map((body) => ({ ...body, id: ids.next('event') }));
      const write = journal.write(sessionId, (session) => {
        if (session.status === 'terminated') {
          const state = session.archived_at === null ? 'terminated' : 'archived';
          throw new PawlError(
            'session_terminated',
            `session ${sessionId} is ${state} and takes no more events`,
          );
        }
        if (session.stopped_at !== null) requireOnlyInterrupts(session, bodies);
        const admission = admit(session.status, drafts);
        const at = formatTime(clock.now());
        const start = admission.starts ? turnStart(session, { ids, at }) : null;
        return {
          events: [...admission.history, ...(start?.events ?? [])],
          queue: admission.queue,
          changes: {
            updated_at: at,
            ...(start === null ? {} : { ...start.changes, attempt: session.attempt + 1 }),
            // From its first message on, somebody sees what the rollout has given them.
            ...(start === null || session.rollout_id === null ? {} : { unseen: 1 }),
          },
          result: admission,
        };
      });
      const written = await write.catch((error: unknown) => {
        if (!(error instanceof PawlError)) onUncertain(sessionId);
        throw error;
      });
      const { result: admission, session } = written;
      if (admission.starts) onStart(sessionId, session.attempt);
      if (admission.queue.some((event) => event.type === 'user.interrupt')) onInterrupt(sessionId);
      const accepted = written.events.slice(0, admission.history.length).map((row) => row.data);
      return [...accepted, ...written.queued];
    },
  };
}

/** Whoever waits for a turn under way may still end it. */
function requireOnlyInterrupts(session: SessionRow, bodies: readonly ClientEventBody[]): void {
  if (bodies.every(({ type }) => type === 'user.interrupt')) return;
  const message = `session ${session.id} was stopped at ${session.stopped_at}, because version ${session.agent_version} of its agent was rolled back; open a new session`;
  throw new PawlError('session_stopped', message);
}

export type Inbox = ReturnType<typeof createInbox>;
