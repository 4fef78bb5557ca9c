import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import { requireVersion } from '../agent/servable.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import type { RunningMode } from '../core/release.ts';
import type { SessionStatus } from '../core/session.ts';
import type { Watchers } from '../eval/watchers.ts';
import { findAgent } from '../store/agents.ts';
import { findMove, findMoveTo, findRollbackFrom, insertSweep } from '../store/aliases.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { listSessionsOn } from '../store/sessions.ts';
import type { Notify } from '../webhook/notify.ts';
import { type Alias, type AliasKey, noAlias, readMove, subjectOf } from './alias.ts';
import { requireThere } from './alias-rules.ts';
import type { Aliases } from './aliases.ts';
import type { PromotionRecords } from './promotion-records.ts';
import { orWriteDown } from './refusals.ts';
import { type RollbackRequest, rollbackTarget } from './rollback-target.ts';
import type { RolloutRecords } from './rollout/records.ts';
import { type RolloutDetails, readDetails } from './rollout/rollout.ts';
import type { Transitions } from './rollout/transitions.ts';

/** A rollback that was made. */
export type Rollback = {
  readonly alias: Alias;
  readonly from_version: number;
  readonly to_version: number;
  readonly running: RunningMode;
  /** The move that it made; null when only a candidate was taken back, and the alias stays where it was. */
  readonly move: number | null;
  /** The rollout that it has ended; null when there was none. */
  readonly rollout_id: string | null;
  /**
   * Open sessions that the alias gave the bad version to, newest first, as they were at that moment; before them those
   * of the candidate whose rollout was ended.
   */
  readonly sessions: {
    readonly data: readonly { readonly id: string; readonly status: SessionStatus }[];
    /** Whether there are more of them than are listed. */
    readonly has_more: boolean;
  };
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly aliases: Aliases;
  readonly notify: Notify;
  /** Called when sessions are to be stopped. */
  readonly onSweep: () => void;
  readonly records: PromotionRecords;
  readonly rollouts: RolloutRecords;
  readonly transitions: Transitions;
  readonly watchers: Watchers<RolloutDetails>;
};

const sessionsShown = 100;

/** Takes an alias back to a version that was good, in one call, and holds it there. */
export function createRollbacks(deps: Deps) {
  const { store, clock, audit, aliases, notify, records, rollouts, transitions, watchers } = deps;
  type Change = Omit<RollbackRequest, 'role'> & {
    readonly running: RunningMode;
    readonly by: Actor;
    readonly reason: string | null;
  };

  async function carryOut(tx: Handle, key: AliasKey, change: Change) {
    const { to, force, from, running, by, reason } = change;
    const agent = await findAgent(tx, key.agent_id);
    if (agent === null) throw noAlias(key);
    const before = await aliases.lockOrMake(tx, key);
    const ended = before.rollout === null ? null : await endRollout(tx, before, change);
    if (ended !== null && (to === undefined || to === before.version)) return ended;
    const alias = ended?.alias ?? before;
    const last = await findMove(tx, key, alias.move);
    const target = rollbackTarget(
      alias,
      { to, force, from, role: by.role },
      {
        last,
        before: last?.before == null ? null : await findMove(tx, key, last.before),
        named: to === undefined ? null : await findMoveTo(tx, key, to),
        taken: to === undefined ? null : await findRollbackFrom(tx, key, to),
      },
    );
    // An archived agent starts no sessions, but a rollback is never refused for it.
    await requireVersion(tx, agent, target.version);
    const bad = alias.version ?? 0;
    const now = formatTime(clock.now());
    const hold = { since: now, by: by.name, reason: reason ?? `rolled back from version ${bad}` };
    const moved = await aliases.move(tx, alias, {
      ...{ kind: 'rollback', to_version: target.version, actor: by, reason, evidence: null },
      ...{ before: target.before, hold, told: { running, forced: force } },
    });
    if (running !== 'drain') {
      const { agent_id, name } = key;
      const sweep = { agent_id, alias: name, move: moved.move, version: bad, mode: running, created_at: now };
      await insertSweep(tx, sweep);
    }
    const promotion = last?.kind === 'promotion' ? readMove(last).evidence?.promotion_id : undefined;
    if (promotion !== undefined) {
      const row = await records.find(tx, promotion);
      await records.write(
        tx,
        row,
        { status: 'rolled_back' },
        { action: 'promotion.rolled_back', by, reason },
      );
    }
    const sessions = { agent_id: key.agent_id, alias: key.name, version: bad };
    const open = await listSessionsOn(tx, sessions, sessionsShown + 1);
    // Those of the candidate first: they are fewer, and what is likelier to be wrong.
    return {
      alias: moved,
      bad,
      open: [...(ended?.open ?? []), ...open],
      ended: ended?.ended ?? null,
      move: moved.move,
    };
  }

  /**
   * While a candidate gets part of the traffic, it is what is taken back: the alias has stood for the version before all
   * along.
   */
  async function endRollout(tx: Handle, alias: Alias, change: Change) {
    const { agent_id, name, rollout } = alias;
    const { from, running, by, reason } = change;
    requireThere(alias, { from });
    if (rollout === null || alias.version === null) throw new Error(`${name} has no rollout`);
    const locked = await rollouts.lock(tx, rollout.id);
    const data = { running, weight: rollout.weight };
    const ended = await transitions.takeBack(tx, locked, {
      status: 'rolled_back',
      running,
      by,
      reason,
      data,
    });
    const sessions = { agent_id, alias: name, version: rollout.version };
    const open = await listSessionsOn(tx, sessions, sessionsShown + 1);
    return { alias: await aliases.lockOrMake(tx, alias), bad: rollout.version, open, ended, move: null };
  }

  return {
    /**
     * Moves an alias back. While it has a rollout, the candidate is taken back, and the alias moves only when a version is
     * named that it does not stand for. It needs no gate and no second person, and holds for the next session. What is
     * already running goes on (`drain`), takes no more messages (`stop_new_turns`), or is interrupted as well (`interrupt`).
     * @throws PawlError `alias_not_found`, `alias_moved`, `alias_held`, `never_live`, `version_not_found`,
     *   `invalid_request`
     */
    async rollBack(key: AliasKey, change: Change): Promise<Rollback> {
      const attempt = { action: 'alias.rolled_back', actor: change.by, subject: subjectOf(key) };
      const { alias, bad, open, ended, move } = await orWriteDown(audit, attempt, () =>
        store.write((tx) => carryOut(tx, key, change)),
      );
      notify.wake();
      if (ended !== null) watchers.tell(ended.id, await readDetails(store.db, ended));
      if (change.running !== 'drain') deps.onSweep();
      return {
        ...{ alias, from_version: bad, to_version: alias.version ?? 0, running: change.running },
        ...{ move, rollout_id: ended?.id ?? null },
        sessions: { data: open.slice(0, sessionsShown), has_more: open.length > sessionsShown },
      };
    },
  };
}

export type Rollbacks = ReturnType<typeof createRollbacks>;
