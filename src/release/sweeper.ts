import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import { deleteSweep, listSweeps } from '../store/aliases.ts';
import type { Store } from '../store/dialect.ts';

/** Stops the sessions to which an alias gave a version. */
export type Stopping = {
  /** Gives how many it stopped, or null when the signal came first. */
  stopVersion(
    of: { readonly agent_id: string; readonly version: number; readonly alias: string },
    how: { readonly interrupts: boolean; readonly signal: AbortSignal },
  ): Promise<number | null>;
};

type Deps = { readonly store: Store; readonly log: Log; readonly stopping: Stopping };

const firstPauseMs = 1000;
const lastPauseMs = 30_000;

/**
 * Stops the sessions of versions that were rolled back. What is to be done is written down with the rollback, so that
 * it is gone on with after a crash.
 */
export function createSweeper({ store, log, stopping }: Deps) {
  const closing = new AbortController();
  const { signal } = closing;
  let underway: Promise<void> | null = null;
  let again = false;

  async function sweepAll(): Promise<void> {
    for (const sweep of await listSweeps(store.db)) {
      const { agent_id, alias, version, mode } = sweep;
      const sessions = { agent_id, alias, version };
      const stopped = await stopping.stopVersion(sessions, { interrupts: mode === 'interrupt', signal });
      if (stopped === null) return;
      await store.write((tx) => deleteSweep(tx, sweep));
      log.info(
        { agent_id, alias, version, stopped },
        'Sessions of a version that was rolled back are stopped',
      );
    }
  }

  async function run(): Promise<void> {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, lastPauseMs)) {
      try {
        again = false;
        await sweepAll();
        if (!again) return;
        continue;
      } catch (error) {
        log.error(
          { err: error },
          'Sessions of a version that was rolled back could not be stopped; trying again',
        );
      }
      await wait(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  function wake(): void {
    again = true;
    underway ??= run().finally(() => {
      underway = null;
      if (again && !signal.aborted) wake();
    });
  }

  return {
    /** Sees to whatever is left to do. */
    wake,

    /** Resolves when nothing is under way. */
    async idle(): Promise<void> {
      while (underway !== null) await underway;
    },

    /** Leaves the rest for the next start. */
    async stop(): Promise<void> {
      closing.abort();
      await underway;
    },
  };
}

export type Sweeper = ReturnType<typeof createSweeper>;
