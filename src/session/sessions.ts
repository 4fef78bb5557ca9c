import type { Agents } from '../agent/agents.ts';
import type { Environments } from '../agent/environments.ts';
import type { Versions } from '../agent/versions.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { type BidirectionalPage, type PageRequest, pageOf } from '../core/page.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { keepDeparture } from '../store/rollouts.ts';
import { findSession, listSessions, type SessionFilter, type SessionRow } from '../store/sessions.ts';
import { draftsWith, sessionDeleted, terminated } from './choreography.ts';
import type { Hub } from './hub.ts';
import { readInbox } from './inbox.ts';
import type { Decision, Journal } from './journal.ts';
import { firstEvents, planSession, requireParts, type Session, type SessionCreation } from './opening.ts';
import { sessionConfig } from './plan.ts';
import { decideUpdate, requireQuiet, type SessionChanges } from './updating.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly hub: Hub;
  readonly journal: Journal;
  readonly agents: Agents;
  readonly environments: Environments;
  readonly versions: Versions;
  readonly serves: (model: string) => boolean;
  /** Whether what a model costs is known. */
  readonly hasPrice: (model: string) => boolean;
  /** @throws PawlError naming the first that there is not, or that is archived */
  readonly requireVaults: (ids: readonly string[]) => Promise<void>;
  /** @throws PawlError naming the first that there is not */
  readonly requireFiles: (ids: readonly string[]) => Promise<void>;
  /** @throws PawlError `overloaded` when no more turns may wait */
  readonly requireRoomForTurn: () => void;
  /** Called when it is not known whether a session was committed as running, because the database's answer was lost. */
  readonly onUncertain: (sessionId: string) => void;
};

/** Sessions: each keeps the version that it was created with, whatever happens to the agent. */
export function createSessions(deps: Deps) {
  const { store, clock, ids, hub, journal, versions } = deps;
  const underway = new Set<Promise<Session>>();

  async function make(creation: SessionCreation): Promise<Session> {
    if (creation.initial_events.length > 0) deps.requireRoomForTurn();
    const { row, config } = await planSession(deps, creation);
    await requireParts(deps, creation, config);
    try {
      const opening = journal.open(row, firstEvents(row, creation.initial_events, deps));
      const written = await opening.catch(doubting(row.id));
      return { row: written.session, config };
    } catch (error) {
      // Between the look and the write, somebody has deleted the environment.
      if (!store.dialect.isBrokenReference(error)) throw error;
      const message = `environment ${creation.environment_id} does not exist`;
      throw new PawlError('environment_not_found', message, { cause: error });
    }
  }

  /** Passes an error on, and says first whether it leaves open what was committed. */
  const doubting = (id: string) => (error: unknown) => {
    if (!(error instanceof PawlError)) deps.onUncertain(id);
    throw error;
  };

  async function requireSession(id: string): Promise<SessionRow> {
    const row = await findSession(store.db, id);
    if (row === null) throw new PawlError('session_not_found', `session ${id} does not exist`);
    return row;
  }

  const withConfig = async (row: SessionRow): Promise<Session> => ({
    row,
    config: await sessionConfig(versions, row),
  });

  return {
    /**
     * Opens a session: an idle one with an empty history, or one that runs its first events already.
     * @throws PawlError `agent_not_found`, `version_not_found`, `alias_not_found`, `agent_archived`, `environment_not_found`,
     *   `environment_archived`, `agent_model_required`, `model_not_served`, `invalid_metadata`, `invalid_request`,
     *   `model_not_budgetable`, `overloaded`
     */
    async create(creation: SessionCreation): Promise<Session> {
      const made = make(creation);
      underway.add(made);
      return made.finally(() => underway.delete(made));
    },

    /**
     * Resolves when every creation that is under way has ended: each may have read an alias before it moved. One that
     * begins later sees whatever was committed before this was asked.
     */
    async created(): Promise<void> {
      await Promise.allSettled(underway);
    },

    /** @throws PawlError `session_not_found` */
    async retrieve(id: string): Promise<Session> {
      return withConfig(await requireSession(id));
    },

    /**
     * Changes a session and says so in its history; without an effective change nothing is written. Where a budget was
     * used up and is raised, the session goes on by itself.
     * @throws PawlError `session_not_found`, `session_archived`, `session_running`, `invalid_metadata`, `invalid_request`,
     *   `budget_create_only`, `budget_not_raised`, `model_not_budgetable`
     */
    async update(id: string, changes: SessionChanges): Promise<Session> {
      const before = await requireSession(id);
      const version = await versions.require(before.agent_id, before.agent_version);
      const writing = journal.write(id, (session) =>
        decideUpdate({ session, config: version.config, changes, ...deps, now: clock.now() }),
      );
      const written = await writing.catch(doubting(id));
      return withConfig(written.session);
    },

    /** Archives for good; doing it again changes nothing. @throws PawlError `session_not_found`, `session_running` */
    async archive(id: string): Promise<Session> {
      const written = await journal.write(id, async (session, tx): Promise<Decision<null>> => {
        if (session.archived_at !== null) return { result: null };
        requireQuiet(session, 'archived');
        const now = formatTime(clock.now());
        const queued = await readInbox(tx, session);
        return {
          events: [...queued, ...terminated(session).map(draftsWith(ids))],
          clearsInbox: true,
          changes: { status: 'terminated', open_calls: null, archived_at: now, updated_at: now },
          result: null,
        };
      });
      return withConfig(written.session);
    },

    /**
     * Deletes a session with all that belongs to it. `agree` is asked first, while the session is locked.
     * @throws PawlError `session_not_found`, `session_running`, and whatever `agree` throws; nothing is deleted then.
     */
    async remove(id: string, agree?: (session: SessionRow, tx: Handle) => Promise<void>): Promise<void> {
      await journal.remove(id, async (session, tx) => {
        requireQuiet(session, 'deleted');
        await agree?.(session, tx);
        if (session.unseen === 1) await keepDeparture(tx, session);
      });
      hub.publishDeleted(id, sessionDeleted(deps));
    },

    /** Sessions by creation time. */
    async list(filter: SessionFilter, request: PageRequest): Promise<BidirectionalPage<Session>> {
      const rows = await listSessions(store.db, filter, request);
      const page = pageOf(rows, request, (row) => [row.created_at, row.id]);
      return { ...page, data: await Promise.all(page.data.map(withConfig)) };
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;
