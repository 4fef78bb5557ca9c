/** What moved an alias. */
export const moveKinds = ['set', 'promotion', 'rollback', 'removal'] as const;
export type MoveKind = (typeof moveKinds)[number];

/** Where a promotion stands. All but the first two are for good, except that what is completed can be rolled back. */
// biome-ignore format: one line says it all
export const promotionStatuses = ['in_review', 'approved', 'completed', 'rejected', 'rolled_back', 'canceled'] as const;
export type PromotionStatus = (typeof promotionStatuses)[number];

/** What somebody can say about a promotion. */
export const reviewDecisions = ['approve', 'reject', 'override', 'comment'] as const;
export type ReviewDecision = (typeof reviewDecisions)[number];

/** What a rollback does with the sessions that run on the version it takes away. */
export const runningModes = ['drain', 'stop_new_turns', 'interrupt'] as const;
export type RunningMode = (typeof runningModes)[number];

/** What an alias asks of whoever moves it. */
export type AliasPolicy = {
  /** Whether, once set, it moves by promotion and rollback alone. */
  readonly protected: boolean;
  /** How many people other than the author have to approve a promotion, 0 to 10. */
  readonly approvals: number;
  /** The eval that has to pass, by id; null leaves the choice to whoever asks. */
  readonly eval: string | null;
};

/** What a new alias asks: `production` is protected from its first day, others are free until somebody says so. */
export function firstPolicy(alias: string): AliasPolicy {
  const guarded = alias === 'production';
  return { protected: guarded, approvals: guarded ? 1 : 0, eval: null };
}

/** Why an alias does not move before somebody lets it go. */
export type AliasHold = { readonly since: string; readonly by: string; readonly reason: string };
