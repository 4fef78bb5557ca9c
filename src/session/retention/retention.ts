import { setImmediate as turn } from 'node:timers/promises';
import { serverActor } from '../../access/keys.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Files } from '../../file/files.ts';
import type { Duty } from '../../queue/duties.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import {
  findNextRuledAgent,
  findRetentionRules,
  listQuietSessions,
  type QuietPlace,
} from '../../store/retention.ts';
import { listUnnamedFiles } from '../../store/session-files.ts';
import type { SessionRow } from '../../store/sessions.ts';
import type { Sessions } from '../sessions.ts';
import { decideFate, type RetentionRule, restedBefore } from './decision.ts';
import type { ExportFolder } from './export-folder.ts';
import { findNeeds } from './needs.ts';
import { type RetentionDefaults, ruleOf } from './rules.ts';
import { sessionLine } from './session-line.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: Pick<Sessions, 'remove'>;
  readonly files: Pick<Files, 'removeUnnamed'>;
  readonly duty: Pick<Duty, 'isMine' | 'onWake'>;
  readonly defaults: RetentionDefaults;
  /** Where sessions are exported to; null when nowhere. */
  readonly folder: ExportFolder | null;
};

const everyMs = 3_600_000;
/** After a round that has left something, so that users have their turn. */
const goOnMs = 1000;
const takenTogether = 200;
/** Steps in one round: each sees to so many sessions, so many files, or passes on to the next agent. */
const stepsInRound = 50;

/** How far a walk has come: through the agents by id and the sessions of each by age, and then through the files. */
type Place =
  | { readonly at: 'agents'; readonly behind: string }
  | { readonly at: 'sessions'; readonly agent_id: string; readonly after: QuietPlace | null }
  | { readonly at: 'files'; readonly after: string };

const beginning: Place = { at: 'agents', behind: '' };

/** A session is not to go after all, or not by this process. */
class KeptError extends Error {}

/**
 * Deletes what is old: sessions by the rules of their agents, written into a file first where the rule says so, and files
 * that no open session names. Nothing of it is remembered but what is deleted: after a crash, the next walk begins anew
 * and finds what is left. A session is exported again when it was not deleted, so that it may be in two files.
 */
export function createRetention(deps: Deps) {
  const { store, clock, log, sessions, files, duty, defaults, folder } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  let place: Place = beginning;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | null = null;

  const mustStop = (): boolean => signal.aborted || !duty.isMine();

  async function nextAgent(behind: string): Promise<Place> {
    const agent_id = await findNextRuledAgent(store.db, { after: behind, unruled: defaults.days !== null });
    return agent_id === null ? { at: 'files', after: '' } : { at: 'sessions', agent_id, after: null };
  }

  async function ruleFor(db: Handle, agent_id: string): Promise<RetentionRule> {
    const [row = null] = await findRetentionRules(db, [agent_id]);
    return ruleOf(row, defaults);
  }

  /** Decides about a session again, with what is committed at this moment. */
  async function requireOld(
    tx: Handle,
    session: SessionRow,
    then: SessionRow,
    was: RetentionRule,
  ): Promise<void> {
    const rule = await ruleFor(tx, session.agent_id);
    const needsOf = await findNeeds(tx, [session]);
    const { action } = decideFate({ ...session, needs: needsOf(session) }, rule, clock.now());
    const isWhole = session.last_seq === then.last_seq && session.scores === then.scores;
    const isSame = isWhole && session.updated_at === then.updated_at && rule.export === was.export;
    if (action === 'keep' || !isSame) throw new KeptError(`Session ${session.id} is kept`);
  }

  /** Whether it was deleted: not when it has gone on meanwhile, and not when somebody else was faster. */
  async function remove(session: SessionRow, rule: RetentionRule): Promise<boolean> {
    try {
      await sessions.remove(session.id, (now, tx) => requireOld(tx, now, session, rule));
      return true;
    } catch (error) {
      const isRaced =
        error instanceof PawlError && ['session_not_found', 'session_running'].includes(error.code);
      if (error instanceof KeptError || isRaced) return false;
      throw error;
    }
  }

  async function* linesOf(old: readonly SessionRow[]): AsyncGenerator<string> {
    for (const session of old) {
      if (mustStop()) throw new KeptError('Somebody else sees to it now');
      yield* sessionLine(store.db, session);
      // SQLite answers at once, so that nobody else would have a turn.
      await turn();
    }
  }

  async function seeToSessions(from: Extract<Place, { at: 'sessions' }>): Promise<Place> {
    const { agent_id, after } = from;
    const onward: Place = { at: 'agents', behind: agent_id };
    const now = clock.now();
    const rule = await ruleFor(store.db, agent_id);
    const before = restedBefore(rule, now);
    if (before === null) return onward;
    if (rule.export && folder === null) {
      log.warn({ agent_id }, 'Old sessions are kept: there is no PAWL_EXPORT_DIR to export them into');
      return onward;
    }
    const rows = await listQuietSessions(store.db, { agent_id, before, after, limit: takenTogether });
    const needsOf = await findNeeds(store.db, rows);
    const old = rows.filter(
      (row) => decideFate({ ...row, needs: needsOf(row) }, rule, now).action === 'delete',
    );
    await removeAll(old, rule);
    if (mustStop()) return from;
    const last = rows.at(-1);
    if (rows.length < takenTogether || last === undefined) return onward;
    return { ...from, after: { updated_at: last.updated_at, id: last.id } };
  }

  /** Exports sessions, if their rule says so, and only then deletes them, one after the other. */
  async function removeAll(old: readonly SessionRow[], rule: RetentionRule): Promise<void> {
    const [first] = old;
    if (first === undefined) return;
    const place = { at: formatTime(clock.now()), name: first.id };
    const exported_to = rule.export && folder !== null ? await folder.write(linesOf(old), place) : null;
    let deleted = 0;
    for (const session of old) {
      if (mustStop()) break;
      if (await remove(session, rule)) deleted++;
    }
    const { agent_id } = first;
    if (deleted > 0) log.info({ agent_id, sessions: deleted, exported_to }, 'Old sessions were deleted');
  }

  /** Null when the walk is over. */
  async function seeToFiles(after: string): Promise<Place | null> {
    const before = restedBefore({ days: defaults.file_days, export: false }, clock.now());
    if (before === null) return null;
    const ids = await listUnnamedFiles(store.db, { before, after, limit: takenTogether });
    let deleted = 0;
    for (const id of ids) {
      if (mustStop()) break;
      if (await files.removeUnnamed(id, serverActor)) deleted++;
    }
    if (deleted > 0) log.info({ files: deleted }, 'Old files were deleted');
    const last = ids.at(-1);
    return ids.length < takenTogether || last === undefined ? null : { at: 'files', after: last };
  }

  /** One step from where the walk has come to; null when it is over. */
  async function step(from: Place): Promise<Place | null> {
    switch (from.at) {
      case 'agents':
        return nextAgent(from.behind);
      case 'sessions':
        // One agent whose sessions cannot be exported must not hold up the others.
        return seeToSessions(from).catch((error: unknown): Place => {
          if (mustStop()) return from;
          log.error(
            { agent_id: from.agent_id, err: error },
            'Old sessions could not be deleted; trying again',
          );
          return { at: 'agents', behind: from.agent_id };
        });
      case 'files':
        return seeToFiles(from.after);
    }
  }

  async function tick(): Promise<boolean> {
    for (let steps = 0; steps < stepsInRound; steps++) {
      if (mustStop()) return false;
      const next = await step(place);
      place = next ?? beginning;
      if (next === null) return true;
    }
    return false;
  }

  function work(): void {
    clearTimeout(timer);
    working ??= tick()
      .catch((error: unknown) => {
        log.error({ err: error }, 'What is old could not be looked for; trying again');
        return true;
      })
      .then((isOver) => {
        working = null;
        if (!signal.aborted) timer = setTimeout(work, isOver || mustStop() ? everyMs : goOnMs).unref();
      });
  }

  return {
    /** Takes up the walk where the last round has left it, and does a part of it; whether it has come to its end. */
    tick,

    /** Walks as soon as it is this process's duty, and every hour. */
    start(): void {
      duty.onWake(work);
      work();
    },

    /** Ends it, once the session that is being deleted is. */
    async stop(): Promise<void> {
      closing.abort();
      clearTimeout(timer);
      await working;
    },
  };
}
