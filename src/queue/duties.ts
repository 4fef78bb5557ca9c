import type { Bus } from '../core/bus.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../store/dialect.ts';
import { createPuller } from './puller.ts';
import type { NewJob, Queue } from './queue.ts';

/** Work that goes on for as long as the server does, and that one process at a time sees to. */
export const dutyNames = ['housekeeping', 'release', 'retention', 'shadows', 'webhooks'] as const;
export type DutyName = (typeof dutyNames)[number];

/** One duty, for whoever does it and whoever has something for it to do. */
export type Duty = {
  /** Whether this process is the one that does it. One that was asleep knows at once that it may not be any more. */
  isMine(): boolean;
  /** Tells whoever does it that there is something to do. */
  wake(): void;
  /** How it is woken in this process; it is when it becomes ours as well. */
  onWake(wake: () => void): void;
};

type Deps = {
  readonly store: Store;
  readonly queue: Queue;
  readonly bus: Bus;
  readonly log: Log;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
};

/** What a duty is without heartbeats for so long, somebody else may have. */
const heldMs = 9000;

/** Sees to it that each duty is done by one process: who does it asks `isMine` before each round. */
export function createDuties({ store, queue, bus, log, elapsed }: Deps) {
  const wakes = new Map<DutyName, () => void>();
  const mine = new Set<DutyName>();
  let heardAt = elapsed();
  const puller = createPuller({
    ...{ queue, log, name: 'duties', most: dutyNames.length },
    work: (job, signal) => hold(job.subject as DutyName, signal),
    onTouch: () => {
      const began = elapsed();
      return () => {
        const wasLate = isLate();
        heardAt = Math.max(heardAt, began);
        if (!wasLate) return;
        // What could not be done meanwhile is caught up with.
        wakeAll();
      };
    },
  });
  const isLate = (): boolean => queue.durable && elapsed() - heardAt >= heldMs;
  bus.on('wake', ({ duty }) => wakes.get(duty as DutyName)?.());
  bus.onGap(wakeAll);

  /** Looks what there is to do, where somebody may have called unheard. */
  function wakeAll(): void {
    for (const name of mine) wakes.get(name)?.();
  }

  /** Has a duty until it is broken off. */
  async function hold(name: DutyName, signal: AbortSignal): Promise<'given_back'> {
    const { promise, resolve } = Promise.withResolvers<'given_back'>();
    const leave = (): void => {
      mine.delete(name);
      resolve('given_back');
    };
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) return 'given_back';
    mine.add(name);
    log.debug({ duty: name }, 'This process sees to it now');
    wakes.get(name)?.();
    return promise;
  }

  return {
    of: (name: DutyName): Duty => ({
      isMine: () => mine.has(name) && !isLate(),
      wake() {
        if (mine.has(name)) wakes.get(name)?.();
        // One that was asleep may have lost it, and not know yet.
        if (!mine.has(name) || isLate()) bus.send({ type: 'wake', duty: name });
      },
      onWake: (wake) => void wakes.set(name, wake),
    }),

    /** Takes duties from now on. */
    async start(): Promise<void> {
      const jobs = dutyNames.map(
        (subject): NewJob => ({ queue: 'duties', subject, attempt: 0, group: 'duties', resumes: false }),
      );
      await store.write((tx) => queue.add(tx, jobs));
      heardAt = elapsed();
      puller.start();
      queue.announce(jobs);
    },

    /** Leaves them to others. */
    stop: (): Promise<void> => puller.stop(0),
  };
}

export type Duties = ReturnType<typeof createDuties>;
