import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import type { AuditActor } from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { AliasPolicy } from '../core/release.ts';
import { findAgent } from '../store/agents.ts';
import { findAlias } from '../store/aliases.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { listRevoked } from '../store/keys.ts';
import {
  findPromotion,
  listReviews,
  lockPromotion,
  type PromotionRow,
  type ReviewRow,
  updatePromotion,
} from '../store/promotions.ts';
import type { Notify } from '../webhook/notify.ts';
import { type Alias, readAlias } from './alias.ts';
import type { Aliases } from './aliases.ts';
import type { EvidenceRoom } from './evidence.ts';
import {
  approvers,
  blockersOf,
  type Override,
  type Promotion,
  type PromotionDetails,
  type Review,
} from './promotion.ts';
import { basisChanges, type PromotionBasis, readBasis } from './promotion-basis.ts';
import { orWriteDown } from './refusals.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly aliases: Aliases;
  readonly evidence: EvidenceRoom;
  readonly notify: Notify;
};

/** How promotions are read and written. Every write is one transaction with its audit entry. */
export function createPromotionRecords({ store, clock, audit, aliases, evidence, notify }: Deps) {
  async function read(db: Handle, row: PromotionRow): Promise<Promotion> {
    const { reviews: _count, comparison_id, ...rest } = row;
    return {
      ...rest,
      author: JSON.parse(row.author) as AuditActor,
      basis: JSON.parse(row.basis) as PromotionBasis,
      override: row.override === null ? null : (JSON.parse(row.override) as Override),
      evidence: comparison_id === null ? null : await evidence.read(db, comparison_id),
    };
  }

  async function detail(db: Handle, row: PromotionRow): Promise<PromotionDetails> {
    const promotion = await read(db, row);
    const reviews = (await listReviews(db, row.id)).map(readReview);
    const keys = reviews.flatMap(({ actor }) => (actor.key_id === null ? [] : [actor.key_id]));
    const revoked = await listRevoked(db, [...new Set(keys)]);
    const aliasRow = await findAlias(db, { agent_id: row.agent_id, name: row.alias });
    const agent = await findAgent(db, row.agent_id);
    if (aliasRow === null) throw new Error(`Promotion ${row.id} lacks its alias ${row.alias}`);
    const alias = readAlias(aliasRow);
    // Whoever had a key that was revoked may not have been who its name says.
    const isTrusted = (actor: AuditActor | undefined): boolean => !revoked.includes(actor?.key_id ?? '');
    const trusted = reviews.filter(({ actor }) => isTrusted(actor));
    const override = isTrusted(promotion.override?.by) ? promotion.override : null;
    const approvals = { needed: alias.policy.approvals, given_by: approvers(trusted, row.basis_hash) };
    const isOpen = row.status === 'in_review' || row.status === 'approved';
    const blockers = !isOpen
      ? []
      : blockersOf({
          promotion: { ...promotion, override },
          ...{ approvals, live_version: alias.version, hold: alias.hold, rollout: alias.rollout },
          changes: await changesOf(db, promotion, alias.policy),
          archived: agent?.archived_at != null,
        });
    return { ...promotion, reviews, approvals, blockers };
  }

  /** What has changed since a promotion was put on its basis; the eval that its alias asks for is part of that. */
  async function changesOf(
    db: Handle,
    { agent_id, alias, basis }: Promotion,
    policy: AliasPolicy,
  ): Promise<string[]> {
    try {
      const { candidate_version, eval_id, round } = basis;
      const question = { agent_id, name: alias, candidate_version, round, eval: policy.eval ?? eval_id };
      const now = await readBasis(db, question);
      return basisChanges(basis, now);
    } catch (error) {
      if (error instanceof PawlError) return [error.message];
      throw error;
    }
  }

  async function find(db: Handle, id: string): Promise<PromotionRow> {
    const row = await findPromotion(db, id);
    if (row === null) throw new PawlError('promotion_not_found', `promotion ${id} does not exist`);
    return row;
  }

  /** Changes an open promotion in one transaction, or writes down that it was refused. */
  async function change(
    id: string,
    attempt: {
      readonly action: string;
      readonly by: Actor;
      /** Whether it may be done while a rollout carries the promotion out. */
      readonly in_rollout?: boolean;
    },
    work: (tx: Handle, row: PromotionRow, alias: Alias) => Promise<PromotionRow>,
  ): Promise<PromotionDetails> {
    const subject = { type: 'promotion', id };
    const changed = await orWriteDown(audit, { action: attempt.action, actor: attempt.by, subject }, () =>
      store.write(async (tx) => {
        // An alias is locked before its promotions, wherever both are.
        const { agent_id, alias: name } = await find(tx, id);
        const alias = await aliases.lockOrMake(tx, { agent_id, name });
        const row = await lockPromotion(tx, store.dialect, id);
        if (row === null) throw new Error(`Promotion ${id} is gone`);
        if (row.ended_at !== null) throw new PawlError('promotion_over', `promotion ${id} is ${row.status}`);
        if (row.rollout_id !== null && attempt.in_rollout !== true) {
          const message = `promotion ${id} is being carried out by ${row.rollout_id}; abort it or roll it back first`;
          throw new PawlError('rollout_running', message);
        }
        return detail(tx, await work(tx, row, alias));
      }),
    );
    notify.wake();
    return changed;
  }

  async function write(
    tx: Handle,
    row: PromotionRow,
    changes: Partial<PromotionRow>,
    said: { readonly action: string; readonly by: AuditActor; readonly reason: string | null },
  ): Promise<PromotionRow> {
    const next = { ...changes, updated_at: formatTime(clock.now()) };
    await updatePromotion(tx, row.id, next);
    const told = Object.keys(changes).filter(
      (key) => key !== 'reviews' && key !== 'ended_at',
    ) as (keyof PromotionRow)[];
    const pick = (from: PromotionRow) => Object.fromEntries(told.map((key) => [key, from[key]]));
    const after = { ...row, ...next };
    await audit.append(tx, {
      ...{ action: said.action, outcome: 'done', actor: said.by, reason: said.reason },
      ...{ subject: { type: 'promotion', id: row.id }, before: pick(row), after: pick(after) },
    });
    return after;
  }

  async function announce(tx: Handle, type: Announced, row: PromotionRow): Promise<void> {
    const { id, agent_id, alias, candidate_version } = row;
    await notify.enqueue(tx, { type, data: { id, agent_id, alias, candidate_version }, at: row.updated_at });
  }

  return { read, detail, find, change, write, announce };
}

export type PromotionRecords = ReturnType<typeof createPromotionRecords>;

/** What others are told of a promotion. */
type Announced = 'promotion.created' | 'promotion.approved' | 'promotion.rejected' | 'promotion.applied';

function readReview({ promotion_id: _promotion, position: _position, actor, ...rest }: ReviewRow): Review {
  return { ...rest, actor: JSON.parse(actor) as AuditActor };
}
