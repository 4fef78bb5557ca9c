import { readTime } from '../core/clock.ts';
import { conversationTypes } from '../core/events.ts';
import type { Price } from '../model/prices.ts';
import type { Handle } from '../store/dialect.ts';
import { type EventRow, listEvents } from '../store/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { Case } from './case.ts';
import { priceOf } from './case-price.ts';
import { inputOf } from './dataset/session-case.ts';
import type { Outcome } from './score.ts';
import { readTurn, type SessionEvent } from './turn-reader.ts';

/** What a session was asked last and what it answered, as scorers look at it; or why there is no answer to look at. */
export type LastTurn =
  | { readonly ok: true; readonly case: Case; readonly outcome: Outcome }
  | { readonly ok: false; readonly reason: string };

const toolTypes = ['agent.tool_use', 'agent.custom_tool_use', 'agent.mcp_tool_use'];
const endTypes = ['span.model_request_end', 'session.error', 'user.interrupt', 'session.status_idle'];
const types: readonly string[] = [...conversationTypes, ...toolTypes, ...endTypes];

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
  const rows = await readHistory(db, session);
  if (rows === null) return nothing(`it is longer than ${maxLength} characters`);
  const end = rows.findLastIndex(({ type }) => type === 'session.status_idle');
  const begin =
    rows.slice(0, Math.max(0, end)).findLastIndex(({ type }) => type === 'session.status_idle') + 1;
  const answered = rows.slice(0, end + 1).findLastIndex(({ type }) => type === 'span.model_request_end');
  if (answered < begin) return nothing('its last turn has asked no model');
  // What stands behind the answer came too late for it: the session was stopped.
  const rest = rows.slice(answered + 1, end + 1).filter(({ type }) => type !== 'user.message');
  const turn = [...rows.slice(begin, answered + 1), ...rest];
  const events = turn.map(({ data }) => JSON.parse(data) as SessionEvent);
  const read = readTurn(events, { model: session.agent_name, takes_tool_calls: true });
  if (!read.ok) return nothing(read.error.message);
  const said = rows.slice(0, answered + 1).filter(({ type }) => isSaid(type));
  const input = inputOf(said.map(({ data }) => JSON.parse(data) as Parameters<typeof inputOf>[0][number]));
  if (input === null) return nothing('the user has said nothing');
  const { served_by, usage } = read.outcome;
  return {
    ok: true,
    case: {
      ...{ id: session.id, input, target: null, group: null, cluster: null, weight: 1, must_pass: false },
      ...{ split: null, fields: {} },
    },
    outcome: {
      ...read.outcome,
      session_id: session.id,
      latency_ms: durationOf(turn),
      cost_usd: priceOf(prices, served_by, usage),
    },
  };
}

/** All that matters of a history, in order; null when it is too long to be looked at. */
async function readHistory(db: Handle, { id, last_seq }: SessionRow): Promise<EventRow[] | null> {
  const rows: EventRow[] = [];
  let length = 0;
  for (let after = 0, more = true; more; ) {
    const found = await listEvents(db, id, { filter: { types }, order: 'asc', after, limit: stretch });
    for (const { data } of found) length += data.length;
    if (length > maxLength) return null;
    rows.push(...found.filter(({ seq }) => seq <= last_seq));
    after = found.at(-1)?.seq ?? last_seq;
    more = found.length === stretch && after < last_seq;
  }
  return rows;
}

/** Milliseconds from the last message of a turn to its end. */
function durationOf(turn: readonly EventRow[]): number {
  const asked = turn.findLast(({ type }) => type === 'user.message')?.processed_at;
  const ended = turn.at(-1)?.processed_at;
  return asked === undefined || ended === undefined ? 0 : (readTime(ended) - readTime(asked)) / 1000;
}

function isSaid(type: string): boolean {
  return conversationTypes.some((one) => one === type);
}

function nothing(reason: string): LastTurn {
  return { ok: false, reason };
}
