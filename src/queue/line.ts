import { type Bus, silentBus } from '../core/bus.ts';
import type { Log } from '../core/log.ts';
import { createMemoryQueue } from './memory-queue.ts';
import type { Queue } from './queue.ts';

/** How a process works together with those that share its database. */
export type Line = {
  readonly bus: Bus;
  readonly queue: Queue;
  close(): Promise<void>;
};

/** The line of a process that has its database for itself. */
export function lineOfOne(): Line {
  const queue = createMemoryQueue();
  return { bus: silentBus, queue, close: queue.close };
}

/** The line of a process that shares a PostgreSQL database, under a `name` of its own. */
export async function openSharedLine(deps: {
  readonly url: string;
  readonly log: Log;
  readonly name: string;
  readonly for_one_command?: boolean;
}): Promise<Line> {
  // Loaded only where they are used: most servers have no PostgreSQL.
  const { openSharedBus } = await import('./shared-bus.ts');
  const { openBossQueue } = await import('./boss-queue.ts');
  const bus = await openSharedBus(deps);
  try {
    const queue = await openBossQueue({ ...deps, bus });
    return {
      bus,
      queue,
      async close() {
        await queue.close();
        await bus.close();
      },
    };
  } catch (error) {
    await bus.close();
    throw error;
  }
}
