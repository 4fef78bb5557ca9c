import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Duty } from '../../queue/duties.ts';
import type { Store } from '../../store/dialect.ts';
import { deleteLeftover, findLeftover, listOpenRollouts } from '../../store/rollouts.ts';
import { type Look, waitFor } from './look.ts';
import { settingsOf } from './rollout.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly look: Look;
  readonly duty: Pick<Duty, 'isMine'>;
  /** Milliseconds of a clock that nobody sets, whatever it began at. */
  readonly elapsed: () => number;
};

const firstPauseMs = 1000;
/** Short beside the usual time between looks, so that an outage costs no look that comes after it. */
const lastPauseMs = 5000;
const longestWaitMs = 60_000;
/** How many rows of a table are deleted in one transaction, and how long it is until the next one. */
const forgottenTogether = 500;
const forgetPauseMs = 50;

/** Looks at all rollouts as they are due, as long as the process runs; after their end it clears up behind them. */
export function createLooks({ store, clock, log, look, duty, ...deps }: Deps) {
  const closing = new AbortController();
  const { signal } = closing;
  /** When this process first saw each rollout at its present number of looks, in milliseconds of `elapsed`. */
  let beats = new Map<string, { readonly looks: number; readonly since: number }>();
  let underway: Promise<void> | null = null;
  let awake = new AbortController();

  /**
   * Looks at whatever is due, deletes a part of what others have left behind, and gives how long it is until there is more
   * to do, in milliseconds, and what went wrong. One that fails does not hold up the others.
   */
  async function goRound(): Promise<{ readonly next: number; readonly failures: readonly unknown[] }> {
    const failures = new Map<string, unknown>();
    if (!duty.isMine()) return { next: longestWaitMs, failures: [] };
    for (const { id, looks, overdue, wait: left } of await listOpen()) {
      if (signal.aborted || !duty.isMine()) break;
      if (left > 0) continue;
      const request = { overdue_after: overdue ? looks : null, signal };
      await look(id, request).catch((error: unknown) => failures.set(id, error));
    }
    const isMore = await forget().catch((error: unknown) => {
      failures.set('leftovers', error);
      return false;
    });
    const others = (await listOpen()).filter(({ id }) => !failures.has(id));
    const most = isMore ? forgetPauseMs : longestWaitMs;
    return { next: Math.min(most, ...others.map((open) => open.wait)), failures: [...failures.values()] };
  }

  /** Deletes a part of what a rollout that is over has left behind; gives whether there may be more. */
  async function forget(): Promise<boolean> {
    const id = signal.aborted ? null : await findLeftover(store.db);
    if (id === null) return false;
    await store.write((tx) =>
      deleteLeftover(tx, store.dialect, { rollout_id: id, limit: forgottenTogether }),
    );
    return true;
  }

  /** The rollouts under way, and how long each can wait for its look: by the clock, or by the time that has passed. */
  async function listOpen() {
    const rows = await listOpenRollouts(store.db);
    // Only now: a look that was taken meanwhile must not seem to be longer ago than it is.
    const now = clock.now();
    const elapsed = deps.elapsed();
    const open = rows.map((one) => {
      const { id, looks } = one;
      const beat = beats.get(id);
      const since = beat?.looks === looks ? beat.since : elapsed;
      const left = Math.ceil(since + settingsOf(one).look_seconds * 1000 - elapsed);
      return { id, looks, since, overdue: left <= 0, wait: Math.max(0, Math.min(waitFor(one, now), left)) };
    });
    beats = new Map(open.map(({ id, looks, since }) => [id, { looks, since }]));
    return open;
  }

  async function run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      awake = new AbortController();
      const { next, failures } = await goRound().catch((error: unknown) => ({
        next: longestWaitMs,
        failures: [error],
      }));
      for (const err of failures) log.error({ err }, 'Rollouts could not be looked after; trying again');
      const waitMs = failures.length === 0 ? next : Math.min(next, pauseMs);
      pauseMs = failures.length === 0 ? firstPauseMs : Math.min(pauseMs * 2, lastPauseMs);
      const either = AbortSignal.any([signal, awake.signal]);
      await wait(waitMs, undefined, { signal: either, ref: false }).catch(() => {});
    }
  }

  return {
    /** Looks from now on. */
    start(): void {
      underway ??= run();
    },

    /** Sees to it that a rollout that has just begun is not overslept. */
    wake: (): void => awake.abort(),

    /** Leaves the rest for the next start. */
    async stop(): Promise<void> {
      closing.abort();
      await underway;
    },
  };
}
