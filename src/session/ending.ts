import { formatTime } from '../core/clock.ts';
import type { TextBlock } from '../core/content.ts';
import type { EventBody, EventDraft, RefusalCategory, SessionError } from '../core/events.ts';
import { refusalCategories } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import type { SessionRow } from '../store/sessions.ts';
import { isSpent } from './budget.ts';
import { closedCalls, readCalls } from './calls.ts';
import { activeUntil, draftsWith, idle, type Rest, toBeCounted, turnStart } from './choreography.ts';
import type { Decision } from './journal.ts';
import { answeredRequest, charged, failedRequest, type Reply, said } from './reply.ts';

/** How a turn came to its end. */
export type Ending =
  /** The model is done: this reply calls no tool. */
  | ({ readonly kind: 'replied' } & Reply)
  /** `said` is what had arrived of a reply, under the id that was announced for it; null when nothing had. */
  | {
      readonly kind: 'interrupted';
      readonly said: { readonly content: readonly TextBlock[]; readonly message_id: string } | null;
    }
  | { readonly kind: 'exhausted'; readonly error: SessionError }
  /** The budget is used up in the middle; the turn goes on when it is raised. */
  | { readonly kind: 'budget_reached' };

type Context = { readonly ids: Ids; readonly now: number };

/**
 * Ends a turn: what was said, the end of the request, and idle; then, where messages are queued, the next turn
 * begins with all of them. When the retries or the budget are used up, or the session was stopped, queued messages go
 * into the history before idle, so that nothing is lost and nothing runs into the same wall at once.
 */
export function endTurn(
  before: SessionRow,
  ending: Ending,
  queued: readonly EventDraft[],
  { ids, now }: Context,
): Decision<null> {
  const at = formatTime(now);
  const ended = { active_us: activeUntil(before, now), updated_at: at, ...counted(before, ending) };
  const session: SessionRow = { ...before, ...ended };
  const messages = queued.filter((event) => event.type !== 'user.interrupt');
  const spent = isSpent(session);
  const flushes = ending.kind === 'exhausted' || session.stopped_at !== null || spent;
  const next = flushes || messages.length === 0 ? null : turnStart(session, { ids, at });
  const interrupts = queued.filter((event) => event.type === 'user.interrupt');
  // What has ended the turn stands where it did; a late interrupt of a turn that failed is flushed with the rest.
  const endsHere = !flushes || ending.kind === 'interrupted';
  const draft = draftsWith(ids);
  return {
    events: [
      ...lastWords(ending),
      ...(endsHere ? interrupts : []),
      ...requestEnd(before, ending).map(draft),
      ...closedCalls(readCalls(before), 'interrupted').map(draft),
      ...(ending.kind === 'exhausted' ? [draft({ type: 'session.error', error: ending.error })] : []),
      ...(flushes ? (endsHere ? messages : queued) : []),
      ...idle(session, restOf(ending, spent)).map(draft),
      ...(next === null ? [] : [...messages, ...next.events]),
    ],
    clearsInbox: queued.length > 0,
    changes: {
      ...ended,
      open_calls: null,
      ...toBeCounted(session),
      ...(next?.changes ?? {
        ...{ status: 'idle', running_since: null, open_span: null },
        // What a budget holds back is taken up again when it is raised: a turn in the middle, or messages.
        rounds: spent && (ending.kind === 'budget_reached' || messages.length > 0) ? 1 : 0,
      }),
    },
    result: null,
  };
}

/** What of a session's row an ending counts in. Interrupted turns count neither way, nor do those that will go on. */
function counted(session: SessionRow, ending: Ending): Partial<SessionRow> {
  switch (ending.kind) {
    case 'interrupted':
    case 'budget_reached':
      return {};
    case 'exhausted':
      return { turns: session.turns + 1, failed_turns: session.failed_turns + 1 };
    case 'replied': {
      const refused = ending.reply.refusal === null ? {} : { refused_turns: session.refused_turns + 1 };
      return { turns: session.turns + 1, ...refused, ...charged(session, ending) };
    }
  }
}

function lastWords(ending: Ending): EventDraft[] {
  if (ending.kind === 'replied') return said(ending);
  if (ending.kind !== 'interrupted' || ending.said === null) return [];
  const { content, message_id } = ending.said;
  return [{ id: message_id, type: 'agent.message', content }];
}

function requestEnd(session: SessionRow, ending: Ending): EventBody[] {
  return ending.kind === 'replied' ? answeredRequest(session, ending) : failedRequest(session);
}

function restOf(ending: Ending, spent: boolean): Rest {
  const own = ownRest(ending);
  // The thread says what became of its turn, the session that nothing more will happen.
  return spent ? { reason: { type: 'budget_reached' }, details: null, thread: own } : own;
}

function ownRest(ending: Ending): Rest {
  if (ending.kind === 'exhausted') return { reason: { type: 'retries_exhausted' }, details: null };
  if (ending.kind === 'budget_reached') return { reason: { type: 'budget_reached' }, details: null };
  if (ending.kind === 'interrupted' || ending.reply.refusal === null) {
    return { reason: { type: 'end_turn' }, details: null };
  }
  const { category, explanation } = ending.reply.refusal;
  return {
    reason: { type: 'refusal' },
    details: { type: 'refusal', category: knownCategory(category), explanation },
  };
}

function knownCategory(category: string | null): RefusalCategory | null {
  return refusalCategories.find((known) => known === category) ?? null;
}
