import { conversationTypes } from '../core/events.ts';
import type { Price } from '../model/prices.ts';
import type { Handle } from '../store/dialect.ts';
import { listEvents } from '../store/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { Case } from './case.ts';
import { priceOf } from './case-price.ts';
import { inputOf } from './dataset/session-case.ts';
import { type SessionTurn, turnsOf } from './recorded/session-turns.ts';
import type { Outcome } from './score.ts';
import type { SessionEvent } from './turn-reader.ts';

/** What a session was asked last and what it answered, as scorers look at it; or why there is no answer to look at. */
export type LastTurn =
  | { readonly ok: true; readonly case: Case; readonly outcome: Outcome }
  | { readonly ok: false; readonly reason: string };

const toolTypes = ['agent.tool_use', 'agent.custom_tool_use', 'agent.mcp_tool_use'];
const turnTypes = ['span.model_request_start', 'span.model_request_end', 'session.error', 'user.interrupt'];
const types = [...conversationTypes, ...toolTypes, ...turnTypes, 'session.status_idle'];

const stretch = 200;
/** Characters of events; no case may hold so much. */
const maxLength = 1024 * 1024;

/**
 * Reads the last turn of a session that has come to its end, as the session's row knows it. The case has no target; its
 * input is all that was said up to the answer. A turn that failed or was interrupted has no answer.
 */
export async function readLastTurn(
  db: Handle,
  session: SessionRow,
  prices: readonly Price[],
): Promise<LastTurn> {
  const events = await readHistory(db, session);
  if (events === null) return nothing(`it is longer than ${maxLength} characters`);
  const turns = turnsOf(events, session.agent_name);
  const last = turns.at(-1);
  if (last === undefined) return nothing('no turn of it has ended');
  if (!last.end.ok) return nothing(last.end.error.message);
  const input = inputOf(turns.flatMap(saidIn));
  if (input === null) return nothing('the user has said nothing');
  const { outcome } = last.end;
  return {
    ok: true,
    case: {
      ...{ id: session.id, input, target: null, group: null, cluster: null, weight: 1, must_pass: false },
      ...{ split: null, fields: {} },
    },
    outcome: {
      ...outcome,
      session_id: session.id,
      latency_ms: last.latency_ms,
      cost_usd: priceOf(prices, outcome.served_by, outcome.usage),
    },
  };
}

/** All that matters of a history, in order; null when it is too long to be looked at. */
async function readHistory(db: Handle, { id, last_seq }: SessionRow): Promise<SessionEvent[] | null> {
  const events: SessionEvent[] = [];
  let length = 0;
  for (let after = 0, more = true; more; ) {
    const rows = await listEvents(db, id, { filter: { types }, order: 'asc', after, limit: stretch });
    for (const { seq, data } of rows) {
      after = seq;
      length += data.length;
      if (seq <= last_seq) events.push(JSON.parse(data) as SessionEvent);
    }
    if (length > maxLength) return null;
    more = rows.length === stretch && after < last_seq;
  }
  return events;
}

/** What both sides have said in a turn. */
function saidIn({ messages, end }: SessionTurn): Parameters<typeof inputOf>[0] {
  const asked = messages.map((content) => ({ type: 'user.message', content }));
  if (!end.ok) return asked;
  const content = [{ type: 'text', text: end.outcome.reply } as const];
  return [...asked, { type: 'agent.message', content }];
}

function nothing(reason: string): LastTurn {
  return { ok: false, reason };
}
