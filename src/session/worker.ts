import { setTimeout as wait } from 'node:timers/promises';
import type { Bus } from '../core/bus.ts';
import { PawlError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { isBusy } from '../core/session.ts';
import { createPuller } from '../queue/puller.ts';
import type { Job, Queue } from '../queue/queue.ts';
import type { Store } from '../store/dialect.ts';
import { listInterrupted } from '../store/events.ts';
import type { SessionRow } from '../store/sessions.ts';
import { isUnavailable } from '../store/unavailable.ts';
import type { Ended } from './continuing.ts';
import type { Ending } from './ending.ts';
import type { Hub } from './hub.ts';
import { FencedError, type Journal } from './journal.ts';
import type { Turns } from './turn.ts';
import type { TurnRecord } from './turn-record.ts';
import type { StopSignal, TurnWork } from './turn-work.ts';

type Deps = {
  readonly store: Store;
  readonly queue: Queue;
  readonly bus: Bus;
  readonly journal: Journal;
  readonly turns: Turns;
  readonly record: Pick<TurnRecord, 'end'>;
  readonly hub: Hub;
  readonly log: Log;
  /** How many turns run side by side in this process; more wait. */
  readonly max_turns: number;
  /** How many of them may be of one agent. */
  readonly max_turns_per_agent: number;
  /** How long it is until what failed is tried again, at first; twice as long each time, up to half a minute. */
  readonly repair_ms?: number;
};

const usualRepairMs = 1000;
const lastRepairMs = 30_000;
/** After so many failures, half a minute with the pauses between them, it is no accident. */
const mostFailures = 5;
/** A start must not ask for more connections at once than there are. */
const takenTogether = 10;
/** Should a signal be lost on the way, an interrupt is found by itself. */
const lookForInterruptsMs = 2500;

/** Runs the turns of sessions, a bounded number at a time, and takes up what a crash left behind. */
export function createWorker(deps: Deps) {
  const { store, queue, bus, journal, turns, record, hub, log } = deps;
  const stopping = new AbortController();
  const adopting = new Set<Promise<unknown>>();
  /** How often the turn of a session has failed here, one time after the other, with the database at hand. */
  const failed = new Map<string, number>();
  let pulse: NodeJS.Timeout | undefined;
  const puller = createPuller({
    ...{ queue, log, name: 'turns', most: deps.max_turns, most_of_group: deps.max_turns_per_agent },
    work: (job, signal) => runJob(job, signal),
  });
  bus.on('interrupt', ({ session_id, attempt }) => breakOff({ subject: session_id, attempt }));

  function breakOff(turn: Pick<Job, 'subject' | 'attempt'>): void {
    puller.breakOff(turn, 'interrupt' satisfies StopSignal);
  }

  /**
   * Runs one turn. What goes wrong outside the model is tried again: the session is taken on anew, because a commit may
   * have happened although its answer was lost.
   */
  function runJob(job: Job, signal: AbortSignal): Promise<'done' | 'given_back'> {
    const { subject: sessionId, attempt, resumes } = job;
    // Somebody else has left it in the middle.
    let isOurs = job.retries === 0;
    return keepTrying(sessionId, signal, async () => {
      if (!isOurs) {
        await takeOver(sessionId, (row) => !queue.durable || row.attempt === attempt);
        return 'done';
      }
      isOurs = false;
      const ended = await runOrEnd({ sessionId, attempt, opened: !resumes, signal });
      return ended === 'stopped' ? 'given_back' : 'done';
    });
  }

  /** Runs a turn, or ends it where that has failed again and again: the model is not asked for ever. */
  async function runOrEnd(work: TurnWork): Promise<Ended | 'stopped'> {
    const { sessionId } = work;
    const failures = failed.get(sessionId) ?? 0;
    try {
      const ended = await (failures < mostFailures ? turns.run(work) : record.end(work, unrecorded));
      failed.delete(sessionId);
      return ended;
    } catch (error) {
      // A database that is away comes back.
      if (!isUnavailable(error)) failed.set(sessionId, failures + 1);
      throw error;
    }
  }

  /** Does something for a session until it succeeds, slower and slower, or until it is to stop. */
  async function keepTrying(
    sessionId: string,
    signal: AbortSignal,
    work: () => Promise<'done' | 'given_back'>,
  ): Promise<'done' | 'given_back'> {
    const { repair_ms = usualRepairMs } = deps;
    for (
      let pauses = failed.get(sessionId) ?? 0;
      !stopping.signal.aborted && signal.reason !== 'lost';
      pauses++
    ) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof FencedError || isGone(error)) {
          failed.delete(sessionId);
          return 'done';
        }
        log.error({ session_id: sessionId, err: error }, 'A turn could not be recorded; trying again');
      }
      // An interrupt is no reason to try again at once, and again.
      const wakes = signal.aborted ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
      const repairMs = Math.min(repair_ms * 2 ** pauses, lastRepairMs);
      if (signal.reason !== 'lost') await wait(repairMs, undefined, { signal: wakes }).catch(() => {});
    }
    return 'given_back';
  }

  /**
   * Takes a session on under a new attempt, so that whoever had it can write no more; work on it is asked for along with
   * that. Where there is nothing to take on, whoever listens is told what they may have missed.
   */
  async function takeOver(sessionId: string, isWanted: (row: SessionRow) => boolean): Promise<void> {
    const { result: isTaken } = await journal.write(sessionId, (row) =>
      isBusy(row.status) && isWanted(row)
        ? { changes: { attempt: row.attempt + 1 }, resumes: true, result: true }
        : { result: false },
    );
    if (!isTaken) hub.catchUp(sessionId);
  }

  /** Sees to a session of which it is not known whether a write that started its turn was committed. */
  function adopt(sessionId: string): void {
    // Where work is kept with what asks for it, it is found by itself.
    if (queue.durable || stopping.signal.aborted) return;
    const adoption = keepTrying(sessionId, stopping.signal, async () => {
      // The attempt before may be just about to end.
      await takeOver(sessionId, ({ attempt }) => !puller.has(sessionId, attempt));
      return 'done';
    }).finally(() => adopting.delete(adoption));
    adopting.add(adoption);
  }

  /** Ends the turns here for which an interrupt waits. */
  async function lookForInterrupts(): Promise<void> {
    // As they were before the look: what comes after an interrupted turn is not meant.
    const jobs = puller.jobs();
    const ids = jobs.map(({ subject }) => subject);
    const interrupted = new Set(await listInterrupted(store.db, ids));
    for (const job of jobs) if (interrupted.has(job.subject)) breakOff(job);
  }

  return {
    /** Takes turns from now on. */
    start(): void {
      puller.start();
      if (!queue.durable) return;
      pulse = setInterval(() => void lookForInterrupts().catch(() => {}), lookForInterruptsMs).unref();
    },

    /**
     * Stops the turn of a session at once, wherever it runs, unless it is past this attempt. One that waits is let past the
     * others: it will ask no model.
     */
    interrupt(sessionId: string, attempt: number): void {
      if (puller.has(sessionId, attempt)) {
        breakOff({ subject: sessionId, attempt });
        return;
      }
      bus.send({ type: 'interrupt', session_id: sessionId, attempt });
      queue.hurry('turns', sessionId).catch((error: unknown) => {
        log.debug({ session_id: sessionId, err: error }, 'A turn that waits could not be hurried');
      });
    },

    adopt,

    /** Takes up every session that was busy although nobody works on it. Gives how many those were. */
    async recover(): Promise<number> {
      const ids = await puller.left(store.db, 'sessions');
      for (let from = 0; from < ids.length; from += takenTogether) {
        await Promise.all(ids.slice(from, from + takenTogether).map((id) => takeOver(id, () => true)));
      }
      return ids.length;
    },

    /** How many turns run here, and how many wait for a place anywhere. */
    load: () => ({ running: puller.running(), waiting: queue.waiting('turns') }),

    /** Lets running turns finish for as long as `graceMs`, then leaves the rest to others, or to the next start. */
    async stop(graceMs: number): Promise<void> {
      clearInterval(pulse);
      await puller.stop(graceMs, () => stopping.abort());
      stopping.abort();
      await Promise.allSettled(adopting);
    },
  };
}

const unrecorded: Ending = {
  kind: 'exhausted',
  error: {
    type: 'unknown_error',
    message: 'Something went wrong on the server again and again; its log says what.',
    retry_status: { type: 'exhausted' },
  },
};

/** Whether the session has been deleted meanwhile. */
function isGone(error: unknown): boolean {
  return error instanceof PawlError && error.code === 'session_not_found';
}
