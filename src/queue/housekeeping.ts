import type { Log } from '../core/log.ts';
import type { Duty } from './duties.ts';

type Deps = {
  readonly duty: Duty;
  readonly log: Log;
  /** What is done each time, one after the other. */
  readonly tasks: readonly (() => Promise<unknown>)[];
};

const everyMs = 60_000;

/** Does what has to be done now and then by one of the processes that share a database. */
export function createHousekeeping({ duty, log, tasks }: Deps) {
  let working: Promise<void> | null = null;
  let pulse: NodeJS.Timeout | undefined;
  let isStopped = false;

  async function doAll(): Promise<void> {
    for (const task of tasks) {
      if (isStopped || !duty.isMine()) return;
      await task().catch((error: unknown) => {
        log.warn({ err: error }, 'What others left behind could not be taken up; trying again later');
      });
    }
  }

  function work(): void {
    working ??= doAll().finally(() => {
      working = null;
    });
  }

  return {
    /** Does it as soon as it is this process's duty, and every minute. */
    start(): void {
      duty.onWake(work);
      pulse = setInterval(work, everyMs).unref();
    },
    async stop(): Promise<void> {
      isStopped = true;
      clearInterval(pulse);
      await working;
    },
  };
}
