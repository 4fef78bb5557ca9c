import { z } from 'zod';
import type { SessionAgent } from '../../core/events.ts';
import { primaryThreadId } from '../../core/ids.ts';
import { type SessionStatus, sessionStatuses } from '../../core/session.ts';
import type { Session } from '../../session/opening.ts';
import { limit, list, page } from './fields.ts';
import { type SessionResponse, sessionResponse } from './sessions.ts';

export const threadParams = z.strictObject({ id: z.string(), thread_id: z.string() });

export const threadListQuery = z.strictObject({
  limit: limit(1000, 1000),
  page,
  statuses: list(z.enum(sessionStatuses, `must be one of ${sessionStatuses.join(', ')}`)),
});

export const threadEventListQuery = z.strictObject({ limit: limit(1000, 1000), page });

/** A thread as answers carry it. */
export type ThreadResponse = {
  readonly id: string;
  readonly type: 'session_thread';
  readonly session_id: string;
  /** Null for the primary thread, which is the only one. */
  readonly parent_thread_id: null;
  readonly workflow_run_id: null;
  readonly agent: Omit<SessionAgent, 'multiagent'>;
  readonly status: SessionStatus;
  /** Null until the status changes for the first time. */
  readonly stats: (SessionResponse['stats'] & { readonly startup_seconds: number }) | null;
  /** Null until the first turn is over. */
  readonly usage: SessionResponse['usage'] | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived_at: string | null;
};

/** The primary thread of a session. `now` is in microseconds. */
export function threadResponse(session: Session, now: number): ThreadResponse {
  const { row } = session;
  const { stats, usage, ...answer } = sessionResponse(session, { now, served_by: null });
  const { multiagent: _multiagent, ...agent } = answer.agent;
  const isUntouched = row.status === 'idle' && row.attempt === 0;
  return {
    id: primaryThreadId(row.id),
    type: 'session_thread',
    session_id: row.id,
    parent_thread_id: null,
    workflow_run_id: null,
    agent,
    status: row.status,
    // There is nothing to start up: a turn begins at once.
    stats: isUntouched ? null : { ...stats, startup_seconds: 0 },
    // Time is added up when a turn is over, and no turn takes none.
    usage: row.active_us === 0 ? null : usage,
    created_at: row.created_at,
    updated_at: row.updated_at,
    archived_at: row.archived_at,
  };
}
