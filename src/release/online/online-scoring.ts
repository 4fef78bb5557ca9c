import { formatTime, readTime } from '../../core/clock.ts';
import type { SessionScorers } from '../../eval/session-scoring.ts';
import type { Duty } from '../../queue/duties.ts';
import type { Handle } from '../../store/dialect.ts';
import {
  type DueScoring,
  enqueueScorings,
  listPendingScorings,
  listWaitingScorers,
  type RolloutScorer,
} from '../../store/online-scorings.ts';
import type { RolloutRow, UnseenSession } from '../../store/rollouts.ts';
import { settingsOf } from '../rollout/rollout.ts';
import { isSampled } from './sampling.ts';
import { createScorerTroubles } from './scorer-troubles.ts';
import { type AttemptDeps, attemptScoring } from './scoring-attempt.ts';

/** A rollout and its sessions as far as scorers need them. */
type ScoredRollout = Pick<RolloutRow, 'id' | 'salt' | 'settings'>;
type SeenSession = Pick<UnseenSession, 'id' | 'turns' | 'overrides'>;

type Deps = AttemptDeps & {
  /** Opens the scorers; they are closed whenever there is nothing more to score. */
  readonly openScorers: () => SessionScorers;
  readonly duty: Pick<Duty, 'isMine'>;
};

/** A session that is being scored. */
type Task = { readonly scorer: string; readonly began: number };
/** A session that is not begun anew until a time in microseconds, and by which scorer. */
type Hold = { readonly scorer: string; readonly until: number };

/** Sessions that are scored at a time, those left out that take longer than the patience with them. */
const lanes = 4;
/** How many of them one scorer of a rollout may have; alone, it leaves one for whoever comes next. */
const mostOfOne = 2;
const mostAlone = 3;
/** From then on a session takes no lane from others: a scorer that hangs must hold up nobody but itself. */
const patienceUs = 5_000_000;
/** However many scorers hang. */
const mostUnderway = 32;
/** How many scorers are looked at at once, and how long after that the others are. */
const mostScorers = 100;
const othersUs = 1_000_000;
/** After the database could not be used. */
const repairUs = 30_000_000;
/** The timer is set no further ahead, so that a clock that was moved does no harm for longer. */
const longestSleepUs = 3_600_000_000;

/**
 * Scores sessions of rollouts by itself, a few at a time, scorer by scorer in turn. What is to be scored stands in the
 * database, so that it is gone on with after a crash; a score that was not written down yet is asked for again then.
 */
export function createOnlineScoring(deps: Deps) {
  const { store, clock, log } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const tasks = new Map<Promise<void>, Task>();
  /** What was read before a scoring ended may show it as still due. */
  const held = new Map<string, Hold>();
  const troubles = createScorerTroubles();
  /** Whose turn was last. */
  let last: RolloutScorer | null = null;
  let scorers: SessionScorers | null = null;
  let underway: Promise<void> | null = null;
  let again = false;
  let rouse = (): void => {};

  /** Begins what is due and has room. Gives in how many microseconds there is more to do by itself, or null. */
  async function begin(): Promise<number | null> {
    if (!deps.duty.isMine()) return null;
    const now = clock.now();
    for (const [key, { until }] of held) if (until <= now) held.delete(key);
    troubles.forget(now);
    const isFull = busyAt(now).length >= lanes || tasks.size >= mostUnderway;
    const next = isFull ? Number.POSITIVE_INFINITY : await beginInTurn(now);
    const soonest = Math.min(next, ...busyAt(now).map(({ began }) => began + patienceUs));
    return soonest === Number.POSITIVE_INFINITY ? null : soonest - now;
  }

  /** What takes a lane. */
  function busyAt(now: number): Task[] {
    return [...tasks.values()].filter(({ began }) => began + patienceUs > now);
  }

  /** Whether a lane is free for a scorer: half of them are kept from those that are slow just now. */
  function hasRoom(scorer: RolloutScorer, now: number): boolean {
    const busy = busyAt(now);
    if (busy.length >= lanes || tasks.size >= mostUnderway) return false;
    const slow = new Set<string>();
    for (const task of tasks.values()) if (task.began + patienceUs <= now) slow.add(task.scorer);
    if (!slow.has(scorerKey(scorer))) return true;
    return busy.filter((task) => slow.has(task.scorer)).length < lanes / 2;
  }

  /** One session of each scorer, then a second one. Gives when the first of what has to wait is due, or infinity. */
  async function beginInTurn(now: number): Promise<number> {
    const scorers = await scorersInTurn();
    const most = scorers.length > 1 ? mostOfOne : mostAlone;
    let next = Number.POSITIVE_INFINITY;
    const queues: DueScoring[][] = [];
    for (const scorer of scorers) {
      const { due, later } = await dueOf(scorer, { most, now });
      queues.push(due);
      next = Math.min(next, later);
    }
    for (let round = 0; round < most; round++) {
      for (const queue of queues) {
        const due = queue[round];
        if (due !== undefined && hasRoom(due, now) && !signal.aborted) launch(due);
      }
    }
    if (scorers.length < mostScorers) return next;
    last = scorers.at(-1) ?? null;
    return now + othersUs;
  }

  /** The scorers that have something to do, beginning behind the one whose turn was last. */
  async function scorersInTurn(): Promise<RolloutScorer[]> {
    const behind = await listWaitingScorers(store.db, { after: last, limit: mostScorers });
    if (last === null || behind.length === mostScorers) return behind;
    const all = await listWaitingScorers(store.db, { after: null, limit: mostScorers });
    const known = new Set(behind.map(scorerKey));
    return [...behind, ...all.filter((scorer) => !known.has(scorerKey(scorer)))];
  }

  /** What a scorer may begin now, and when it may begin more by itself. */
  async function dueOf(
    scorer: RolloutScorer,
    { most, now }: { readonly most: number; readonly now: number },
  ): Promise<{ due: DueScoring[]; later: number }> {
    const key = scorerKey(scorer);
    const until = troubles.pausedUntil(key);
    const underway = [...tasks.values()].filter((task) => task.scorer === key).length;
    const free = (troubles.isHanging(key) ? 1 : most) - underway;
    // When one of them ends, there is another look.
    if (free <= 0) return { due: [], later: Number.POSITIVE_INFINITY };
    if (until > now) return { due: [], later: until };
    const holds = [...held.values()].filter((hold) => hold.scorer === key).length;
    const pending = await listPendingScorings(store.db, scorer, holds + free);
    const times = pending.map((one) => held.get(keyOf(one))?.until ?? readTime(one.due_at));
    const due = pending.filter((_one, place) => (times[place] ?? now) <= now).slice(0, free);
    return { due, later: Math.min(Number.POSITIVE_INFINITY, ...times.filter((time) => time > now)) };
  }

  function launch(due: DueScoring): void {
    const key = keyOf(due);
    const scorer = scorerKey(due);
    const { session_id, rollout_id, name } = due;
    const began = clock.now();
    last = { rollout_id, name };
    held.set(key, { scorer, until: Number.POSITIVE_INFINITY });
    scorers ??= deps.openScorers();
    const task = attemptScoring(deps, { due, scorers, signal })
      .then(
        (isScored) => {
          const now = clock.now();
          if (isScored !== null) troubles.note(scorer, { isScored, tookUs: now - began }, now);
          return now;
        },
        (error: unknown) => {
          log.error({ session_id, scorer: name, err: error }, 'A score could not be recorded; trying again');
          return clock.now() + repairUs;
        },
      )
      .then((until) => {
        held.set(key, { scorer, until });
        tasks.delete(task);
        rouse();
      });
    tasks.set(task, { scorer, began });
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
      await Promise.all(tasks.keys());
      await closeScorers();
    },
  };
}

export type OnlineScoring = ReturnType<typeof createOnlineScoring>;

function keyOf({ session_id, name }: DueScoring): string {
  return `${session_id} ${name}`;
}

function scorerKey({ rollout_id, name }: RolloutScorer): string {
  return `${rollout_id} ${name}`;
}
