import type { Actor } from '../access/keys.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { ReviewDecision } from '../core/release.ts';
import { mayActAs } from '../core/roles.ts';
import type { Handle } from '../store/dialect.ts';
import { insertReview, type PromotionRow, type ReviewRow } from '../store/promotions.ts';
import { requireDecider } from './decider.ts';
import type { Override, PromotionDetails, Review } from './promotion.ts';
import type { PromotionRecords } from './promotion-records.ts';

/** What a reviewer says, and about what. */
export type ReviewRequest = {
  readonly decision: ReviewDecision;
  readonly comment: string | null;
  /** The basis that the reviewer has looked at; undefined takes the one there is. */
  readonly basis_hash: string | undefined;
};

type Deps = { readonly clock: Clock; readonly ids: Ids; readonly records: PromotionRecords };

/** How much may be said about one promotion. Comments leave room for decisions. */
const maxComments = 500;
const maxReviews = 1000;

/** What people other than its author say about a promotion. */
export function createReviews({ clock, ids, records }: Deps) {
  const { change, write, detail, announce } = records;

  /** Puts down what somebody said, and gives the row with one more review. */
  async function addReview(
    tx: Handle,
    row: PromotionRow,
    by: Actor,
    said: Pick<Review, 'decision' | 'comment'>,
  ) {
    const most = said.decision === 'comment' ? maxComments : maxReviews;
    if (row.reviews >= most) {
      throw new PawlError(
        'invalid_request',
        `decision: after ${most} reviews, a promotion takes no more of these`,
      );
    }
    const review: ReviewRow = {
      ...{ id: ids.next('review'), promotion_id: row.id, position: row.reviews + 1, ...said },
      ...{ actor: JSON.stringify(by), basis_hash: row.basis_hash, created_at: formatTime(clock.now()) },
    };
    await insertReview(tx, review);
    return { reviews: row.reviews + 1 };
  }

  /** @throws PawlError `permission`, and `own_promotion` when the actor asked for it, or wrote the version. */
  async function requireReviewer(tx: Handle, row: PromotionRow, by: Actor): Promise<void> {
    if (!mayActAs(by.role, 'reviewer')) {
      throw new PawlError(
        'permission',
        `This needs an API key with the role reviewer; this one has the role ${by.role}`,
      );
    }
    await requireDecider(tx, row, by);
  }

  return {
    /**
     * Says something about an open promotion. Only a comment may come from its author.
     * @throws PawlError `promotion_not_found`, `promotion_over`, `own_promotion`, `stale_review`, `promotion_blocked`,
     *   `invalid_request`
     */
    async review(
      id: string,
      { decision, comment, basis_hash }: ReviewRequest,
      by: Actor,
    ): Promise<PromotionDetails> {
      const action = `promotion.${verbs[decision]}`;
      return change(
        id,
        { action, by, in_rollout: decision === 'comment' || decision === 'approve' },
        async (tx, row) => {
          if (decision !== 'comment') await requireReviewer(tx, row, by);
          if (basis_hash !== undefined && basis_hash !== row.basis_hash) {
            throw new PawlError(
              'stale_review',
              `basis_hash: promotion ${id} is on another basis now, ${row.basis_hash}; look at it again`,
            );
          }
          const before = await detail(tx, row);
          const changed = before.blockers.find(({ code }) => code === 'basis_changed');
          if (changed !== undefined && (decision === 'approve' || decision === 'override')) {
            throw new PawlError('stale_review', `promotion ${id}: ${changed.text}`);
          }
          if (decision === 'approve') requireEvidence(before);
          const added = await addReview(tx, row, by, { decision, comment });
          const said = { action, by, reason: comment };
          const now = formatTime(clock.now());
          if (decision === 'comment') return write(tx, row, added, said);
          if (decision === 'reject') {
            const rejected = await write(tx, row, { ...added, status: 'rejected', ended_at: now }, said);
            await announce(tx, 'promotion.rejected', rejected);
            return rejected;
          }
          const override: Override | null =
            decision === 'override'
              ? {
                  by,
                  reason: comment ?? '',
                  at: now,
                  basis_hash: row.basis_hash,
                  comparison_id: row.comparison_id,
                }
              : before.override;
          const next = { ...added, override: override === null ? null : JSON.stringify(override) };
          const reviewed = await write(tx, row, next, said);
          const { blockers } = await detail(tx, reviewed);
          if (blockers.length > 0 || reviewed.status === 'approved') return reviewed;
          const approved = await write(
            tx,
            reviewed,
            { status: 'approved' },
            { action: 'promotion.approved', by, reason: null },
          );
          await announce(tx, 'promotion.approved', approved);
          return approved;
        },
      );
    },
  };
}

export type Reviews = ReturnType<typeof createReviews>;

const verbs = {
  approve: 'reviewed',
  reject: 'rejected',
  override: 'overridden',
  comment: 'commented',
} as const satisfies Record<ReviewDecision, string>;

/** Nobody can approve what has not been measured. @throws PawlError `promotion_blocked` */
function requireEvidence({ id, blockers }: PromotionDetails): void {
  const lack = blockers.find(({ code }) => code.startsWith('evidence_') || code === 'gate_error');
  if (lack !== undefined) throw new PawlError('promotion_blocked', `promotion ${id}: ${lack.text}`);
}
