import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import { isBusy } from '../core/session.ts';
import type { Store } from '../store/dialect.ts';
import { listUnstoppedSessions } from '../store/sessions.ts';
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
  /** Called once an interrupt is committed for a session that is busy. */
  readonly onInterrupt: (sessionId: string) => void;
};

const takenTogether = 20;

/** Stops the sessions of a version that was taken back. They keep their histories, and take no more messages. */
export function createStopping({ store, clock, ids, journal, created, onInterrupt }: Deps) {
  async function stop(id: string, interrupts: boolean): Promise<void> {
    const write = journal.write(id, (session): Decision<boolean> => {
      if (session.stopped_at !== null || session.status === 'terminated') return { result: false };
      const now = formatTime(clock.now());
      const interrupted = interrupts && isBusy(session.status);
      // In one commit: what is marked is not looked at again after a crash.
      return {
        changes: { stopped_at: now, updated_at: now },
        ...(interrupted ? { queue: [{ type: 'user.interrupt', id: ids.next('event') }] } : {}),
        result: interrupted,
      };
    });
    const written = await write.catch((error: unknown) => {
      if (error instanceof PawlError && error.code === 'session_not_found') return null;
      throw error;
    });
    if (written?.result === true) onInterrupt(id);
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
