import type { AuditActor } from '../core/audit-entry.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import type { Handle } from '../store/dialect.ts';
import type { PromotionRow } from '../store/promotions.ts';
import type { Alias } from './alias.ts';
import type { Aliases } from './aliases.ts';
import { isOverridden, type PromotionDetails } from './promotion.ts';
import type { PromotionRecords } from './promotion-records.ts';

type Deps = { readonly clock: Clock; readonly aliases: Aliases; readonly records: PromotionRecords };

/** What is locked of a promotion whose time has come. */
export type PromotionAtHand = {
  readonly row: PromotionRow;
  readonly details: PromotionDetails;
  readonly alias: Alias;
};

/** The details, if nothing stands in the way of what is to become of them. @throws PawlError `promotion_blocked` */
export function requireUnblocked(
  details: PromotionDetails,
  wanted: 'applied' | 'rolled out' = 'applied',
): PromotionDetails {
  if (details.blockers.length === 0) return details;
  const text = details.blockers.map((blocker) => blocker.text).join('; ');
  throw new PawlError('promotion_blocked', `promotion ${details.id} cannot be ${wanted}: ${text}`);
}

/** Moves an alias to the candidate of a promotion that lacks nothing, and ends the promotion. */
export function createCarryOut({ clock, aliases, records }: Deps) {
  return async (
    tx: Handle,
    { row, details, alias }: PromotionAtHand,
    { by, reason }: { readonly by: AuditActor; readonly reason: string | null },
  ): Promise<PromotionRow> => {
    const { approvals, evidence: found } = details;
    const moved = await aliases.move(tx, alias, {
      ...{ kind: 'promotion', to_version: row.candidate_version, actor: by },
      ...{ reason: reason ?? row.reason, before: alias.move, hold: null },
      evidence: {
        ...{ promotion_id: row.id, comparison_id: found?.comparison_id ?? null },
        verdict: found?.verdict ?? null,
        overridden: isOverridden(details) && found?.verdict !== 'pass',
        approved_by: approvals.given_by,
      },
    });
    const ended_at = formatTime(clock.now());
    const ended = { status: 'completed', move: moved.move, rollout_id: null, ended_at } as const;
    const applied = await records.write(tx, row, ended, { action: 'promotion.applied', by, reason });
    await records.announce(tx, 'promotion.applied', applied);
    return applied;
  };
}

export type CarryOut = ReturnType<typeof createCarryOut>;
