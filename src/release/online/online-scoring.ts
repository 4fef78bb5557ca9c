import { formatTime, readTime } from '../../core/clock.ts';
import type { SessionScorers } from '../../eval/session-scoring.ts';
import type { Handle } from '../../store/dialect.ts';
import { type DueScoring, enqueueScorings, listPendingScorings } from '../../store/online-scorings.ts';
import type { RolloutRow, UnseenSession } from '../../store/rollouts.ts';
import { settingsOf } from '../rollout/rollout.ts';
import { isSampled } from './sampling.ts';
import { type AttemptDeps, attemptScoring } from './scoring-attempt.ts';

/** A rollout and its sessions as far as scorers need them. */
type ScoredRollout = Pick<RolloutRow, 'id' | 'salt' | 'settings'>;
type SeenSession = Pick<UnseenSession, 'id' | 'turns' | 'overrides'>;

type Deps = AttemptDeps & {
  /** Opens the scorers; they are closed whenever there is nothing more to score. */
  readonly openScorers: () => SessionScorers;
};

const lanes = 4;
/** After the database could not be used. */
const repairUs = 30_000_000;
/** The timer is set no further ahead, so that a clock that was moved does no harm for longer. */
const longestSleepUs = 3_600_000_000;

/**
 * Scores sessions of rollouts by itself, a few at a time. What is to be scored stands in the database, so that it is gone
 * on with after a crash; a score that was not written down yet is asked for again then.
 */
export function createOnlineScoring(deps: Deps) {
  const { store, clock, log } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const tasks = new Set<Promise<void>>();
  /** Until when a scoring is not begun anew, in microseconds. What was read before it ended may show it as still due. */
  const held = new Map<string, number>();
  let scorers: SessionScorers | null = null;
  let underway: Promise<void> | null = null;
  let again = false;
  let rouse = (): void => {};

  /** Begins what is due and has room. Gives in how many microseconds there is more to do by itself, or null. */
  async function begin(): Promise<number | null> {
    const now = clock.now();
    for (const [key, until] of held) if (until <= now) held.delete(key);
    const pending = await listPendingScorings(store.db, held.size + lanes + 1);
    let next = Number.POSITIVE_INFINITY;
    for (const due of pending) {
      const at = held.get(keyOf(due)) ?? readTime(due.due_at);
      if (at > now) next = Math.min(next, at);
      else if (tasks.size < lanes && !signal.aborted) launch(due);
    }
    return next === Number.POSITIVE_INFINITY ? null : next - now;
  }

  function launch(due: DueScoring): void {
    const key = keyOf(due);
    const { session_id, name: scorer } = due;
    held.set(key, Number.POSITIVE_INFINITY);
    scorers ??= deps.openScorers();
    const task = attemptScoring(deps, { due, scorers, signal })
      .then(
        () => clock.now(),
        (error: unknown) => {
          log.error({ session_id, scorer, err: error }, 'A score could not be recorded; trying again');
          return clock.now() + repairUs;
        },
      )
      .then((until) => {
        held.set(key, until);
        tasks.delete(task);
        rouse();
      });
    tasks.add(task);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      again = false;
      const roused = Promise.withResolvers<void>();
      rouse = roused.resolve;
      const sleepUs = await begin().catch((error: unknown) => {
        log.error({ err: error }, 'What is to be scored could not be read; trying again');
        return repairUs;
      });
      if (tasks.size === 0) await closeScorers();
      if (tasks.size === 0 && sleepUs === null) return;
      const ms = Math.ceil(Math.min(sleepUs ?? longestSleepUs, longestSleepUs) / 1000);
      const alarm = setTimeout(rouse, ms).unref();
      await roused.promise;
      clearTimeout(alarm);
    }
  }

  async function closeScorers(): Promise<void> {
    const open = scorers;
    scorers = null;
    await open?.close().catch((error: unknown) => log.error({ err: error }, 'Scorers could not be closed'));
  }

  function wake(): void {
    if (signal.aborted) return;
    again = true;
    rouse();
    underway ??= run().finally(() => {
      underway = null;
      if (again) wake();
    });
  }

  return {
    /**
     * Asks, in the transaction in which a look counts them, that sessions be scored. Those that have ended no turn, have
     * overrides, or are in no scorer's sample are not; nor is what a scorer has seen with as many turns. Wake it when
     * that is committed.
     */
    async enqueue(tx: Handle, rollout: ScoredRollout, seen: readonly SeenSession[]): Promise<void> {
      const { id: rollout_id, salt } = rollout;
      const { scorers } = settingsOf(rollout);
      if (scorers.length === 0) return;
      const scorable = seen.filter(({ turns, overrides }) => turns > 0 && overrides === null);
      const due_at = formatTime(clock.now());
      for (const { name, sample } of scorers) {
        const sampled = scorable.filter(({ id }) => isSampled({ salt, sample }, id));
        const sessions = sampled.map(({ id, turns }) => ({ session_id: id, turns }));
        await enqueueScorings(tx, { rollout_id, name, sessions, due_at });
      }
    },

    /** Sees to whatever is due. */
    wake,

    /** Breaks off what is under way; it is left for the next start, as the rest is. */
    async stop(): Promise<void> {
      closing.abort();
      rouse();
      await underway;
      await Promise.all(tasks);
      await closeScorers();
    },
  };
}

export type OnlineScoring = ReturnType<typeof createOnlineScoring>;

function keyOf({ session_id, name }: DueScoring): string {
  return `${session_id} ${name}`;
}
