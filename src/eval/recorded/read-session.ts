import { type AgentConfig, type AgentOverrides, applyOverrides } from '../../core/agent-config.ts';
import { conversationTypes } from '../../core/events.ts';
import { findVersion } from '../../store/agents.ts';
import type { Handle } from '../../store/dialect.ts';
import { listEvents } from '../../store/events.ts';
import type { SessionRow } from '../../store/sessions.ts';
import type { SessionEvent } from '../turn-reader.ts';
import { type SessionTurn, turnsOf } from './session-turns.ts';

/** Characters of events that are read of one session; no case may hold so much. */
export const longestHistory: number = 1024 * 1024;

const turnTypes = ['span.model_request_start', 'span.model_request_end', 'session.error', 'user.interrupt'];
const statusTypes = ['session.status_running', 'session.thread_status_idle'];
const endTypes = ['session.status_idle', 'session.status_terminated'];
const types = [...conversationTypes, ...turnTypes, ...statusTypes, ...endTypes];
const stretch = 200;

/**
 * The turns of a session of this server that have ended, in order, as far as its row knows them; null when it is longer
 * than {@link longestHistory}.
 */
export async function readSessionTurns(db: Handle, session: SessionRow): Promise<SessionTurn[] | null> {
  const events = await readHistory(db, session);
  return events === null ? null : turnsOf(events, await modelOf(db, session));
}

/** All that matters of a history, in order. */
async function readHistory(db: Handle, { id, last_seq }: SessionRow): Promise<SessionEvent[] | null> {
  const events: SessionEvent[] = [];
  let length = 0;
  for (let after = 0, more = true; more; ) {
    const rows = await listEvents(db, id, { filter: { types }, order: 'asc', after, limit: stretch });
    for (const { seq, data } of rows) {
      after = seq;
      if (seq > last_seq) break;
      length += data.length;
      if (length > longestHistory) return null;
      events.push(JSON.parse(data) as SessionEvent);
    }
    more = rows.length === stretch && after < last_seq;
  }
  return events;
}

/** The model that a session asks. */
async function modelOf(db: Handle, { agent_id, agent_version, overrides }: SessionRow): Promise<string> {
  const version = await findVersion(db, agent_id, agent_version);
  if (version === null) return 'unknown';
  const laidOver = overrides === null ? null : (JSON.parse(overrides) as AgentOverrides);
  return applyOverrides(JSON.parse(version.config) as AgentConfig, laidOver).model.id;
}
