import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { ClientEventBody, EventDraft } from '../core/events.ts';
import { type Ids, primaryThreadId } from '../core/ids.ts';
import { isBusy } from '../core/session.ts';
import type { Handle } from '../store/dialect.ts';
import { listInbox } from '../store/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import { type Admission, admit } from './admission.ts';
import { isSpent } from './budget.ts';
import { askedOfClient, keptCalls, readCalls } from './calls.ts';
import { draftsWith, running, toBeCounted, turnStart } from './choreography.ts';
import { announced, continueTurn, type Step } from './continuing.ts';
import { endTurn } from './ending.ts';
import { filesIn } from './file-references.ts';
import type { Decision, Journal, Written } from './journal.ts';

type Deps = {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The most model requests that one turn makes. */
  readonly max_rounds: number;
  /** @throws PawlError naming the first file that there is not */
  readonly requireFiles: (ids: readonly string[]) => Promise<void>;
  /** @throws PawlError when the session's model takes no system messages in the middle of a conversation */
  readonly requireSystemMessages: (sessionId: string) => Promise<void>;
  /** @throws PawlError `overloaded` when no more turns may wait */
  readonly requireRoomForTurn: () => void;
  /** Called once an interrupt is committed for a session that is busy at this attempt. */
  readonly onInterrupt: (sessionId: string, attempt: number) => void;
  /** Called when it is not known whether the events were committed, because the database's answer was lost. */
  readonly onUncertain: (sessionId: string) => void;
};

/** Takes what clients send to sessions. */
export function createInbox(deps: Deps) {
  const { journal, clock, ids, onInterrupt, onUncertain } = deps;
  const draft = draftsWith(ids);

  return {
    /**
     * Accepts all of the events or none. When this resolves they are on disk and can be listed.
     * Gives the events as they go over the wire, in the order sent.
     * @throws PawlError `session_not_found`, `session_terminated`, `session_archived`, `session_stopped`,
     *   `call_not_open`, `budget_reached`, `invalid_request`, `model_does_not_support_mid_conversation_system`,
     *   `session_queue_full`, `thread_not_found`, `overloaded`
     */
    async send(sessionId: string, bodies: readonly ClientEventBody[]): Promise<readonly string[]> {
      requireOwnThread(sessionId, bodies);
      const files = filesIn(bodies);
      if (files.length > 0) await deps.requireFiles(files);
      if (bodies.some(({ type }) => type === 'system.message')) await deps.requireSystemMessages(sessionId);
      const sent = bodies.map(draft);
      const write = journal.write(sessionId, async (session, tx) => {
        requireOpen(session, bodies);
        const situation = { status: session.status, calls: readCalls(session), spent: isSpent(session) };
        const admission = admit(situation, sent, draft);
        requireRoom(session, admission);
        if (admission.next === 'start') deps.requireRoomForTurn();
        return decide(session, admission, { ...deps, now: clock.now(), inbox: () => readInbox(tx, session) });
      });
      const written = await write.catch((error: unknown) => {
        if (!(error instanceof PawlError)) onUncertain(sessionId);
        throw error;
      });
      const { session, result } = written;
      if (isBusy(session.status) && result.queue.some(({ type }) => type === 'user.interrupt')) {
        onInterrupt(sessionId, session.attempt);
      }
      return echo(sent, written, clock);
    },
  };
}

export type Inbox = ReturnType<typeof createInbox>;

/** What is queued for a session, as it was drafted. */
export async function readInbox(tx: Handle, session: SessionRow): Promise<EventDraft[]> {
  if (session.queued === 0) return [];
  const rows = await listInbox(tx, session.id);
  return rows.map((row) => {
    const { processed_at: _unset, ...event } = JSON.parse(row.data) as EventDraft & { processed_at: null };
    return event as EventDraft;
  });
}

/** What came of a request: the events in the order of the commit. */
type Sent = {
  readonly events: readonly EventDraft[];
  readonly queue: readonly EventDraft[];
};

type Context = Pick<Deps, 'ids' | 'max_rounds'> & {
  readonly now: number;
  readonly inbox: () => Promise<readonly EventDraft[]>;
};

async function decide(session: SessionRow, admission: Admission, context: Context): Promise<Decision<Sent>> {
  const { history, queue, next } = admission;
  const at = formatTime(context.now);
  const open = admission.answered ? keptCalls(admission.calls) : {};
  const draft = draftsWith(context.ids);
  switch (next) {
    case 'nothing':
      return sentWith({ events: history, queue, changes: { updated_at: at, ...open } });
    case 'start': {
      const start = turnStart(session, { ids: context.ids, at });
      // From its first message on, somebody sees what the rollout has given them.
      const changes = {
        updated_at: at,
        ...start.changes,
        ...toBeCounted(session),
      };
      return sentWith({ events: [...history, ...start.events], queue, changes });
    }
    case 'ask_again': {
      const again = announced(session, askedOfClient(admission.calls)).map(draft);
      return sentWith({ events: [...history, ...again], queue, changes: { updated_at: at, ...open } });
    }
    case 'interrupt': {
      const ended = endTurn(
        { ...session, ...open },
        { kind: 'interrupted', said: null },
        [...(await context.inbox()), ...queue],
        context,
      );
      return sentWith({ ...ended, events: [...history, ...(ended.events ?? [])] });
    }
    case 'continue': {
      const resumed = { status: 'running', running_since: at, attempt: session.attempt + 1 } as const;
      const after: SessionRow = { ...session, ...open, ...resumed };
      const all = [...(await context.inbox()), ...queue];
      const step: Decision<Step> = continueTurn(after, all, context);
      const ends = step.result.kind === 'ended';
      return sentWith({
        ...step,
        events: [...history, ...(ends ? [] : running(session).map(draft)), ...(step.events ?? [])],
        queue: step.clearsInbox === true ? [] : queue,
        changes: { updated_at: at, ...open, ...resumed, ...step.changes },
      });
    }
  }
}

function sentWith(decision: Omit<Decision<unknown>, 'result'>): Decision<Sent> {
  const { events = [], queue = [] } = decision;
  return { ...decision, result: { events, queue } };
}

/** The events as they were sent, in the form that they are listed in. */
function echo(sent: readonly EventDraft[], written: Written<Sent>, clock: Clock): string[] {
  const { events, queue } = written.result;
  const texts = new Map<string, string>();
  for (const [i, event] of events.entries()) texts.set(event.id, written.events[i]?.data ?? '');
  for (const [i, event] of queue.entries()) texts.set(event.id, written.queued[i] ?? '');
  return sent.map(
    (event) => texts.get(event.id) ?? JSON.stringify({ ...event, processed_at: formatTime(clock.now()) }),
  );
}

/** What waits is read by every step of the turn that it waits for. */
const mostQueued = 1000;

function requireRoom({ id, queued }: SessionRow, { queue }: Admission): void {
  // Whatever waits, a turn can be ended.
  if (queue.length === 0 || queue.some(({ type }) => type === 'user.interrupt')) return;
  if (queued + queue.length <= mostQueued) return;
  const message = `events: session ${id} has ${queued} events waiting for its turn to end, and ${mostQueued} may wait`;
  throw new PawlError('session_queue_full', message);
}

/** An interrupt that names a thread names one of this session, which has only its primary one. */
function requireOwnThread(sessionId: string, bodies: readonly ClientEventBody[]): void {
  for (const body of bodies) {
    if (body.type !== 'user.interrupt' || body.session_thread_id === undefined) continue;
    if (body.session_thread_id === primaryThreadId(sessionId)) continue;
    const named = body.session_thread_id.slice(0, 100);
    throw new PawlError('thread_not_found', `session_thread_id: session ${sessionId} has no thread ${named}`);
  }
}

const answerTypes: readonly string[] = ['user.custom_tool_result', 'user.tool_confirmation'];

/** Whoever waits for a turn under way may still end it, and answer what it asks. */
function requireOpen(session: SessionRow, bodies: readonly ClientEventBody[]): void {
  const isAnswer = ({ type }: ClientEventBody): boolean => answerTypes.includes(type);
  if (session.status === 'terminated') {
    const state = session.archived_at === null ? 'terminated' : 'archived';
    // Workers try a 409 again for minutes; an answer that comes too late is no conflict.
    const code = bodies.every(isAnswer) ? 'session_archived' : 'session_terminated';
    throw new PawlError(code, `session ${session.id} is ${state} and takes no more events`);
  }
  if (session.stopped_at === null) return;
  if (bodies.every((body) => body.type === 'user.interrupt' || isAnswer(body))) return;
  const message = `session ${session.id} was stopped at ${session.stopped_at}, because version ${session.agent_version} of its agent was rolled back; open a new session`;
  throw new PawlError('session_stopped', message);
}
