import { percent } from '../core/assignment.ts';
import type { EventBody, SessionError, StopReason } from '../core/events.ts';
import { type BidirectionalPage, examinedPage, type PageRequest, pageOf } from '../core/page.ts';
import type { Arm } from '../core/rollout.ts';
import type { ResolutionReason, SessionStatus } from '../core/session.ts';
import { allTokens, type SessionUsage } from '../core/usage.ts';
import type { Store } from '../store/dialect.ts';
import {
  type ListedSessionRow,
  listLastEvents,
  listSessionRows,
  type SessionRowFilter,
} from '../store/session-rows.ts';

/** Why a session's last turn came to no answer. */
export type SessionFailure = {
  readonly stop_reason: Exclude<StopReason['type'], 'end_turn' | 'requires_action'>;
  /** What went wrong, where the model could not be asked; null otherwise. */
  readonly error: { readonly type: string; readonly message: string } | null;
};

/** A session as a list shows it. */
export type ListedSession = {
  readonly id: string;
  readonly title: string | null;
  readonly agent: { readonly id: string; readonly name: string; readonly version: number };
  readonly environment_id: string;
  /** Why it has its version, and by which alias; null when by none. */
  readonly reason: ResolutionReason;
  readonly alias: string | null;
  readonly rollout: { readonly id: string; readonly arm: Arm; readonly weight: number } | null;
  readonly targeting_key: string | null;
  readonly status: SessionStatus;
  /** Whether something of its agent was replaced for it alone. */
  readonly overridden: boolean;
  /** Since when it takes no more messages, because its version was rolled back; null while it does. */
  readonly stopped_at: string | null;
  /** Null while a turn is under way, and when the last one came to its end. */
  readonly failure: SessionFailure | null;
  readonly turns: number;
  readonly failed_turns: number;
  /** All of them, those of caches included. */
  readonly tokens: number;
  /** US dollars at list prices; null while none of its requests has a price. */
  readonly cost_usd: number | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived_at: string | null;
};

/** How far back the end of the last turn is looked for; few things are written behind it. */
const lastEvents = 20;

/**
 * A page of sessions by creation time. A page may have fewer than its limit, or none, and still lead on: no more than a
 * part of all sessions is looked at for one page.
 */
export async function readSessionRows(
  store: Store,
  filter: SessionRowFilter,
  request: PageRequest,
): Promise<BidirectionalPage<ListedSession>> {
  const { rows, edge } = await listSessionRows(store.db, store.dialect, { filter, request });
  const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
  const failures = await findFailures(store, page.data);
  const data = page.data.map((row) => listedSession(row, failures.get(row.id) ?? null));
  return examinedPage({ ...page, data }, request, { edge, found: rows.length });
}

function listedSession(row: ListedSessionRow, failure: SessionFailure | null): ListedSession {
  const { id, title, environment_id, status, stopped_at, turns, failed_turns, targeting_key } = row;
  const { rollout_id, arm, weight, created_at, updated_at, archived_at } = row;
  return {
    ...{ id, title, environment_id },
    agent: { id: row.agent_id, name: row.agent_name, version: row.agent_version },
    reason: arm === 'canary' ? 'canary' : row.resolution_reason,
    alias: row.resolution_alias,
    rollout:
      rollout_id === null || arm === null || weight === null
        ? null
        : { id: rollout_id, arm, weight: percent(weight) },
    ...{
      targeting_key,
      status,
      overridden: Boolean(row.overridden),
      stopped_at,
      failure,
      turns,
      failed_turns,
    },
    tokens: allTokens(JSON.parse(row.usage) as SessionUsage),
    cost_usd: row.list_cost_usd,
    ...{ created_at, updated_at, archived_at },
  };
}

/** Why the last turns of some sessions came to nothing, by session. Only those are looked at whose rows leave it open. */
async function findFailures(
  store: Store,
  rows: readonly ListedSessionRow[],
): Promise<ReadonlyMap<string, SessionFailure>> {
  const open = rows.filter((row) => {
    const rests = row.status === 'idle' || row.status === 'terminated';
    return rests && (row.failed_turns > 0 || row.refused_turns > 0 || Boolean(row.budgeted));
  });
  const events = await listLastEvents(store.db, {
    sessions: open.map(({ id }) => id),
    types: ['session.error', 'session.status_idle'],
    among: lastEvents,
  });
  const failures = new Map<string, SessionFailure>();
  for (const [id, rows] of Map.groupBy(events, ({ session_id }) => session_id)) {
    const failure = failureIn(rows.map(({ data }) => JSON.parse(data) as EventBody));
    if (failure !== null) failures.set(id, failure);
  }
  return failures;
}

/** What the last turn's end says, and the error before it. */
function failureIn(events: readonly EventBody[]): SessionFailure | null {
  const at = events.findLastIndex(({ type }) => type === 'session.status_idle');
  const end = events[at];
  if (end?.type !== 'session.status_idle') return null;
  const { type } = end.stop_reason;
  if (type === 'end_turn' || type === 'requires_action') return null;
  if (type !== 'retries_exhausted') return { stop_reason: type, error: null };
  const last = events.slice(0, at).findLast((event) => event.type === 'session.error');
  return { stop_reason: type, error: last === undefined ? null : messageOf(last.error) };
}

function messageOf({ type, message }: SessionError): NonNullable<SessionFailure['error']> {
  return { type, message };
}
