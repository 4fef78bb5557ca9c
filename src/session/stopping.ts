import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { EventDraft } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import { isBusy } from '../core/session.ts';
import type { Store } from '../store/dialect.ts';
import { listUnstoppedSessions, type SessionRow } from '../store/sessions.ts';
import { endTurn } from './ending.ts';
import { readInbox } from './inbox.ts';
import type { Decision, Journal } from './journal.ts';

/** The sessions that an alias gave a version to. */
export type VersionSessions = {
  readonly agent_id: string;
  readonly version: number;
  readonly alias: string;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly journal: Journal;
  /** Resolves when the sessions have been made that were being made when it was asked. */
  readonly created: () => Promise<void>;
  /** Called once an interrupt is committed for a session that is busy at this attempt. */
  readonly onInterrupt: (sessionId: string, attempt: number) => void;
};

const takenTogether = 20;

/** Stops the sessions of a version that was taken back. They keep their histories, and take no more messages. */
export function createStopping({ store, clock, ids, journal, created, onInterrupt }: Deps) {
  async function stop(id: string, interrupts: boolean): Promise<void> {
    const write = journal.write(id, async (session, tx): Promise<Decision<boolean>> => {
      if (session.stopped_at !== null || session.status === 'terminated') return { result: false };
      const now = clock.now();
      const stopped = { stopped_at: formatTime(now), updated_at: formatTime(now) };
      // Each in one commit: what is marked is not looked at again after a crash.
      if (interrupts && session.open_calls !== null && !isBusy(session.status)) {
        return {
          ...endWaiting({ ...session, ...stopped }, await readInbox(tx, session), now),
          result: false,
        };
      }
      const interrupted = interrupts && isBusy(session.status);
      return {
        changes: stopped,
        ...(interrupted ? { queue: [{ type: 'user.interrupt', id: ids.next('event') }] } : {}),
        result: interrupted,
      };
    });
    const written = await write.catch((error: unknown) => {
      if (error instanceof PawlError && error.code === 'session_not_found') return null;
      throw error;
    });
    if (written?.result === true) onInterrupt(id, written.session.attempt);
  }

  /** Ends a turn that waits for answers to its calls: nobody works on it who could be interrupted. */
  function endWaiting(
    session: SessionRow,
    queued: readonly EventDraft[],
    now: number,
  ): Omit<Decision<unknown>, 'result'> {
    const ended = endTurn(session, { kind: 'interrupted', said: null }, queued, { ids, now });
    const { stopped_at, updated_at } = session;
    return { ...ended, changes: { ...ended.changes, stopped_at, updated_at } };
  }

  return {
    /**
     * Stops all open sessions of a version: turns under way come to their end, or are interrupted. Safe to repeat;
     * sessions that are made meanwhile are found as well. Gives how many it stopped, or null when the signal came first.
     */
    async stopVersion(
      sessions: VersionSessions,
      { interrupts, signal }: { readonly interrupts: boolean; readonly signal: AbortSignal },
    ): Promise<number | null> {
      await created();
      for (let stopped = 0; ; ) {
        if (signal.aborted) return null;
        const ids = await listUnstoppedSessions(store.db, sessions, takenTogether);
        if (ids.length === 0) return stopped;
        await Promise.all(ids.map((id) => stop(id, interrupts)));
        stopped += ids.length;
      }
    },
  };
}
