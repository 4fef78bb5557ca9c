import { type Clock, formatTime, readTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { EventDraft } from '../core/events.ts';
import { isBusy } from '../core/session.ts';
import type { NewJob, Queue } from '../queue/queue.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { clearInbox, type EventRow, insertEvents, insertInbox } from '../store/events.ts';
import {
  deleteSession,
  insertSession,
  lockSession,
  type SessionRow,
  updateSession,
} from '../store/sessions.ts';
import { isWanted, type WebhookEvent } from '../webhook/event-types.ts';
import type { Notify } from '../webhook/notify.ts';
import type { Hub } from './hub.ts';
import { noticesOf, sessionNotice } from './notices.ts';

/** What to do to a session, decided while its row is locked. Absent parts change nothing. */
export type Decision<T> = {
  /** Appended to the history, in order. */
  readonly events?: readonly EventDraft[];
  /** Appended to the inbox, in order. */
  readonly queue?: readonly EventDraft[];
  /** The inbox is emptied; what it held is among `events`. */
  readonly clearsInbox?: boolean;
  readonly changes?: Partial<SessionRow>;
  /** Whoever works on it next takes up what somebody else has left in the middle. */
  readonly resumes?: boolean;
  readonly result: T;
};

/** What was committed. */
export type Written<T> = {
  readonly session: SessionRow;
  readonly events: readonly EventRow[];
  /** The queued events as they go over the wire. */
  readonly queued: readonly string[];
  readonly result: T;
};

/** Somebody else has taken the session on since; what this writer knows of it is out of date. */
export class FencedError extends Error {}

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly hub: Hub;
  readonly notify: Notify;
  readonly queue: Pick<Queue, 'add' | 'announce'>;
};

/**
 * The only way to write to a session's history: lock the session, decide, record, commit, and only then tell
 * those who listen. A status is therefore never seen without its events, nor an event before it is on disk. What
 * webhooks are told is part of the commit, and so is the job for whoever is to work on it: there is one for each attempt
 * that leaves the session busy.
 */
export function createJournal({ store, clock, hub, notify, queue }: Deps) {
  async function commit<T>(
    sessionId: string,
    work: (tx: Handle) => Promise<Recorded<T>>,
  ): Promise<Written<T>> {
    const { written, notices, jobs } = await store.write(async (tx) => {
      const recorded = await work(tx);
      if (recorded.notices.length > 0) await notify.enqueue(tx, ...recorded.notices);
      if (recorded.jobs.length > 0) await queue.add(tx, recorded.jobs);
      return recorded;
    });
    if (written.events.length > 0) hub.publish(sessionId, written.events);
    if (written.queued.length > 0)
      hub.publishQueued(sessionId, written.queued, written.session.last_position);
    if (notices.length > 0) notify.wake();
    if (jobs.length > 0) queue.announce(jobs);
    return written;
  }

  async function requireLocked(tx: Handle, sessionId: string): Promise<SessionRow> {
    const session = await lockSession(tx, store.dialect, sessionId);
    if (session !== null) return session;
    throw new PawlError('session_not_found', `session ${sessionId} does not exist`);
  }

  return {
    /** @throws PawlError `session_not_found`, and whatever `decide` throws; nothing is kept then. */
    async write<T>(
      sessionId: string,
      decide: (session: SessionRow, tx: Handle) => Decision<T> | Promise<Decision<T>>,
    ): Promise<Written<T>> {
      return commit(sessionId, async (tx) => {
        const session = await requireLocked(tx, sessionId);
        return record(tx, session, await decide(session, tx), clock);
      });
    },

    /** Stores a new session, and what its history begins with. Throws what the database does. */
    async open<T>(session: SessionRow, decision: Decision<T>): Promise<Written<T>> {
      return commit(session.id, async (tx) => {
        const wanted = ofUser(session, await insertSession(tx, session));
        const created = sessionNotice('session.created', session.id, session.created_at);
        const recorded = await record(tx, session, decision, clock);
        const announced = isWanted(wanted, created.type) ? [created] : [];
        return { ...recorded, notices: [...announced, ...recorded.notices] };
      });
    },

    /**
     * Deletes a session with its history. `prepare` is asked first, while the session is locked.
     * @throws PawlError `session_not_found`, and whatever `prepare` throws; nothing is deleted then.
     */
    async remove(
      sessionId: string,
      prepare: (session: SessionRow, tx: Handle) => Promise<void>,
    ): Promise<void> {
      await store.write(async (tx) => {
        const session = await requireLocked(tx, sessionId);
        await prepare(session, tx);
        await deleteSession(tx, sessionId);
        if (session.copy_of === null)
          await notify.enqueue(tx, sessionNotice('session.deleted', sessionId, formatTime(clock.now())));
      });
      notify.wake();
    },
  };
}

export type Journal = ReturnType<typeof createJournal>;

/** @throws FencedError when the session is no longer at this attempt. */
export function requireAttempt(session: SessionRow, attempt: number): void {
  if (session.attempt === attempt) return;
  throw new FencedError(`Session ${session.id} is at attempt ${session.attempt}, not ${attempt}`);
}

/** What is about to be committed, what webhooks want to be told of it, and the work that it makes. */
type Recorded<T> = {
  readonly written: Written<T>;
  readonly notices: readonly WebhookEvent[];
  readonly jobs: readonly NewJob[];
};

async function record<T>(
  tx: Handle,
  session: SessionRow,
  decision: Decision<T>,
  clock: Clock,
): Promise<Recorded<T>> {
  const { events: drafts = [], queue = [], clearsInbox = false, changes = {}, result } = decision;
  if (clearsInbox && session.queued > 0) await clearInbox(tx, session.id);
  const events = placeEvents(session, drafts, clock);
  if (events.length > 0) await insertEvents(tx, events);
  const queued = queue.map((draft) => ({ type: draft.type, data: wireForm(draft, null) }));
  if (queued.length > 0) {
    const inbox = queued.map((entry, i) => ({
      ...entry,
      session_id: session.id,
      position: session.last_position + 1 + i,
    }));
    await insertInbox(tx, inbox);
  }
  const all: Partial<SessionRow> = {
    ...changes,
    ...counters(session, { events, queued: queue.length, clearsInbox }),
  };
  const written = {
    session: { ...session, ...all },
    events,
    queued: queued.map((entry) => entry.data),
    result,
  };
  if (Object.keys(all).length === 0) return { written, notices: [], jobs: [] };
  const wanted = ofUser(session, await updateSession(tx, session.id, all));
  const at = events.at(-1)?.processed_at ?? written.session.updated_at;
  const notices = wanted === null ? [] : noticesOf(session, { events: drafts, changes, at });
  return {
    written,
    notices: notices.filter(({ type }) => isWanted(wanted, type)),
    jobs: jobsOf(session, written.session, decision.resumes ?? false),
  };
}

/** The work that a commit makes: whoever leaves a session busy under a new attempt asks for somebody to go on with it. */
function jobsOf(
  before: SessionRow,
  { id, agent_id, status, attempt }: SessionRow,
  resumes: boolean,
): NewJob[] {
  if (!isBusy(status) || attempt === before.attempt) return [];
  return [{ queue: 'turns', subject: id, attempt, group: agent_id, resumes }];
}

/** What webhooks want of a session: nothing of a copy, because who is told of it may take it for a user's, and act. */
function ofUser({ copy_of }: SessionRow, wanted: string | null): string | null {
  return copy_of === null ? wanted : null;
}

/** Numbers and dates the events: both rise strictly, whatever the clock of the machine does. */
function placeEvents(session: SessionRow, drafts: readonly EventDraft[], clock: Clock): EventRow[] {
  let last = session.last_event_at === null ? 0 : readTime(session.last_event_at);
  return drafts.map((draft, i) => {
    last = Math.max(last + 1, clock.now());
    const processed_at = formatTime(last);
    return {
      session_id: session.id,
      seq: session.last_seq + 1 + i,
      type: draft.type,
      processed_at,
      data: wireForm(draft, processed_at),
    };
  });
}

/** The event as clients see it, whichever way it reaches them. */
function wireForm({ id, type, ...rest }: EventDraft, processed_at: string | null): string {
  return JSON.stringify({ id, type, ...rest, processed_at });
}

function counters(
  session: SessionRow,
  made: { events: readonly EventRow[]; queued: number; clearsInbox: boolean },
): Partial<SessionRow> {
  const newest = made.events.at(-1);
  return {
    ...(newest === undefined ? {} : { last_seq: newest.seq, last_event_at: newest.processed_at }),
    ...(made.queued === 0 && !made.clearsInbox
      ? {}
      : {
          last_position: session.last_position + made.queued,
          queued: (made.clearsInbox ? 0 : session.queued) + made.queued,
        }),
  };
}
