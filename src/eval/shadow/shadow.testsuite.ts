import { insertAgent } from '../../store/agents.ts';
import { insertAlias } from '../../store/aliases.ts';
import type { Store } from '../../store/dialect.ts';
import { insertEnvironment } from '../../store/environments.ts';
import { type EventRow, insertEvents } from '../../store/events.ts';
import { insertSession, type SessionRow } from '../../store/sessions.ts';
import { insertShadow, type ShadowRow } from '../../store/shadows.ts';
import { at, sampleAgent, sampleEnvironment, sampleSession } from '../../store/store.testsuite.ts';

/** A shadow that takes every session of an agent of its own, with an environment for them. */
export async function seedShadow(
  store: Store,
  id: string,
  fields: Partial<ShadowRow> = {},
): Promise<ShadowRow> {
  const agent_id = `agent_of_${id}`;
  const shadow: ShadowRow = {
    ...{ id, agent_id, alias: 'production', baseline_version: 1, candidate_version: 1, sample: 1 },
    ...{ max_sessions: 100, begun: 0, eval_id: null, status: 'running', ended_reason: null },
    ...{ copies_archived: 0, seen_until: at(1), actor: '{}' },
    ...{ created_at: at(1), updated_at: at(1), ended_at: null, ...fields },
  };
  await store.write(async (tx) => {
    await insertAgent(tx, sampleAgent(agent_id));
    await insertEnvironment(tx, sampleEnvironment(`env_of_${id}`));
    await insertAlias(tx, {
      ...{ agent_id, name: 'production', version: 1, move: 1, hold: null, policy: '{}' },
      ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null },
      ...{ created_at: at(1), updated_at: at(1) },
    });
    await insertShadow(tx, shadow);
  });
  return shadow;
}

/** A session of users that a shadow takes, with one turn for each of the messages. */
export async function seedTalk(
  store: Store,
  { id: shadowId, agent_id }: ShadowRow,
  id: string,
  messages: readonly string[],
): Promise<SessionRow> {
  const events = messages.flatMap(turnOf);
  const row = sampleSession(id, {
    ...{ agent_id, environment_id: `env_of_${shadowId}`, created_at: at(2) },
    ...{ resolution_reason: 'alias', resolution_alias: 'production' },
    ...{ turns: messages.length, last_seq: events.length },
  });
  await store.write(async (tx) => {
    await insertSession(tx, row);
    await insertEvents(tx, rowsOf(id, events));
  });
  return row;
}

/** The events of a turn in which something was said and answered. */
export function turnOf(text: string): readonly object[] {
  const content = [{ type: 'text', text }];
  return [
    { type: 'user.message', content },
    { type: 'span.model_request_start' },
    { type: 'agent.message', content },
    { type: 'session.status_idle', stop_reason: { type: 'end_turn' } },
  ];
}

/** Events as a history keeps them, behind those that it has. */
export function rowsOf(session_id: string, events: readonly object[], behind = 0): EventRow[] {
  return events.map((event, i) => {
    const place = { seq: behind + i + 1, processed_at: at(behind + i) };
    const data = JSON.stringify({ ...event, processed_at: place.processed_at });
    return { session_id, ...place, type: (event as { type: string }).type, data };
  });
}
