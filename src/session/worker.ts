import { setTimeout as wait } from 'node:timers/promises';
import { PawlError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { isBusy } from '../core/session.ts';
import type { Store } from '../store/dialect.ts';
import { listBusySessions } from '../store/sessions.ts';
import type { Ended } from './ending.ts';
import type { Hub } from './hub.ts';
import { FencedError, type Journal } from './journal.ts';
import type { Turns } from './turn.ts';
import type { StopSignal } from './turn-work.ts';

type Deps = {
  readonly store: Store;
  readonly journal: Journal;
  readonly turns: Turns;
  readonly hub: Hub;
  readonly log: Log;
  /** How many turns run side by side; more wait in order of arrival. */
  readonly max_turns: number;
};

/** A session whose turn is to be run by this worker, which holds its attempt. */
type Job = { readonly sessionId: string; readonly attempt: number; readonly opened: boolean };

const firstRepairMs = 1000;
const lastRepairMs = 30_000;
/** A start must not ask for more connections at once than there are. */
const takenTogether = 10;

/** Runs the turns of sessions, a bounded number at a time, and takes up what a crash left behind. */
export function createWorker({ store, journal, turns, hub, log, max_turns }: Deps) {
  const waiting: { readonly sessionId: string; readonly job: Job | null }[] = [];
  const active = new Map<string, AbortController>();
  const tasks = new Set<Promise<void>>();
  /** The task of each session that has one, also between two tries. */
  const busy = new Map<string, Promise<void>>();
  /** Sessions of such a task that have to be looked at again when it is over. */
  const doubtful = new Set<string>();
  const stopping = new AbortController();
  let draining = false;

  /** Runs a session's turn when there is a place. Without a job, the session is taken on first. */
  function enqueue(sessionId: string, job: Job | null): void {
    if (draining) return;
    if (tasks.size >= max_turns) waiting.push({ sessionId, job });
    else launch(sessionId, job);
  }

  function launch(sessionId: string, job: Job | null): void {
    const task = runSession(sessionId, job).finally(() => {
      tasks.delete(task);
      // Its next turn may have begun already.
      if (busy.get(sessionId) === task) busy.delete(sessionId);
      if (doubtful.delete(sessionId)) adopt(sessionId);
      const next = draining || tasks.size >= max_turns ? undefined : waiting.shift();
      if (next !== undefined) launch(next.sessionId, next.job);
    });
    tasks.add(task);
    busy.set(sessionId, task);
  }

  function adopt(sessionId: string): void {
    if (draining) return;
    if (busy.has(sessionId)) doubtful.add(sessionId);
    else if (!waiting.some((one) => one.sessionId === sessionId)) enqueue(sessionId, null);
  }

  /**
   * Runs one turn; without a job the session is taken on first. What goes wrong outside the model is tried again,
   * slower and slower: the session is taken on anew, because a commit may have happened although its answer was
   * lost.
   */
  async function runSession(sessionId: string, given: Job | null): Promise<void> {
    let job = given;
    for (
      let repairMs = firstRepairMs;
      !stopping.signal.aborted;
      repairMs = Math.min(repairMs * 2, lastRepairMs)
    ) {
      try {
        job ??= await takeOver(sessionId);
        if (job === null) return;
        const ended = await runTurn(job);
        // The next turn waits behind those of other sessions.
        if (ended !== 'stopped' && ended.startsNext) enqueue(sessionId, { ...job, opened: true });
        return;
      } catch (error) {
        if (error instanceof FencedError || isGone(error)) return;
        log.error({ session_id: sessionId, err: error }, 'A turn could not be recorded; trying again');
        job = null;
      }
      await wait(repairMs, undefined, { signal: stopping.signal }).catch(() => {});
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

  /**
   * Takes a session on under a new attempt, so that whoever had it can write no more. Null when it is not busy;
   * whoever listens is then told what they may have missed.
   */
  async function takeOver(sessionId: string): Promise<Job | null> {
    const { session, result: isTaken } = await journal.write(sessionId, (row) =>
      isBusy(row.status) ? { changes: { attempt: row.attempt + 1 }, result: true } : { result: false },
    );
    if (isTaken) return { sessionId, attempt: session.attempt, opened: false };
    hub.catchUp(sessionId);
    return null;
  }

  return {
    /** Runs the turn that a session has just started, with its first request open. */
    start(sessionId: string, attempt: number): void {
      enqueue(sessionId, { sessionId, attempt, opened: true });
    },

    /** Stops the turn of a session at once. One that waits is let past the others: it will ask no model. */
    interrupt(sessionId: string): void {
      const controller = active.get(sessionId);
      if (controller !== undefined) stop(controller, 'interrupt');
      const place = waiting.findIndex((one) => one.sessionId === sessionId);
      const [one] = place === -1 ? [] : waiting.splice(place, 1);
      if (one !== undefined) launch(sessionId, one.job);
    },

    /** Sees to a session of which it is not known whether a write that started its turn was committed. */
    adopt,

    /** Takes up every session that was busy when its process ended. */
    async recover(): Promise<number> {
      const ids = await listBusySessions(store.db);
      for (let from = 0; from < ids.length; from += takenTogether) {
        const jobs = await Promise.all(ids.slice(from, from + takenTogether).map(takeOver));
        for (const job of jobs) if (job !== null) enqueue(job.sessionId, job);
      }
      return ids.length;
    },

    /** Lets running turns finish for as long as `graceMs`, then leaves the rest for the next start. */
    async stop(graceMs: number): Promise<void> {
      draining = true;
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

/** Whether the session has been deleted meanwhile. */
function isGone(error: unknown): boolean {
  return error instanceof PawlError && error.code === 'session_not_found';
}

function stop(controller: AbortController, reason: StopSignal): void {
  controller.abort(reason);
}
