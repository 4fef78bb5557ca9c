import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import type { Handle } from '../store/dialect.ts';
import { type BusyTable, listBusy, listUnattended } from '../store/jobs.ts';
import { letEnd } from './let-end.ts';
import type { Job, Queue, QueueName, Taking } from './queue.ts';

/** Why work is broken off: the process stops, or somebody else has the job now. */
type BrokenOff = 'shutdown' | 'lost';

/** Whether work was broken off for a reason of the puller's, so that whoever has it next goes on with it. */
export function isBrokenOff(reason: unknown): reason is BrokenOff {
  return reason === 'shutdown' || reason === 'lost';
}

type Deps = {
  readonly queue: Queue;
  readonly log: Log;
  readonly name: QueueName;
  /** How many jobs are done side by side. */
  readonly most: number;
  /** How many of them may be of one group. */
  readonly most_of_group?: number;
  /**
   * Does a job. Once it has resolved the job is over; when it rejects, or resolves with `given_back`, another process takes
   * it. The signal's reason is `shutdown` or `lost`, or what `stop` was told.
   */
  readonly work: (job: Job, signal: AbortSignal) => Promise<'done' | 'given_back'>;
  /**
   * Called before the queue is told that this process is there; what it gives is called when it has been, and what was lost is
   * broken off.
   */
  readonly onTouch?: () => () => void;
};

/** Often enough that one that is lost on the way does not matter. */
const touchEveryMs = 2500;
const firstPauseMs = 250;
const lastPauseMs = 5000;
/** How many urgent jobs are done beyond those there is room for. */
const mostUrgent = 16;

/** Takes jobs off a queue as there is room, and does them. */
export function createPuller({ queue, log, name, most, most_of_group, work, onTouch }: Deps) {
  type Task = { readonly job: Job; readonly stop: AbortController; readonly over: Promise<void> };
  const underway = new Set<Task>();
  const stopping = new AbortController();
  let isOn = false;
  let pulling: Promise<void> | null = null;
  let again = false;
  /** Whether work may wait that there was no room for. */
  let mayWait = false;
  let pauseMs = firstPauseMs;
  let pulse: NodeJS.Timeout | undefined;

  /** The groups that have as much under way as they may, and how many jobs any other one may have beside what it has. */
  function groupRoom(): { readonly full: readonly string[]; readonly left: number } {
    if (most_of_group === undefined) return { full: [], left: most };
    const counts = new Map<string, number>();
    for (const { job } of underway) counts.set(job.group, (counts.get(job.group) ?? 0) + 1);
    const full = [...counts].flatMap(([group, count]) => (count >= most_of_group ? [group] : []));
    const others = [...counts.values()].filter((count) => count < most_of_group);
    return { full, left: most_of_group - Math.max(0, ...others) };
  }

  async function pullAll(): Promise<void> {
    do {
      again = false;
      const room = most - underway.size;
      const { full, left } = groupRoom();
      mayWait = room <= 0 || full.length > 0;
      // One that is in a hurry ends something, and needs no room.
      if (room <= 0 || full.length > 0) await takeUpTo(mostUrgent, { without: [], urgent: true });
      if (room > 0) await takeUpTo(Math.min(room, left), { without: full, urgent: false });
    } while (again && isOn);
  }

  async function takeUpTo(limit: number, which: Omit<Taking, 'limit'>): Promise<void> {
    const jobs = await queue.take(name, { limit, ...which });
    for (const job of jobs) launch(job);
    again ||= jobs.length === limit;
  }

  function launch(job: Job): void {
    // Whoever is given a job again has lost it before, and has not been told yet.
    for (const one of underway) if (one.job.id === job.id) one.stop.abort('lost' satisfies BrokenOff);
    const stop = new AbortController();
    const over = run(job, stop.signal).finally(() => {
      underway.delete(task);
      if (mayWait) pull();
    });
    const task: Task = { job, stop, over };
    underway.add(task);
  }

  async function run(job: Job, signal: AbortSignal): Promise<void> {
    const ended = await work(job, signal).catch(async (error: unknown) => {
      log.error({ queue: name, subject: job.subject, err: error }, 'A job failed; it is tried again');
      // Whatever is wrong may be so for longer: without a rest, it would be tried as fast as the machine can.
      const restMs = Math.min(firstPauseMs * 2 ** job.retries, lastPauseMs);
      await wait(restMs, undefined, { signal, ref: false }).catch(() => {});
      return 'given_back' as const;
    });
    // Whoever has it now ends it.
    if (signal.reason === 'lost') return;
    const settle = ended === 'done' ? queue.done(job) : queue.giveBack(job);
    // A job that cannot be ended comes again, to find that its subject has moved on.
    await settle.catch((error: unknown) => {
      log.debug({ queue: name, subject: job.subject, err: error }, 'The end of a job could not be written');
    });
  }

  function pull(): void {
    if (!isOn) return;
    if (pulling !== null) {
      again = true;
      return;
    }
    pulling = pullAll()
      .then(
        () => {
          pauseMs = firstPauseMs;
        },
        async (error: unknown) => {
          log.warn({ queue: name, err: error }, 'No work could be taken; trying again');
          again = true;
          await wait(pauseMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
          pauseMs = Math.min(pauseMs * 2, lastPauseMs);
        },
      )
      .finally(() => {
        pulling = null;
        if (again) pull();
      });
  }

  async function touch(): Promise<void> {
    const tasks = [...underway].filter(({ stop }) => stop.signal.reason !== 'lost');
    const touched = onTouch?.();
    const lost = await queue.touch(
      name,
      tasks.map(({ job }) => job),
    );
    for (const { job, stop } of tasks) if (lost.includes(job.id)) stop.abort('lost' satisfies BrokenOff);
    touched?.();
  }

  /** Whether a subject is being worked on here; with an attempt, whether that one is. */
  function has(subject: string, attempt?: number): boolean {
    return [...underway].some(
      ({ job }) => job.subject === subject && (attempt === undefined || job.attempt === attempt),
    );
  }

  return {
    has,

    /** Takes work from now on. */
    start(): void {
      isOn = true;
      queue.onWork(name, () => {
        pull();
        return isOn && underway.size < most && groupRoom().full.length === 0;
      });
      if (queue.durable) {
        const beat = (): void => void touch().catch(() => {});
        pulse = setInterval(beat, touchEveryMs).unref();
      }
      pull();
    },

    /** Ids of what is under way in the database although nobody works on it. */
    async left(db: Handle, table: BusyTable): Promise<string[]> {
      if (queue.durable) return listUnattended(db, table);
      return (await listBusy(db, table)).filter((id) => !has(id));
    },

    /** What is being worked on here. */
    jobs: (): readonly Job[] => [...underway].map(({ job }) => job),

    /** How many jobs are under way here. */
    running: (): number => underway.size,

    /**
     * Breaks off the work on a subject, with the reason that it is told. What is asked for it later, under an attempt behind
     * this one, goes on: whoever wants an end may be heard late.
     */
    breakOff({ subject, attempt }: Pick<Job, 'subject' | 'attempt'>, reason: unknown): void {
      for (const { job, stop } of underway)
        if (job.subject === subject && job.attempt <= attempt) stop.abort(reason);
    },

    /** Takes no more, lets what is under way go on for as long as `graceMs`, says so, and breaks it off. */
    async stop(graceMs: number, onPatienceEnds: () => void = () => {}): Promise<void> {
      isOn = false;
      stopping.abort();
      await pulling;
      const all = [...underway].map(({ over }) => over);
      await letEnd(all, graceMs, () => {
        onPatienceEnds();
        for (const { stop } of underway) stop.abort('shutdown' satisfies BrokenOff);
      });
      clearInterval(pulse);
    },
  };
}

export type Puller = ReturnType<typeof createPuller>;
