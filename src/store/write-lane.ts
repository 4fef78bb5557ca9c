/** What a lane needs from its database: a transaction, a way to undo one piece of work inside it, and its disk. */
export type LaneDatabase = {
  begin(): void;
  commit(): void;
  /** Resolves when what was committed is on the disk; null where there is no disk. */
  readonly sync: (() => Promise<void>) | null;
  rollback(): void;
  savepoint(): void;
  releaseSavepoint(): void;
  rollbackToSavepoint(): void;
};

type Job = { run(): Promise<void>; settle(error?: unknown): void };

/** The most pieces of work that share a commit; more wait for the next one. */
const maxBatch = 256;
/** Enough for a crowd to come together, and too short for anybody to notice. */
const maxGatherTurns = 4;

/**
 * Lets pieces of work write one after the other, and commits together all that are waiting: a commit waits
 * for the disk, which takes hundreds of times longer than the work itself. Each piece stands alone, so that
 * one that throws is undone without the others; nobody is answered before the disk has it.
 */
export function createWriteLane(database: LaneDatabase) {
  let waiting: Job[] = [];
  let flushing: Promise<void> | null = null;
  let committing: Promise<void> | null = null;
  /** What stands between readers and what is committed: a transaction, or a disk that does not have it yet. */
  let phase: 'quiet' | 'open' | 'syncing' = 'quiet';
  /** Why the disk did not take a commit. Nobody knows what is on it from then on, so that nothing more is written. */
  let lost: { readonly error: unknown } | null = null;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      await gather();
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      committing = commitTogether(batch);
      await committing;
      committing = null;
    }
    flushing = null;
  }

  /** Lets what is arriving join the batch: a turn of the event loop, and more while each brings something. */
  async function gather(): Promise<void> {
    for (let turn = 0; turn < maxGatherTurns; turn++) {
      const before = waiting.length;
      await new Promise(setImmediate);
      if (waiting.length === before || waiting.length >= maxBatch) return;
    }
  }

  async function commitTogether(batch: readonly Job[]): Promise<void> {
    const outcomes: (() => void)[] = [];
    try {
      if (lost !== null) throw lost.error;
      database.begin();
      phase = 'open';
      for (const job of batch) outcomes.push(await runAlone(job, batch.length > 1));
      database.commit();
    } catch (error) {
      try {
        database.rollback();
      } catch {
        // The database has already rolled back by itself; the first error says why.
      }
      phase = 'quiet';
      for (const job of batch) job.settle(error);
      return;
    }
    try {
      await untilOnDisk();
    } catch (error) {
      lost = { error };
      for (const job of batch) job.settle(error);
      return;
    }
    for (const settle of outcomes) settle();
  }

  /** The event loop does other work meanwhile. */
  async function untilOnDisk(): Promise<void> {
    phase = 'syncing';
    try {
      await database.sync?.();
    } finally {
      phase = 'quiet';
    }
  }

  async function runAlone(job: Job, shared: boolean): Promise<() => void> {
    if (shared) database.savepoint();
    try {
      await job.run();
      if (shared) database.releaseSavepoint();
      return () => job.settle();
    } catch (error) {
      try {
        if (shared) database.rollbackToSavepoint();
        else {
          database.rollback();
          database.begin();
        }
      } catch {
        // The database has already rolled back by itself, and with this work whatever came before it.
        throw error;
      }
      return () => job.settle(error);
    }
  }

  return {
    /** Queues work and resolves with its result once it is on the disk. */
    write<T>(work: () => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: { value: T } | null = null;
        waiting.push({
          async run() {
            result = { value: await work() };
          },
          settle(error) {
            if (error === undefined && result !== null) resolve(result.value);
            else reject(error);
          },
        });
        flushing ??= flush();
      });
    },
    /** Whether a transaction is open. */
    isOpen: (): boolean => phase === 'open',
    /** Whether something is committed that the disk does not have yet, and that nobody may see. */
    isSyncing: (): boolean => phase === 'syncing',
    /** Resolves when neither is so. The next transaction opens in a later turn of the event loop. */
    async between(): Promise<void> {
      while (committing !== null) await committing;
    },
    /** Resolves when nothing is being written. */
    async idle(): Promise<void> {
      while (flushing !== null) await flushing;
    },
  };
}

export type WriteLane = ReturnType<typeof createWriteLane>;
