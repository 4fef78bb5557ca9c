import type { EventBody, EventDraft } from '../core/events.ts';
import { addCost } from '../core/money.ts';
import { addUsage, noRequestUsage, type RequestUsage, type SessionUsage } from '../core/usage.ts';
import type { ModelReply, ProviderName } from '../model/model.ts';
import type { SessionRow } from '../store/sessions.ts';

/** What a model has answered, and what is known of the request beside it. */
export type Reply = {
  readonly reply: ModelReply;
  readonly provider: ProviderName;
  /** The id that was announced for its message. */
  readonly message_id: string;
  /** What the request cost at list prices, in US dollars; null when there is no price for it. */
  readonly cost_usd: number | null;
};

/** What the model said, as an event; none when it said nothing. */
export function said({ reply, message_id }: Pick<Reply, 'reply' | 'message_id'>): EventDraft[] {
  return reply.content.length === 0
    ? []
    : [{ id: message_id, type: 'agent.message', content: reply.content }];
}

/** The end of the request that is open, and who answered it. */
export function answeredRequest(
  { open_span }: Pick<SessionRow, 'open_span'>,
  { reply, provider, cost_usd }: Pick<Reply, 'reply' | 'provider' | 'cost_usd'>,
): EventBody[] {
  if (open_span === null) return [];
  return [spanEnd(open_span, false, reply.usage, { provider, model: reply.served_model, cost_usd })];
}

/** The end of the request that is open, as a failure; nothing when none is. */
export function failedRequest({ open_span }: Pick<SessionRow, 'open_span'>): EventBody[] {
  return open_span === null ? [] : [spanEnd(open_span, true, noRequestUsage, null)];
}

/** A session's counts with one more answered request. */
export function charged(
  session: Pick<SessionRow, 'usage' | 'list_cost_usd'>,
  { reply, cost_usd }: Pick<Reply, 'reply' | 'cost_usd'>,
): Pick<SessionRow, 'usage' | 'list_cost_usd'> {
  return {
    usage: JSON.stringify(addUsage(JSON.parse(session.usage) as SessionUsage, reply.usage)),
    list_cost_usd: addCost(session.list_cost_usd, cost_usd),
  };
}

function spanEnd(
  startId: string,
  isError: boolean,
  usage: RequestUsage,
  served: { provider: string; model: string; cost_usd: number | null } | null,
): EventBody {
  return {
    type: 'span.model_request_end',
    model_request_start_id: startId,
    is_error: isError,
    model_usage: usage,
    pawl: served,
  };
}
