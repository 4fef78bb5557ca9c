import { partsOf, wholeWeight } from '../../core/assignment.ts';
import type { AuditActor } from '../../core/audit-entry.ts';
import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import type { Json } from '../../core/evaluation.ts';
import type { RunningMode } from '../../core/release.ts';
import type { PauseCause, RolloutPause } from '../../core/rollout.ts';
import type { Handle } from '../../store/dialect.ts';
import { insertCanarySweep, insertLeftover, type RolloutRow } from '../../store/rollouts.ts';
import type { Aliases } from '../aliases.ts';
import type { PromotionDetails } from '../promotion.ts';
import type { CarryOut } from '../promotion-move.ts';
import type { PromotionRecords } from '../promotion-records.ts';
import type { LockedRollout, RolloutRecords } from './records.ts';
import { readRollout, settingsOf, stateOf } from './rollout.ts';

type Deps = {
  readonly clock: Clock;
  readonly aliases: Aliases;
  readonly promotions: PromotionRecords;
  readonly records: RolloutRecords;
  readonly carryOut: CarryOut;
};

/** Who changes a rollout, why, and on what numbers. */
export type Cause = { readonly by: AuditActor; readonly reason: string | null; readonly data: Json };

/** Everything that can become of a rollout that is under way, once it has been decided on. All rows are locked. */
export function createTransitions({ clock, aliases, promotions, records, carryOut }: Deps) {
  const now = (): string => formatTime(clock.now());

  /** Takes the canary from an alias, and ends the rollout. What is kept for counting alone is deleted afterwards. */
  async function close(
    tx: Handle,
    { row, alias }: LockedRollout,
    how: { readonly status: 'completed' | 'rolled_back' | 'aborted' } & Cause,
  ): Promise<RolloutRow> {
    const { status, by, reason, data } = how;
    await aliases.setCanary(tx, alias, null);
    await insertLeftover(tx, row.id);
    const last =
      status === 'completed'
        ? { step: settingsOf(row).steps.length - 1, weight: wholeWeight }
        : { weight: 0 };
    const end = { ended_at: now(), ended_by: JSON.stringify(by), end_reason: reason };
    const changes = { status, ...last, pause: null, next_look_at: null, ...end };
    return records.change(tx, row, changes, { type: status, by, reason, data });
  }

  return {
    /** Goes on to the next step, in spite of what is accepted; at 100 % the alias moves, and the rollout is over. */
    async advance(
      tx: Handle,
      locked: LockedRollout,
      {
        details,
        accepting = [],
        ...cause
      }: Cause & { readonly details: PromotionDetails; readonly accepting?: readonly string[] },
    ): Promise<RolloutRow> {
      const { row, alias, promotion } = locked;
      const step = settingsOf(row).steps[row.step + 1];
      if (step === undefined) throw new Error(`Rollout ${row.id} has no step after ${row.step}`);
      if (step.weight === 100) {
        await carryOut(tx, { row: promotion, details, alias }, cause);
        return close(tx, locked, { status: 'completed', ...cause });
      }
      const weight = partsOf(step.weight);
      const { salt, candidate_version: version } = row;
      await aliases.setCanary(tx, alias, { rollout_id: row.id, salt, version, weight });
      const at = now();
      const changes = { status: 'running', pause: null, step: row.step + 1, weight, step_since: at } as const;
      const state = stateOf(row);
      // Whoever goes on past a broken signal accepts it; what is inconclusive is asked of each step anew.
      const accepted = [...new Set([...state.accepted, ...accepting])].filter(
        (one) => one !== 'inconclusive',
      );
      const fresh = { last_traffic_at: at, state: JSON.stringify({ ...state, accepted, paused_us: 0 }) };
      return records.change(tx, row, { ...changes, ...fresh }, { type: 'step', ...cause });
    },

    /**
     * Keeps the canary as it is until a person decides. Where nothing can be concluded, nothing would guard those who get
     * the candidate, so nobody gets it meanwhile.
     */
    async pause(
      tx: Handle,
      { row, alias }: LockedRollout,
      why: PauseCause,
      cause: Cause,
    ): Promise<RolloutRow> {
      const pause: RolloutPause = {
        ...{ cause: why, reason: cause.reason ?? 'paused by hand', by: cause.by.name, since: now() },
      };
      const weight = why === 'sample_ratio' ? 0 : row.weight;
      const { salt, candidate_version: version } = row;
      if (weight === 0) await aliases.setCanary(tx, alias, { rollout_id: row.id, salt, version, weight });
      const changes = { status: 'paused', pause: JSON.stringify(pause), weight } as const;
      return records.change(tx, row, changes, { type: 'paused', ...cause });
    },

    /** Goes on, in spite of what is accepted; how long it was paused is remembered. */
    async resume(
      tx: Handle,
      { row }: LockedRollout,
      accepted: readonly string[],
      cause: Cause,
    ): Promise<RolloutRow> {
      const state = stateOf(row);
      const all = [...new Set([...state.accepted, ...accepted])];
      const at = now();
      const since = readRollout(row).pause?.since ?? at;
      // A clock that was set back makes no pause shorter than none.
      const paused_us = state.paused_us + Math.max(0, readTime(at) - readTime(since));
      const changes = { status: 'running', pause: null, last_traffic_at: at } as const;
      const next = { ...changes, state: JSON.stringify({ ...state, accepted: all, paused_us }) };
      return records.change(tx, row, next, { type: 'resumed', ...cause });
    },

    /**
     * Takes the candidate back, so that everybody gets the baseline from the next session on. Rolled back, the alias is
     * held and the promotion is over; aborted, the promotion stands as before. `running` says what becomes of the canary's
     * open sessions.
     */
    async takeBack(
      tx: Handle,
      locked: LockedRollout,
      how: { readonly status: 'rolled_back' | 'aborted'; readonly running: RunningMode } & Cause,
    ): Promise<RolloutRow> {
      const { row, alias, promotion } = locked;
      const { status, running, by, reason } = how;
      const at = now();
      if (status === 'rolled_back') {
        const why = reason ?? `rolled back from a canary of version ${row.candidate_version}`;
        await aliases.hold(tx, alias, { by, reason: why });
      }
      const ended = status === 'rolled_back' ? ({ status, ended_at: at } as const) : {};
      // Aborted, the promotion stands as it was: what is over is its rollout.
      const action = status === 'rolled_back' ? 'promotion.rolled_back' : 'promotion.rollout_aborted';
      await promotions.write(tx, promotion, { rollout_id: null, ...ended }, { action, by, reason });
      if (running !== 'drain') {
        const { id, agent_id, candidate_version: version } = row;
        const sweep = { rollout_id: id, agent_id, alias: row.alias, version, mode: running };
        await insertCanarySweep(tx, { ...sweep, created_at: at });
      }
      return close(tx, locked, how);
    },
  };
}

export type Transitions = ReturnType<typeof createTransitions>;
