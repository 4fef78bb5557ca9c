import type { PageRequest } from '../../core/page.ts';
import type { Handle } from '../../store/dialect.ts';
import { listEvents, listInbox } from '../../store/events.ts';
import { listScores } from '../../store/scores.ts';
import type { SessionRow } from '../../store/sessions.ts';

const stretch = 200;
const list: PageRequest['list'] = { name: 'session_scores', key: ['number'], backwards: false };

/**
 * A session as one line of JSON, in pieces, so that a long history is never held as a whole: what is known of it, its
 * version, its scores, its events as they went over the wire, and what is queued. `complete` comes last; it is false when
 * the session was deleted while it was read.
 */
export async function* sessionLine(db: Handle, session: SessionRow): AsyncGenerator<string> {
  const head = JSON.stringify({ ...headOf(session), scores: await scoresOf(db, session) });
  yield `${head.slice(0, -1)},"events":[`;
  let after = 0;
  while (after < session.last_seq) {
    const limit = Math.min(stretch, session.last_seq - after);
    const rows = await listEvents(db, session.id, { filter: {}, order: 'asc', after, limit });
    const last = rows.at(-1);
    if (last === undefined) break;
    yield `${after === 0 ? '' : ','}${rows.map(({ data }) => data).join(',')}`;
    after = last.seq;
  }
  const queued = session.queued === 0 ? [] : await listInbox(db, session.id);
  const complete = after === session.last_seq;
  yield `],"queued":[${queued.map(({ data }) => data).join(',')}],"complete":${complete}}\n`;
}

function headOf(session: SessionRow) {
  const { id, agent_id, agent_version, agent_name, effective_hash, overrides } = session;
  return {
    ...{ type: 'session_export', id },
    agent: {
      id: agent_id,
      version: agent_version,
      name: agent_name,
      effective_hash,
      overrides: read(overrides),
    },
    resolution: { reason: session.resolution_reason, alias: session.resolution_alias },
    rollout:
      session.rollout_id === null
        ? null
        : { id: session.rollout_id, arm: session.arm, weight: session.weight, unit: session.unit },
    ...{ environment_id: session.environment_id, title: session.title, metadata: read(session.metadata) },
    ...{ status: session.status, open_calls: read(session.open_calls), copy_of: session.copy_of },
    ...{ vault_ids: read(session.vault_ids) ?? [], budget: read(session.budget) },
    ...{ usage: read(session.usage), list_cost_usd: session.list_cost_usd },
    ...{ active_seconds: session.active_us / 1_000_000 },
    ...{ turns: session.turns, failed_turns: session.failed_turns, refused_turns: session.refused_turns },
    ...{ created_at: session.created_at, updated_at: session.updated_at },
    ...{ stopped_at: session.stopped_at, archived_at: session.archived_at },
  };
}

async function scoresOf(db: Handle, { id, scores }: SessionRow) {
  if (scores === 0) return [];
  const rows = await listScores(db, id, { list, limit: scores, order: 'asc', cursor: null });
  return rows.map(({ session_id: _, actor, ...score }) => ({ ...score, actor: read(actor) }));
}

function read(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}
