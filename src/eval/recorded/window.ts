import { sha256 } from '../../core/canonical.ts';
import type { Metadata } from '../../core/metadata.ts';
import type { PageRequest } from '../../core/page.ts';
import { copyKey, evalRunKey, isBusy } from '../../core/session.ts';
import type { Store } from '../../store/dialect.ts';
import { listSessions, type SessionRow } from '../../store/sessions.ts';
import { readSessionTurns } from './read-session.ts';
import type { RecordedCase } from './recorded-comparisons.ts';
import { textOfMessage } from './session-turns.ts';
import type { Taking } from './taking.ts';

/** Which sessions are looked at. Times are RFC 3339, as stored. */
export type Window = {
  readonly agent_id: string;
  readonly version: number;
  /** The alias that has to have given them their version; null when any way to it counts. */
  readonly alias: string | null;
  readonly from: string;
  readonly to: string;
  /** The most cases. */
  readonly limit: number;
};

/** Sessions that are looked at for one comparison, taken or not. */
const mostLooked = 50_000;
const sessionsPerPage = 200;
const list: PageRequest['list'] = { name: 'sessions', key: ['string', 'string'], backwards: false };

/** The sessions of a window that one message was answered in, the newest first. */
export async function* findRecorded(
  store: Store,
  window: Window,
  taking: Taking,
): AsyncGenerator<RecordedCase> {
  const { agent_id, version, from, to, limit } = window;
  const created_at = { gte: from, lt: to };
  const filter = { include_archived: true, created_at, agent_id, agent_version: version };
  let cursor: PageRequest['cursor'] = null;
  for (let looked = 0; looked < mostLooked; looked += sessionsPerPage) {
    const request: PageRequest = { list, limit: sessionsPerPage, order: 'desc', cursor };
    const rows = await listSessions(store.db, filter, request);
    for (const session of rows.slice(0, sessionsPerPage)) {
      if (taking.taken >= limit) return;
      const found = unfitness(session, window) ?? (await caseOf(store, session));
      if (typeof found === 'string') taking.leave(found);
      else yield found;
    }
    const last = rows[sessionsPerPage - 1];
    if (rows.length <= sessionsPerPage || last === undefined) return;
    cursor = { list: list.name, order: 'desc', direction: 'next', key: [last.created_at, last.id] };
  }
}

/** What marks sessions that no user is behind. */
const ownMarks = [evalRunKey, 'pawl_judge', 'pawl_shadow', copyKey] as const;

/** Whether a session was made by this server for an eval, a judge or a shadow. */
export function isOwn(session: Pick<SessionRow, 'metadata'>): boolean {
  const metadata = JSON.parse(session.metadata) as Metadata;
  return ownMarks.some((mark) => Object.hasOwn(metadata, mark));
}

/** Sessions of one user are not independent; who it is stays out of the dataset. */
export function clusterOf(session: Pick<SessionRow, 'metadata'>): string | null {
  const key = (JSON.parse(session.metadata) as Metadata)['targeting_key'];
  return key === undefined || key === '' ? null : sha256(key).slice(0, 32);
}

/** Why a session is no case, as far as its row says; null when it may be one. */
function unfitness(session: SessionRow, { alias }: Window): string | null {
  if (isOwn(session)) return 'not_from_users';
  if (alias !== null && session.resolution_alias !== alias) return 'not_by_alias';
  if (session.overrides !== null) return 'overridden';
  if (session.turns > 1 || (session.turns === 1 && isBusy(session.status))) return 'several_messages';
  if (session.turns === 0) return 'unanswered';
  return session.failed_turns > 0 ? 'failed' : null;
}

async function caseOf(store: Store, session: SessionRow): Promise<RecordedCase | string> {
  const turns = await readSessionTurns(store.db, session);
  if (turns === null) return 'too_long';
  const [turn, another] = turns;
  if (turn === undefined) return 'unanswered';
  const [message, second] = turn.messages;
  if (another !== undefined || second !== undefined || message === undefined) return 'several_messages';
  if (turn.told.length > 0 || turn.told_midway) return 'system_message';
  if (message.some(({ type }) => type !== 'text')) return 'attachment';
  if (!turn.end.ok) return 'interrupted';
  return {
    id: session.id,
    input: textOfMessage(message),
    answer: turn.end.outcome,
    cluster: clusterOf(session),
    fields: {
      ...{ session_id: session.id, turn: 1, agent_version: session.agent_version },
      [copyKey]: session.id,
    },
  };
}
