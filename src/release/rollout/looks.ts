import { setTimeout as wait } from 'node:timers/promises';
import { serverActor } from '../../access/keys.ts';
import type { Versions } from '../../agent/versions.ts';
import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { SessionUsage } from '../../core/usage.ts';
import type { Watchers } from '../../eval/watchers.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import {
  listOpenRollouts,
  lockRollout,
  type RolloutRow,
  type UnseenSession,
  updateRollout,
} from '../../store/rollouts.ts';
import type { Notify } from '../notify.ts';
import type { PromotionRecords } from '../promotion-records.ts';
import { type CheckResult, checkAll } from './checks.ts';
import { type CostOf, countedTogether, countUnseen } from './counting.ts';
import { decideLook, type LookDecision } from './decision.ts';
import type { LockedRollout, RolloutRecords } from './records.ts';
import { type RolloutDetails, readDetails, readRollout, settingsOf, stateOf, summarise } from './rollout.ts';
import type { Transitions } from './transitions.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly versions: Versions;
  readonly notify: Notify;
  readonly promotions: PromotionRecords;
  readonly records: RolloutRecords;
  readonly transitions: Transitions;
  readonly watchers: Watchers<RolloutDetails>;
  /** What tokens of a model cost in US dollars; null when no price is known. */
  readonly costOf: (model: string, usage: SessionUsage) => number | null;
  /** Milliseconds of a clock that nobody sets, whatever it began at. */
  readonly elapsed: () => number;
  /** Called in the transaction in which sessions are counted. */
  readonly onCounted: (tx: Handle, rollout: RolloutRow, seen: readonly UnseenSession[]) => Promise<void>;
  /** Called once that is committed. */
  readonly onCommitted: () => void;
};

const firstPauseMs = 1000;
/** Short beside the usual time between looks, so that an outage costs no look that comes after it. */
const lastPauseMs = 5000;
const longestWaitMs = 60_000;
/** More than these wait for the next look, so that one rollout cannot hold up the others. */
const mostBatches = 100;
/** How much more evidence there has to be before it is written down once more without a decision. */
const notedGrowth = 1.05;

/**
 * Looks at rollouts when they are due: counts what their sessions have come to, decides, and carries the decision out in
 * the same transaction. When the next look is due is on disk, so that a process that ends leaves nothing behind but a
 * look that is late; and two processes never take the same one, because it is due only once.
 */
export function createLooks(deps: Deps) {
  const { store, clock, log, versions, notify, promotions, records, transitions, watchers } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  /** When this process first saw each rollout at its present number of looks, in milliseconds of `elapsed`. */
  let beats = new Map<string, { readonly looks: number; readonly since: number }>();
  let underway: Promise<void> | null = null;
  let awake = new AbortController();

  async function pricesOf(rollout: {
    agent_id: string;
    baseline_version: number;
    candidate_version: number;
  }): Promise<CostOf> {
    const models = new Map<number, string>();
    for (const version of [rollout.baseline_version, rollout.candidate_version]) {
      models.set(version, (await versions.require(rollout.agent_id, version)).config.model.id);
    }
    return (version, usage) => {
      const model = models.get(version);
      return model === undefined ? null : deps.costOf(model, usage);
    };
  }

  /** Counts everything that there is to count, a bit at a time. */
  async function count(id: string): Promise<void> {
    const costOf = await pricesOf(await records.find(store.db, id));
    for (let batch = 0; batch < mostBatches && !signal.aborted; batch += 1) {
      const counted = await store.write(async (tx) => {
        const row = await lockRollout(tx, store.dialect, id);
        if (row === null || row.ended_at !== null) return 0;
        const { row: after, seen } = await countUnseen(tx, row, { dialect: store.dialect, costOf });
        if (seen.length > 0) await deps.onCounted(tx, after, seen);
        return seen.length;
      });
      if (counted > 0) deps.onCommitted();
      if (counted < countedTogether) return;
    }
  }

  /**
   * Takes the look that is due, if nobody else has. One that is `overdue` after so many looks is taken even when the
   * clock says otherwise, because it was set back. Gives what it led to; null when it was not due.
   */
  async function look(
    id: string,
    overdue: { readonly looks: number } | null = null,
  ): Promise<LookDecision | null> {
    await count(id);
    const taken = await store.write(async (tx) => {
      const locked = await records.lock(tx, id);
      const { row } = locked;
      const now = clock.now();
      const due = waitFor(row, now) === 0 || row.looks === overdue?.looks;
      if (row.ended_at !== null || !due) return null;
      const { decision, checks } = decide(row, now);
      const times = {
        ...{ looks: row.looks + 1, decision: JSON.stringify(decision) },
        last_look_at: [formatTime(now), row.last_look_at ?? ''].reduce((a, b) => (a > b ? a : b)),
        next_look_at: formatTime(now + Math.round(settingsOf(row).look_seconds * 1_000_000)),
      };
      await updateRollout(tx, id, times);
      const after = await carryOut(tx, { ...locked, row: { ...row, ...times } }, { decision, checks });
      return { decision, after };
    });
    if (taken === null) return null;
    if (taken.decision.type !== 'wait') {
      log.info({ rollout_id: id, ...taken.decision }, 'A rollout was looked at');
      notify.wake();
    }
    if (watchers.isWatched(id)) watchers.tell(id, readDetails(taken.after));
    return taken.decision;
  }

  function decide(row: RolloutRow, now: number): { decision: LookDecision; checks: CheckResult[] } {
    const { settings, pause, last_look_at } = readRollout(row);
    const { evidence, accepted } = stateOf(row);
    const checks = checkAll(evidence, settings);
    const decision = decideLook({
      ...{ settings, evidence, checks, pause, accepted, now, step: row.step },
      step_since: readTime(row.step_since),
      last_traffic_at: readTime(row.last_traffic_at),
      last_look_at: last_look_at === null ? null : readTime(last_look_at),
    });
    return { decision, checks };
  }

  async function carryOut(
    tx: Handle,
    locked: LockedRollout,
    { decision, checks }: { readonly decision: LookDecision; readonly checks: readonly CheckResult[] },
  ): Promise<RolloutRow> {
    const { row, promotion } = locked;
    const { evidence } = stateOf(row);
    const data = { look: row.looks, ...summarise(evidence, checks) };
    const cause = { by: serverActor, reason: decision.reason, data };
    if (decision.type === 'pause') return transitions.pause(tx, locked, decision.cause, cause);
    if (decision.type === 'roll_back') {
      await records.announceBroken(tx, row, decision.metric);
      return transitions.takeBack(tx, locked, {
        status: 'rolled_back',
        running: settingsOf(row).on_rollback,
        ...cause,
      });
    }
    if (decision.type === 'wait') return noted(tx, row, cause);
    const details = await promotions.detail(tx, promotion);
    if (details.blockers.length === 0) return transitions.advance(tx, locked, { details, ...cause });
    const reason = details.blockers.map(({ text }) => text).join('; ');
    return transitions.pause(tx, locked, 'blocked', { ...cause, reason });
  }

  /** Writes evidence down now and then, so that its way can be looked at later: each time that there is 5 % more. */
  async function noted(
    tx: Handle,
    row: RolloutRow,
    { by, data }: { by: typeof serverActor; data: RolloutDetails['evidence'] },
  ) {
    const state = stateOf(row);
    const { control, canary } = state.evidence.units;
    const units = control + canary;
    if (units === state.noted || units < state.noted * notedGrowth) return row;
    const changes = { state: JSON.stringify({ ...state, noted: units }) };
    return records.change(tx, row, changes, { type: 'look', by, reason: null, data });
  }

  /**
   * Looks at whatever is due, and gives how long it is until the next, in milliseconds, and what went wrong. One that
   * fails does not hold up the others.
   */
  async function lookAll(): Promise<{ readonly next: number; readonly failures: readonly unknown[] }> {
    const failures = new Map<string, unknown>();
    for (const open of await listOpen()) {
      if (signal.aborted) break;
      if (open.wait > 0) continue;
      await look(open.id, open.overdue ? open : null).catch((error: unknown) => failures.set(open.id, error));
    }
    const others = (await listOpen()).filter(({ id }) => !failures.has(id));
    const next = Math.min(longestWaitMs, ...others.map((open) => open.wait));
    return { next, failures: [...failures.values()] };
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
      const { next, failures } = await lookAll().catch((error: unknown) => ({
        next: longestWaitMs,
        failures: [error],
      }));
      for (const err of failures) log.error({ err }, 'A rollout could not be looked at; trying again');
      const waitMs = failures.length === 0 ? next : Math.min(next, pauseMs);
      pauseMs = failures.length === 0 ? firstPauseMs : Math.min(pauseMs * 2, lastPauseMs);
      const either = AbortSignal.any([signal, awake.signal]);
      await wait(waitMs, undefined, { signal: either, ref: false }).catch(() => {});
    }
  }

  return {
    look,

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

export type Looks = ReturnType<typeof createLooks>;

/** How many milliseconds it is until a look is due, by the clock; see `overdue` for one that was set back. */
function waitFor({ next_look_at }: Pick<RolloutRow, 'next_look_at'>, now: number): number {
  if (next_look_at === null) return longestWaitMs;
  return Math.max(0, Math.ceil((readTime(next_look_at) - now) / 1000));
}
