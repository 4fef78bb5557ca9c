import { type Clock, formatTime } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../store/dialect.ts';
import { deleteLooseBlob, expireFiles, listDueBlobs, putOffLooseBlob } from '../store/files.ts';
import type { Blobs } from './blobs.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly blobs: Blobs;
};

const everyMs = 3_600_000;
const sweptTogether = 100;
const mostRounds = 100;

/**
 * Removes, now and then, the bytes of files that have expired and those that belong to no file: an upload or a deletion
 * was broken off. It removes what is written down as loose and nothing that it merely finds, so that several servers
 * may keep their files in one place.
 */
export function createSweep({ store, clock, log, blobs }: Deps) {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> | null = null;
  let isStopped = false;

  async function remove(id: string): Promise<void> {
    await blobs.remove(id);
    // Only now: after a crash in between, it is removed again.
    await store.write((tx) => deleteLooseBlob(tx, id));
  }

  /** What cannot be removed is put off, so that the next sweep begins with others. */
  async function removeDue(id: string): Promise<void> {
    try {
      await remove(id);
    } catch (error) {
      const due_at = formatTime(clock.now() + everyMs * 1000);
      await store.write((tx) => putOffLooseBlob(tx, { id, due_at }));
      throw error;
    }
  }

  async function tick(): Promise<void> {
    const now = formatTime(clock.now());
    for (let round = 0; round < mostRounds; round++) {
      if ((await store.write((tx) => expireFiles(tx, now, sweptTogether))) < sweptTogether) break;
    }
    for (let round = 0; round < mostRounds; round++) {
      const due = await listDueBlobs(store.db, now, sweptTogether);
      for (const { id } of due) {
        if (isStopped) return;
        await removeDue(id);
      }
      if (due.length < sweptTogether) return;
    }
  }

  function sweep(): void {
    sweeping ??= tick()
      .catch((error: unknown) => log.warn({ err: error }, 'Files could not be swept; trying again later'))
      .finally(() => {
        sweeping = null;
      });
  }

  return {
    /** Removes bytes that are loose, and forgets them. */
    remove,

    /** Sweeps once, as much as a while allows. Throws when the database or the place for bytes cannot be used. */
    tick,

    /** Sweeps now and every hour. */
    start(): void {
      sweep();
      timer = setInterval(sweep, everyMs).unref();
    },

    /** Ends it, once what is being removed is. */
    async stop(): Promise<void> {
      isStopped = true;
      clearInterval(timer);
      await sweeping;
    },
  };
}
