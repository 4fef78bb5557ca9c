import type { AgentConfig } from '../../core/agent-config.ts';
import { findVersion } from '../../store/agents.ts';
import type { Handle } from '../../store/dialect.ts';
import { listEvents } from '../../store/events.ts';
import type { SessionRow } from '../../store/sessions.ts';
import type { SessionEvent } from '../turn-reader.ts';
import { type SessionTurn, turnsOf } from './session-turns.ts';

const stretch = 500;

/** The turns of a session of this server that have ended, in order. */
export async function readSessionTurns(
  db: Handle,
  { id, agent_id, agent_version }: Pick<SessionRow, 'id' | 'agent_id' | 'agent_version'>,
): Promise<SessionTurn[]> {
  const events: SessionEvent[] = [];
  for (let after = 0, more = true; more; ) {
    const rows = await listEvents(db, id, { filter: {}, order: 'asc', after, limit: stretch });
    for (const { seq, data } of rows) {
      after = seq;
      events.push(JSON.parse(data) as SessionEvent);
    }
    more = rows.length === stretch;
  }
  const version = await findVersion(db, agent_id, agent_version);
  const model = version === null ? 'unknown' : (JSON.parse(version.config) as AgentConfig).model.id;
  return turnsOf(events, model);
}
