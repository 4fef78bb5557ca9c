import { formatTime } from '../core/clock.ts';
import type {
  EventBody,
  EventDraft,
  RefusalCategory,
  SessionError,
  StopDetails,
  StopReason,
} from '../core/events.ts';
import { refusalCategories } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import { addUsage, noRequestUsage, type RequestUsage, type SessionUsage } from '../core/usage.ts';
import type { ModelReply, ProviderName } from '../model/model.ts';
import type { SessionRow } from '../store/sessions.ts';
import { activeUntil, idle, turnStart, usageSnapshot } from './choreography.ts';
import type { Decision } from './journal.ts';

/** How a turn came to its end. */
export type Ending =
  | { readonly kind: 'replied'; readonly reply: ModelReply; readonly provider: ProviderName }
  /** `text` is what had arrived of the reply; empty when nothing had. */
  | { readonly kind: 'interrupted'; readonly text: string }
  | { readonly kind: 'exhausted'; readonly error: SessionError };

/** Whether queued messages have started another turn, with its first request open, in the same commit. */
export type Ended = { readonly startsNext: boolean };

type Context = { readonly ids: Ids; readonly now: number };

/**
 * Ends a turn: what was said, the end of the request, and idle; then, where messages are queued, the next turn
 * begins with all of them. When the retries are used up, or the session was stopped, queued messages go into the
 * history before idle, so that nothing is lost and nothing runs into the same wall at once.
 */
export function endTurn(
  session: SessionRow,
  ending: Ending,
  queued: readonly EventDraft[],
  { ids, now }: Context,
): Decision<Ended> {
  const interrupts = queued.filter((event) => event.type === 'user.interrupt');
  const messages = queued.filter((event) => event.type === 'user.message');
  const draft = (body: EventBody): EventDraft => ({ ...body, id: ids.next('event') });
  const usage = addUsage(JSON.parse(session.usage) as SessionUsage, usageOf(ending));
  const activeUs = activeUntil(session, now);
  const failed = ending.kind === 'exhausted';
  const flushes = failed || session.stopped_at !== null;
  const startsNext = !flushes && messages.length > 0;
  const closed = idle(session, { ...stopOf(ending), usage: usageSnapshot(usage, activeUs) });
  const at = formatTime(now);
  const next = startsNext ? turnStart(session, { ids, at }) : null;
  const events = [
    ...said(ending).map(draft),
    ...(flushes ? [] : interrupts),
    ...requestEnd(session, ending).map(draft),
    ...(failed ? [draft({ type: 'session.error', error: ending.error })] : []),
    ...(flushes ? queued : []),
    ...closed.map(draft),
    ...(next === null ? [] : [...messages, ...next.events]),
  ];
  return {
    events,
    clearsInbox: queued.length > 0,
    changes: {
      usage: JSON.stringify(usage),
      active_us: activeUs,
      updated_at: at,
      ...(ending.kind === 'interrupted' ? {} : { turns: session.turns + 1 }),
      ...(failed ? { failed_turns: session.failed_turns + 1 } : {}),
      ...(isRefusal(ending) ? { refused_turns: session.refused_turns + 1 } : {}),
      ...(session.rollout_id === null ? {} : { unseen: 1 }),
      ...(next?.changes ?? { status: 'idle', running_since: null, open_span: null }),
    },
    result: { startsNext },
  };
}

/** The end of the request that is open, as a failure; nothing when none is. */
export function failedRequest(session: SessionRow): EventBody[] {
  return session.open_span === null ? [] : [spanEnd(session.open_span, true, noRequestUsage, null)];
}

function said(ending: Ending): EventBody[] {
  if (ending.kind === 'replied' && ending.reply.content.length > 0) {
    return [{ type: 'agent.message', content: ending.reply.content }];
  }
  if (ending.kind === 'interrupted' && ending.text !== '') {
    return [{ type: 'agent.message', content: [{ type: 'text', text: ending.text }] }];
  }
  return [];
}

function requestEnd(session: SessionRow, ending: Ending): EventBody[] {
  if (session.open_span === null || ending.kind !== 'replied') return failedRequest(session);
  const served = { provider: ending.provider, model: ending.reply.served_model };
  return [spanEnd(session.open_span, false, ending.reply.usage, served)];
}

function spanEnd(
  startId: string,
  isError: boolean,
  usage: RequestUsage,
  served: { provider: string; model: string } | null,
): EventBody {
  return {
    type: 'span.model_request_end',
    model_request_start_id: startId,
    is_error: isError,
    model_usage: usage,
    pawl: served,
  };
}

function usageOf(ending: Ending): RequestUsage {
  return ending.kind === 'replied' ? ending.reply.usage : noRequestUsage;
}

function isRefusal(ending: Ending): boolean {
  return ending.kind === 'replied' && ending.reply.refusal !== null;
}

function stopOf(ending: Ending): { reason: StopReason; details: StopDetails } {
  if (ending.kind === 'exhausted') return { reason: { type: 'retries_exhausted' }, details: null };
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
