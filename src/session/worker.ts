import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import { isBusy } from '../core/session.ts';
import type { Store } from '../store/dialect.ts';
import { listBusySessions } from '../store/sessions.ts';
import type { Ended } from './ending.ts';
import { FencedError, type Journal } from './journal.ts';
import type { StopSignal, Turns } from './turn.ts';

type Deps = {
  readonly store: Store;
  readonly journal: Journal;
  readonly turns: Turns;
  readonly log: Log;
  /** How many turns run side by side; more wait in order of arrival. */
  readonly max_turns: number;
};

type Job = { readonly sessionId: string; readonly attempt: number; readonly opened: boolean };

const firstRepairMs = 1000;
const lastRepairMs = 30_000;

/** Runs the turns of sessions, a bounded number at a time, and takes up what a crash left behind. */
export function createWorker({ store, journal, turns, log, max_turns }: Deps) {
  const waiting: Job[] = [];
  const active = new Map<string, AbortController>();
  const tasks = new Set<Promise<void>>();
  const stopping = new AbortController();

  function start(job: Job): void {
    if (stopping.signal.aborted) return;
    if (tasks.size >= max_turns) waiting.push(job);
    else launch(job);
  }

  function launch(job: Job): void {
    const task = runSession(job).finally(() => {
      tasks.delete(task);
      const next = waiting.shift();
      if (next !== undefined) start(next);
    });
    tasks.add(task);
  }

  /** Runs one turn. What goes wrong outside the model is tried again, slower and slower. */
  async function runSession(job: Job): Promise<void> {
    let { attempt, opened } = job;
    const { sessionId } = job;
    for (
      let repairMs = firstRepairMs;
      !stopping.signal.aborted;
      repairMs = Math.min(repairMs * 2, lastRepairMs)
    ) {
      try {
        const ended = await runTurn({ sessionId, attempt, opened });
        // The next turn waits behind those of other sessions.
        if (ended !== 'stopped' && ended.startsNext) start({ sessionId, attempt, opened: true });
        return;
      } catch (error) {
        if (error instanceof FencedError) return;
        log.error({ session_id: sessionId, err: error }, 'A turn could not be recorded; trying again');
      }
      await wait(repairMs, undefined, { signal: stopping.signal }).catch(() => {});
      const taken = await takeOver(sessionId).catch(() => null);
      if (taken === 'idle') return;
      attempt = taken ?? attempt;
      opened = false;
    }
  }

  async function runTurn(job: Job): Promise<Ended | 'stopped'> {
    const controller = new AbortController();
    active.set(job.sessionId, controller);
    try {
      return await turns.run({ ...job, signal: controller.signal });
    } finally {
      active.delete(job.sessionId);
    }
  }

  /** Takes a session on under a new attempt, so that whoever had it can write no more. */
  async function takeOver(sessionId: string): Promise<number | 'idle'> {
    const { session, result } = await journal.write(sessionId, (row) =>
      isBusy(row.status)
        ? { changes: { attempt: row.attempt + 1 }, result: 'taken' as const }
        : { result: 'idle' as const },
    );
    return result === 'idle' ? 'idle' : session.attempt;
  }

  return {
    /** Runs the turn that a session has just started, with its first request open. */
    start(sessionId: string, attempt: number): void {
      start({ sessionId, attempt, opened: true });
    },

    /** Stops the turn of a session at once. One that waits is let past the others: it will ask no model. */
    interrupt(sessionId: string): void {
      const controller = active.get(sessionId);
      if (controller !== undefined) stop(controller, 'interrupt');
      const place = waiting.findIndex((job) => job.sessionId === sessionId);
      const [job] = place === -1 ? [] : waiting.splice(place, 1);
      if (job !== undefined) launch(job);
    },

    /** Takes up every session that was busy when its process ended. */
    async recover(): Promise<number> {
      const ids = await listBusySessions(store.db);
      const attempts = await Promise.all(ids.map(takeOver));
      for (const [i, sessionId] of ids.entries()) {
        const attempt = attempts[i] ?? 'idle';
        if (attempt !== 'idle') start({ sessionId, attempt, opened: false });
      }
      return ids.length;
    },

    /** Lets running turns finish for as long as `graceMs`, then leaves the rest for the next start. */
    async stop(graceMs: number): Promise<void> {
      waiting.length = 0;
      const finished = Promise.allSettled(tasks);
      const patience = new AbortController();
      await Promise.race([finished, wait(graceMs, undefined, { signal: patience.signal }).catch(() => {})]);
      patience.abort();
      stopping.abort();
      for (const controller of active.values()) stop(controller, 'shutdown');
      await finished;
    },
  };
}

function stop(controller: AbortController, reason: StopSignal): void {
  controller.abort(reason);
}
