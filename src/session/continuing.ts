import { formatTime } from '../core/clock.ts';
import type { EventBody, EventDraft, SessionError } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import type { SessionRow } from '../store/sessions.ts';
import { isSpent } from './budget.ts';
import { askedOfClient, type McpCall, readCalls } from './calls.ts';
import { activeUntil, draftsWith, idle, requestStart } from './choreography.ts';
import { endTurn } from './ending.ts';
import type { Decision } from './journal.ts';

/** The turn is over, or rests until a client acts. */
export type Ended = { readonly kind: 'ended' };

/** What a turn does next. */
export type Step =
  /** The model is asked; the request is open in the history. */
  | { readonly kind: 'ask' }
  /** These calls are made. Those that are only allowed have to be marked as started before. */
  | { readonly kind: 'call'; readonly calls: readonly McpCall[] }
  | Ended;

type Context = {
  readonly ids: Ids;
  /** Microseconds since 1970. */
  readonly now: number;
  /** The most model requests that one turn makes. */
  readonly max_rounds: number;
};

/**
 * Where a turn goes that has no request open: to the calls that wait for this server, else to the client whose answers
 * are missing, else back to the model. An interrupt ends it before any of that, as do a budget that is used up and a limit
 * of rounds.
 */
export function continueTurn(
  session: SessionRow,
  queued: readonly EventDraft[],
  { ids, now, max_rounds }: Context,
): Decision<Step> {
  const ended = (ending: Parameters<typeof endTurn>[1]): Decision<Step> => {
    return { ...endTurn(session, ending, queued, { ids, now }), result: { kind: 'ended' } };
  };
  if (queued.some(({ type }) => type === 'user.interrupt')) return ended({ kind: 'interrupted', said: null });
  const calls = readCalls(session);
  const started = calls.filter((call) => call.kind === 'mcp' && call.state === 'started');
  if (started.length > 0) return { result: { kind: 'call', calls: started as McpCall[] } };
  const asked = askedOfClient(calls);
  if (asked.length > 0) return waiting(session, asked, { ids, now });
  if (calls.length > 0) return { result: { kind: 'call', calls: calls as McpCall[] } };
  if (isSpent(session)) return ended({ kind: 'budget_reached' });
  if (session.rounds >= max_rounds) return ended({ kind: 'exhausted', error: tooManyRounds(max_rounds) });
  const request = requestStart(ids);
  return {
    events: [request],
    changes: { open_span: request.id, rounds: session.rounds + 1 },
    result: { kind: 'ask' },
  };
}

/** The session waits for a client, as long as that takes. */
function waiting(
  session: SessionRow,
  asked: readonly string[],
  { ids, now }: Pick<Context, 'ids' | 'now'>,
): Decision<Step> {
  const rested = { active_us: activeUntil(session, now), running_since: null };
  return {
    events: announced({ ...session, ...rested }, asked).map(draftsWith(ids)),
    changes: { ...rested, status: 'idle', updated_at: formatTime(now) },
    result: { kind: 'ended' },
  };
}

/** Says which calls a client has to answer. */
export function announced(session: SessionRow, asked: readonly string[]): EventBody[] {
  return idle(session, { reason: { type: 'requires_action', event_ids: asked }, details: null });
}

function tooManyRounds(max: number): SessionError {
  return {
    type: 'tool_use_limit_reached_error',
    message: `The turn has asked the model ${max} times, which is as often as it may, and the model still calls tools`,
    retry_status: { type: 'exhausted' },
  };
}
