import { fork } from 'node:child_process';
import { once } from 'node:events';
import { racerProcess } from './racer-process.ts';

/** One request that a racer makes. */
export type RaceCall = {
  /** Where the server is. */
  readonly url: string;
  readonly key: string;
  /** Without `/pawl/v1`. */
  readonly path: string;
  /** Sent by POST. */
  readonly body: object;
};

/** What it was answered. */
export type RaceAnswer = {
  readonly status: number;
  /** The error's code; null when it was no error. */
  readonly code: string | null;
  /** The error's message; empty when it was no error. */
  readonly message: string;
  readonly body: unknown;
};

/** Clients in processes of their own, which wait until they are told what to ask. */
export type Racers = {
  /**
   * Each list goes to a process of its own, which makes its calls one after the other; all begin together. Gives the
   * answers in the same order.
   */
  race(lists: readonly (readonly RaceCall[])[]): Promise<RaceAnswer[][]>;
  close(): Promise<void>;
};

/** Starts so many processes. The caller closes them. */
export async function startRacers(count: number): Promise<Racers> {
  const racers = await Promise.all(Array.from({ length: count }, startRacer));
  return {
    async race(lists) {
      if (lists.length > count) throw new Error(`There are ${count} racers, not ${lists.length}`);
      return Promise.all(racers.slice(0, lists.length).map(({ make }, i) => make(lists[i] ?? [])));
    },
    close: async () => void (await Promise.all(racers.map(({ end }) => end()))),
  };
}

async function startRacer() {
  const child = fork(racerProcess, { stdio: 'inherit' });
  const gone = once(child, 'exit');
  const lost = gone.then((): never => {
    throw new Error('A racer ended in the middle of a race');
  });
  // At the end of the test nobody waits for it.
  lost.catch(() => {});
  await once(child, 'message');
  return {
    async make(calls: readonly RaceCall[]): Promise<RaceAnswer[]> {
      const answered = once(child, 'message');
      child.send(calls);
      const [answers] = (await Promise.race([answered, lost])) as [RaceAnswer[]];
      return answers;
    },
    async end(): Promise<void> {
      child.disconnect();
      await gone;
    },
  };
}
