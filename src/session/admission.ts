import { PawlError } from '../core/errors.ts';
import type { EventBody, EventDraft } from '../core/events.ts';
import { isBusy, type SessionStatus } from '../core/session.ts';
import { answerCall, askedOfClient, type OpenCall } from './calls.ts';

/** What a session is in the middle of when events arrive. */
export type Situation = {
  readonly status: SessionStatus;
  readonly calls: readonly OpenCall[];
  /** Whether its budget is used up. */
  readonly spent: boolean;
};

/** Where each event of a request goes, and what the session does then. */
export type Admission = {
  /** Into the history at once, with what is written behind some of them. */
  readonly history: readonly EventDraft[];
  /** Into the inbox for a later turn. */
  readonly queue: readonly EventDraft[];
  /** The calls that are open afterwards, and whether any of them was answered. */
  readonly calls: readonly OpenCall[];
  readonly answered: boolean;
  readonly next: AfterAdmission;
};

/**
 * `nothing` stays as it is; `start` begins a turn; `continue` goes on with the one that waited, because no call waits for a
 * client any more; `ask_again` says which calls still do; `interrupt` ends the turn that waited.
 */
export type AfterAdmission = 'nothing' | 'start' | 'continue' | 'ask_again' | 'interrupt';

/**
 * An idle session takes messages at once, all of one request into one turn; an interrupt changes nothing there. A busy
 * one queues them, and so does one that waits for answers to its calls. Answers are taken at once wherever a call waits
 * for them. What follows an interrupt of the same request waits behind it.
 * @throws PawlError `invalid_request`, `call_not_open`, `budget_reached`
 */
export function admit(
  situation: Situation,
  events: readonly EventDraft[],
  draft: (body: EventBody) => EventDraft,
): Admission {
  requireCompanions(situation, events);
  const busy = isBusy(situation.status);
  const waited = askedOfClient(situation.calls).length > 0;
  const history: EventDraft[] = [];
  const queue: EventDraft[] = [];
  let { calls } = situation;
  let starts = false;
  let interrupts = false;
  let answers = false;
  let last = history;
  const isWaiting = (): boolean => busy || waited || interrupts;
  for (const event of events) {
    if (event.type === 'user.custom_tool_result' || event.type === 'user.tool_confirmation') {
      const answered = answerCall(interrupts && !busy ? [] : calls, event);
      ({ calls } = answered);
      answers = true;
      history.push(event, ...answered.also.map(draft));
      last = history;
    } else if (event.type === 'system.message') {
      if (situation.spent && !busy) throw spentError();
      last.push(event);
    } else if (event.type === 'user.interrupt' && !isWaiting() && !starts) {
      // Where a budget has stopped everything already, it is taken without a trace.
      if (!situation.spent) history.push(event);
    } else if (event.type === 'user.interrupt') {
      interrupts = true;
      queue.push(event);
    } else {
      if (situation.spent && !busy) throw spentError();
      starts ||= !isWaiting();
      last = isWaiting() ? queue : history;
      last.push(event);
    }
  }
  const next = after({ busy, waited, starts, answers, interrupts, calls });
  return { history, queue, calls, answered: answers, next };
}

function after(seen: {
  readonly busy: boolean;
  readonly waited: boolean;
  readonly starts: boolean;
  readonly answers: boolean;
  readonly interrupts: boolean;
  readonly calls: readonly OpenCall[];
}): AfterAdmission {
  if (seen.busy) return 'nothing';
  if (!seen.waited) return seen.starts ? 'start' : 'nothing';
  if (seen.interrupts) return 'interrupt';
  if (!seen.answers) return 'nothing';
  return askedOfClient(seen.calls).length > 0 ? 'ask_again' : 'continue';
}

/** A system message stands last, right behind what it goes with; alone only where nothing is under way. */
function requireCompanions(situation: Situation, events: readonly EventDraft[]): void {
  const place = events.findIndex(({ type }) => type === 'system.message');
  if (place === -1) return;
  const refuse = (text: string): never => {
    throw new PawlError('invalid_request', `events.${place}: a system.message ${text}`);
  };
  if (place !== events.length - 1) refuse('must be the last event of its request, and there is one at most');
  const before = events[place - 1]?.type;
  if (before === 'user.custom_tool_result' || before === 'user.tool_confirmation') return;
  if (askedOfClient(situation.calls).length > 0) {
    refuse('can only follow an answer while the session waits for answers to its calls');
  }
  if (before === 'user.message') return;
  if (before !== undefined || isBusy(situation.status))
    refuse('must follow a user.message or an answer to a call');
}

function spentError(): PawlError {
  const allowed = 'user.tool_confirmation, user.custom_tool_result and user.interrupt';
  return new PawlError(
    'budget_reached',
    `events: the session has used up its budget and takes only ${allowed}; raise budget.max_list_cost or remove the budget`,
  );
}
