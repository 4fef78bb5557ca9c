import type { Audit } from '../../access/audit.ts';
import { percent } from '../../core/assignment.ts';
import type { AuditActor } from '../../core/audit-entry.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Json } from '../../core/evaluation.ts';
import type { RolloutEventType } from '../../core/rollout.ts';
import { lockAuditHead } from '../../store/audit.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { lockPromotion, type PromotionRow } from '../../store/promotions.ts';
import {
  findRollout,
  insertRollout,
  insertRolloutEvent,
  lockRollout,
  type RolloutRow,
  updateRollout,
} from '../../store/rollouts.ts';
import type { Notify } from '../../webhook/notify.ts';
import type { Alias } from '../alias.ts';
import type { Aliases } from '../aliases.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly notify: Notify;
  readonly aliases: Aliases;
};

/** A rollout with all that a change of it may touch, locked until the transaction ends. */
export type LockedRollout = {
  readonly row: RolloutRow;
  readonly alias: Alias;
  readonly promotion: PromotionRow;
};

/** What happened, to be written down with the change that it is. */
export type RolloutNote = {
  readonly type: RolloutEventType;
  readonly by: AuditActor;
  readonly reason: string | null;
  readonly data: Json;
};

/** How rollouts are read and written. Every change is one transaction with its event, audit entry and notice. */
export function createRolloutRecords({ store, clock, audit, notify, aliases }: Deps) {
  async function find(db: Handle, id: string): Promise<RolloutRow> {
    const row = await findRollout(db, id);
    if (row === null) throw new PawlError('rollout_not_found', `rollout ${id} does not exist`);
    return row;
  }

  /** Locks in the order that everybody does: alias, promotion, rollout. */
  async function lock(tx: Handle, id: string): Promise<LockedRollout> {
    const { agent_id, alias: name, promotion_id } = await find(tx, id);
    const alias = await aliases.lockOrMake(tx, { agent_id, name });
    const promotion = await lockPromotion(tx, store.dialect, promotion_id);
    const row = await lockRollout(tx, store.dialect, id);
    if (promotion === null || row === null) throw new Error(`Rollout ${id} lacks its promotion`);
    return { row, alias, promotion };
  }

  async function insert(tx: Handle, row: RolloutRow, note: RolloutNote): Promise<RolloutRow> {
    await insertRollout(tx, row);
    return change(tx, row, {}, note);
  }

  /** Changes a locked rollout, and says so. What is seen alone, without a decision, is not for the audit log. */
  async function change(
    tx: Handle,
    row: RolloutRow,
    changes: Partial<RolloutRow>,
    note: RolloutNote,
  ): Promise<RolloutRow> {
    const { type, by, reason, data } = note;
    const at = formatTime(clock.now());
    const next: RolloutRow = { ...row, ...changes, events: row.events + 1, updated_at: at };
    await updateRollout(tx, row.id, { ...changes, events: next.events, updated_at: at });
    await insertRolloutEvent(tx, {
      ...{ rollout_id: row.id, seq: next.events, type, actor: JSON.stringify(by) },
      ...{ reason, data: JSON.stringify(data), at },
    });
    if (type === 'look') return next;
    const brief = ({ status, weight }: RolloutRow): Json => ({ status, weight: percent(weight) });
    await audit.append(tx, {
      ...{ action: `rollout.${type}`, outcome: 'done', actor: by, reason },
      subject: { type: 'rollout', id: row.id },
      before: type === 'started' ? null : brief(row),
      after: { ...(brief(next) as object), event: next.events },
    });
    await notify.enqueue(tx, { type: `rollout.${type}`, data: noticeOf(next), at });
    return next;
  }

  /** Says beforehand that a guardrail is why a candidate is about to be taken back. */
  async function announceBroken(tx: Handle, row: RolloutRow, metric: string): Promise<void> {
    // Everywhere, the end of the audit log is locked before webhooks.
    await lockAuditHead(tx, store.dialect);
    const data = { ...noticeOf(row), metric };
    await notify.enqueue(tx, { type: 'rollout.guardrail_broken', data, at: formatTime(clock.now()) });
  }

  return { find, lock, insert, change, announceBroken };
}

export type RolloutRecords = ReturnType<typeof createRolloutRecords>;

function noticeOf(row: RolloutRow) {
  const { id, agent_id, alias, candidate_version, weight, pause } = row;
  const cause = pause === null ? null : (JSON.parse(pause) as { cause: string }).cause;
  return { id, agent_id, alias, candidate_version, weight: percent(weight), cause };
}
