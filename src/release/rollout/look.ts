import { serverActor } from '../../access/keys.ts';
import type { Versions } from '../../agent/versions.ts';
import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { SessionUsage } from '../../core/usage.ts';
import type { Watchers } from '../../eval/watchers.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { lockRollout, type RolloutRow, type UnseenSession, updateRollout } from '../../store/rollouts.ts';
import type { Notify } from '../../webhook/notify.ts';
import type { PromotionDetails } from '../promotion.ts';
import type { PromotionRecords } from '../promotion-records.ts';
import { type CheckResult, checkAll } from './checks.ts';
import { type CostOf, countedTogether, countUnseen } from './counting.ts';
import { decideLook, type LookDecision } from './decision.ts';
import { keepPoint } from './evidence-series.ts';
import type { LockedRollout, RolloutRecords } from './records.ts';
import { nextLookAt, type RolloutDetails, readRollout, settingsOf, stateOf, summarise } from './rollout.ts';
import type { Transitions } from './transitions.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly versions: Versions;
  readonly notify: Notify;
  readonly promotions: PromotionRecords;
  readonly records: RolloutRecords;
  readonly transitions: Transitions;
  readonly watchers: Watchers<RolloutDetails>;
  /** What tokens of a model cost in US dollars; null when no price is known. */
  readonly costOf: (model: string, usage: SessionUsage) => number | null;
  /** Called in the transaction in which sessions are counted. */
  readonly onCounted: (tx: Handle, rollout: RolloutRow, seen: readonly UnseenSession[]) => Promise<void>;
  /** Called once that is committed. */
  readonly onCommitted: () => void;
  /** Called when sessions of a canary are to be stopped. */
  readonly onSweep: () => void;
};

/** What a look asks for beside its rollout. */
export type LookRequest = {
  /** How many looks there were when it was found to be overdue by the time that has passed; null when it was not. */
  readonly overdue_after: number | null;
  /** Ends counting early, because the process ends. */
  readonly signal: AbortSignal;
};

/**
 * Takes the look that is due, if nobody else has. One that is overdue is taken even when the clock says otherwise, because it
 * was set back. Gives what it led to; null when it was not due.
 */
export type Look = (id: string, request: LookRequest) => Promise<LookDecision | null>;

/** More than these wait for the next look, so that one rollout cannot hold up the others. */
const mostBatches = 100;
/** How much more evidence there has to be before it is written down once more without a decision. */
const notedGrowth = 1.05;

/**
 * A look at one rollout: counts what its sessions have come to, decides, and carries the decision out in the same
 * transaction. When the next look is due is on disk, so that a process that ends leaves nothing behind but a look that is
 * late; and two processes never take the same one, because it is due only once.
 */
export function createLook(deps: Deps): Look {
  const { store, clock, log, versions, notify, promotions, records, transitions, watchers } = deps;

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
  async function count(id: string, signal: AbortSignal): Promise<void> {
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

  /** What is decided: a step is taken only if the promotion lacks nothing when it is looked at once more. */
  async function decide(tx: Handle, { row, promotion }: LockedRollout, now: number): Promise<Decided> {
    const { settings, pause, last_look_at } = readRollout(row);
    const { evidence, accepted, paused_us } = stateOf(row);
    const checks = checkAll(evidence, settings);
    const decision = decideLook({
      ...{ settings, evidence, checks, pause, accepted, paused_us, now, step: row.step },
      step_since: readTime(row.step_since),
      last_traffic_at: readTime(row.last_traffic_at),
      last_look_at: last_look_at === null ? null : readTime(last_look_at),
    });
    if (decision.type !== 'advance') return { decision, checks };
    const details = await promotions.detail(tx, promotion);
    if (details.blockers.length === 0) return { decision, details, checks };
    const reason = details.blockers.map(({ text }) => text).join('; ');
    return { decision: { type: 'pause', cause: 'blocked', metric: null, reason }, checks };
  }

  async function carryOut(tx: Handle, locked: LockedRollout, decided: Decided): Promise<RolloutRow> {
    const { row } = locked;
    const { decision, checks } = decided;
    const data = { look: row.looks, ...summarise(stateOf(row).evidence, checks) };
    const cause = { by: serverActor, reason: decision.reason, data };
    if ('details' in decided) return transitions.advance(tx, locked, { details: decided.details, ...cause });
    if (decided.decision.type === 'wait') return noted(tx, row, cause);
    if (decided.decision.type === 'pause') {
      return transitions.pause(tx, locked, decided.decision.cause, cause);
    }
    await records.announceBroken(tx, row, decided.decision.metric);
    const running = settingsOf(row).on_rollback;
    return transitions.takeBack(tx, locked, { status: 'rolled_back', running, ...cause });
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

  return async (id, { overdue_after, signal }) => {
    await count(id, signal);
    const taken = await store.write(async (tx) => {
      const locked = await records.lock(tx, id);
      const { row } = locked;
      const now = clock.now();
      const due = waitFor(row, now) === 0 || row.looks === overdue_after;
      if (row.ended_at !== null || !due) return null;
      const decided = await decide(tx, locked, now);
      const { decision } = decided;
      const times = {
        ...{ looks: row.looks + 1, decision: JSON.stringify(decision) },
        last_look_at: [formatTime(now), row.last_look_at ?? ''].toSorted().at(-1) ?? null,
        next_look_at: nextLookAt(settingsOf(row), now),
      };
      await updateRollout(tx, id, times);
      await keepPoint(tx, { ...row, ...times }, { at: formatTime(now), checks: decided.checks });
      const after = await carryOut(tx, { ...locked, row: { ...row, ...times } }, decided);
      return { decision, after };
    });
    if (taken === null) return null;
    deps.telemetry.metrics.rolloutLooked(taken.decision.type);
    if (taken.decision.type !== 'wait') {
      log.info({ rollout_id: id, ...taken.decision }, 'A rollout was looked at');
      notify.wake();
    }
    if (taken.decision.type === 'roll_back' && settingsOf(taken.after).on_rollback !== 'drain')
      deps.onSweep();
    await watchers.changed(id);
    return taken.decision;
  };
}

/** What was decided, and on what; a step has its promotion with it, which lacks nothing. */
type Decided = { readonly checks: readonly CheckResult[] } & (
  | { readonly decision: Extract<LookDecision, { type: 'advance' }>; readonly details: PromotionDetails }
  | { readonly decision: Exclude<LookDecision, { type: 'advance' }> }
);

/** How many milliseconds it is until a look is due, by the clock; one that was set back is none of its business. */
export function waitFor({ next_look_at }: Pick<RolloutRow, 'next_look_at'>, now: number): number {
  if (next_look_at === null) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.ceil((readTime(next_look_at) - now) / 1000));
}
