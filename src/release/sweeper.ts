import { setTimeout as wait } from 'node:timers/promises';
import { type Clock, readTime } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Duty } from '../queue/duties.ts';
import { deleteSweep, findAlias, listSweeps, type SweepRow } from '../store/aliases.ts';
import type { Store } from '../store/dialect.ts';
import { type CanarySweepRow, deleteCanarySweep, listCanarySweeps } from '../store/rollouts.ts';

/** Stops the sessions to which an alias gave a version. */
export type Stopping = {
  /** Gives how many it stopped, or null when the signal came first. */
  stopVersion(
    of: { readonly agent_id: string; readonly version: number; readonly alias: string },
    how: { readonly interrupts: boolean; readonly signal: AbortSignal },
  ): Promise<number | null>;
};

type Deps = {
  readonly store: Store;
  readonly log: Log;
  readonly stopping: Stopping;
  readonly duty: Pick<Duty, 'isMine'>;
  readonly clock: Clock;
  /** Whether other processes make sessions as well. */
  readonly shared: boolean;
};

const firstPauseMs = 1000;
const lastPauseMs = 30_000;
/** Another process may have read an alias before it moved, and make a session of it this much later. */
const settlesUs = 30_000_000;
const settlePauseMs = 3000;

/**
 * Stops the sessions of versions that were rolled back. What is to be done is written down with the rollback, so that
 * it is gone on with after a crash.
 */
export function createSweeper({ store, log, stopping, duty, clock, shared }: Deps) {
  const closing = new AbortController();
  const { signal } = closing;
  let underway: Promise<void> | null = null;
  let again = false;
  let roused = new AbortController();

  /** Gives whether all of it is over. */
  async function sweepAll(): Promise<boolean> {
    const failures: unknown[] = [];
    let isOver = true;
    for (const one of await listSweeps(store.db)) {
      if (signal.aborted) return true;
      isOver &&= !isFresh(one);
      // One that fails must not hold up the others.
      await sweep(one).catch((error: unknown) => failures.push(error));
    }
    for (const one of await listCanarySweeps(store.db)) {
      if (signal.aborted) return true;
      isOver &&= !isFresh(one);
      await sweepCanary(one).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    return isOver;
  }

  /** Whether sessions of it may still be made by a process that has not heard of it. */
  function isFresh({ created_at }: Pick<SweepRow, 'created_at'>): boolean {
    return shared && clock.now() - readTime(created_at) < settlesUs;
  }

  async function sweepCanary(one: CanarySweepRow): Promise<void> {
    await stopSessions(one, () => store.write((tx) => deleteCanarySweep(tx, one.rollout_id)));
  }

  async function sweep(one: SweepRow): Promise<void> {
    await stopSessions(one, () => store.write((tx) => deleteSweep(tx, one)));
  }

  async function stopSessions(
    one: Pick<SweepRow, 'agent_id' | 'alias' | 'version' | 'mode' | 'created_at'>,
    done: () => Promise<void>,
  ): Promise<void> {
    const { agent_id, alias, version, mode } = one;
    const sessions = { agent_id, alias, version };
    const now = await findAlias(store.db, { agent_id, name: alias });
    const interrupts = mode === 'interrupt';
    // Where the version is served again, its sessions are to go on.
    const isBack = now?.version === version || now?.canary_version === version;
    const stopped = isBack ? 0 : await stopping.stopVersion(sessions, { interrupts, signal });
    if (stopped === null || isFresh(one)) return;
    await done();
    log.info({ ...sessions, stopped }, 'Sessions of a version that was rolled back are stopped');
  }

  async function run(): Promise<void> {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, lastPauseMs)) {
      if (!duty.isMine()) return;
      try {
        again = false;
        roused = new AbortController();
        const isOver = await sweepAll();
        if (isOver && !again) return;
        const either = AbortSignal.any([signal, roused.signal]);
        if (!isOver) await wait(settlePauseMs, undefined, { signal: either, ref: false }).catch(() => {});
        pauseMs = firstPauseMs;
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
    roused.abort();
    underway ??= run().finally(() => {
      underway = null;
      if (again && !signal.aborted && duty.isMine()) wake();
    });
  }

  return {
    /** Sees to whatever is left to do. */
    wake,

    /** Leaves the rest for the next start. */
    async stop(): Promise<void> {
      closing.abort();
      await underway;
    },
  };
}
