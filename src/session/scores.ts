import type { AuditActor } from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { ScoreSource } from '../core/session-score.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { insertScore, listScores, type ScoreRow } from '../store/scores.ts';
import { findSession, lockSession, updateSession } from '../store/sessions.ts';
import { toBeCounted } from './choreography.ts';

/** What somebody says a session was worth. Of several with one name, the last counts. */
export type SessionScore = Omit<ScoreRow, 'actor'> & { readonly actor: AuditActor };

/** A score to be kept; who gives it is a key, or the server for its scorers. */
export type NewScore = {
  readonly name: string;
  /** From 0, the worst, to 1, the best. */
  readonly value: number;
  readonly comment: string | null;
  readonly source: ScoreSource;
  readonly actor: AuditActor;
};

type Deps = { readonly store: Store; readonly clock: Clock; readonly ids: Ids };

/** How many scores one session may have; corrections are new ones. */
const mostScores = 1000;

/** What sessions were worth: said by applications, whenever they know, and by scorers of rollouts. */
export function createScores({ store, clock, ids }: Deps) {
  /**
   * Keeps a score. It changes nothing else that can be seen of the session, archived or not; a rollout that the session
   * belongs to counts it at its next look.
   * @throws PawlError `session_not_found`, `invalid_request` when the session is not of the agent that is stated,
   *   `score_limit`
   */
  async function record(
    tx: Handle,
    { session_id, agent_id }: { readonly session_id: string; readonly agent_id?: string | undefined },
    score: NewScore,
  ): Promise<SessionScore> {
    const session = await lockSession(tx, store.dialect, session_id);
    if (session === null) throw notFound(session_id);
    if (agent_id !== undefined && agent_id !== session.agent_id) {
      const message = `agent_id: must be ${session.agent_id}, the agent of session ${session_id}, or be left out`;
      throw new PawlError('invalid_request', message);
    }
    if (session.scores >= mostScores) {
      throw new PawlError('score_limit', `session ${session_id} has ${mostScores} scores and takes no more`);
    }
    const position = session.scores + 1;
    const place = { id: ids.next('score'), session_id, position, created_at: formatTime(clock.now()) };
    await insertScore(tx, { ...place, ...score, actor: JSON.stringify(score.actor) });
    await updateSession(tx, session_id, { scores: position, ...toBeCounted(session) });
    return { ...place, ...score };
  }

  return {
    record,

    /** As `record`, in a transaction of its own. */
    async add(session: Parameters<typeof record>[1], score: NewScore): Promise<SessionScore> {
      return store.write((tx) => record(tx, session, score));
    },

    /** The scores of a session in the order in which they were given, or the other way round. @throws PawlError `session_not_found` */
    async list(sessionId: string, request: PageRequest): Promise<Page<SessionScore>> {
      if ((await findSession(store.db, sessionId)) === null) throw notFound(sessionId);
      const rows = await listScores(store.db, sessionId, request);
      const { data, next_page } = pageOf(rows, request, ({ position }) => [position]);
      const scores = data.map((row) => ({ ...row, actor: JSON.parse(row.actor) as AuditActor }));
      return { data: scores, next_page };
    },
  };
}

export type Scores = ReturnType<typeof createScores>;

function notFound(id: string): PawlError {
  return new PawlError('session_not_found', `session ${id} does not exist`);
}
