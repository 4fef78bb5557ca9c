import type { AuditActor } from '../core/audit-entry.ts';
import type { JobStatus, Verdict } from '../core/evaluation.ts';
import type { PromotionStatus, ReviewDecision } from '../core/release.ts';
import type { PromotionBasis } from './promotion-basis.ts';

/** What somebody said about a promotion. */
export type Review = {
  readonly id: string;
  readonly decision: ReviewDecision;
  readonly actor: AuditActor;
  readonly comment: string | null;
  /** The basis that was looked at: a decision counts for that one only. */
  readonly basis_hash: string;
  readonly created_at: string;
};

/** What the gate says of the candidate, as far as it is known. */
export type Evidence = {
  readonly comparison_id: string;
  readonly status: JobStatus;
  /** Null until the comparison is completed. */
  readonly verdict: Verdict | null;
  readonly error: string | null;
};

/** Somebody let a promotion pass against its evidence. It stays marked for ever. */
export type Override = {
  readonly by: AuditActor;
  readonly reason: string;
  readonly at: string;
  /** The basis and the evidence that it holds for. */
  readonly basis_hash: string;
  readonly comparison_id: string | null;
};

/** What stands between a promotion and the alias. */
export type Blocker = {
  readonly code:
    | 'agent_archived'
    | 'alias_held'
    | 'rollout_running'
    | 'already_live'
    | 'basis_changed'
    | 'evidence_missing'
    | 'evidence_pending'
    | 'evidence_failed'
    | 'gate_failed'
    | 'gate_inconclusive'
    | 'gate_error'
    | 'approvals_missing';
  readonly text: string;
};

/** A request to move an alias to a candidate, and its life. */
export type Promotion = {
  readonly id: string;
  readonly agent_id: string;
  readonly alias: string;
  readonly candidate_version: number;
  readonly status: PromotionStatus;
  readonly author: AuditActor;
  readonly reason: string | null;
  readonly basis: PromotionBasis;
  readonly basis_hash: string;
  /** Null when no comparison fits the basis, and none was begun. */
  readonly evidence: Evidence | null;
  readonly override: Override | null;
  /** The move that carried it out; null before. */
  readonly move: number | null;
  /** The rollout that is carrying it out; null when none is. */
  readonly rollout_id: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at: string | null;
};

/** A promotion with everything that was said about it, and what it lacks. */
export type PromotionDetails = Promotion & {
  readonly reviews: readonly Review[];
  readonly approvals: { readonly needed: number; readonly given_by: readonly string[] };
  /** What has to change before it can be applied; empty when nothing does, or when it is over. */
  readonly blockers: readonly Blocker[];
};

/** Whether two keys belong to one person: they are one key, or bear one name. */
export function isSamePerson(one: AuditActor, other: AuditActor): boolean {
  return (one.key_id !== null && one.key_id === other.key_id) || isNamed(one, other.name);
}

/** Whether an actor bears a name; names that differ in case, in spaces around them or in what nobody sees are one. */
export function isNamed(actor: AuditActor, name: string | null): boolean {
  return name !== null && fold(actor.name) === fold(name);
}

function fold(name: string): string {
  return name.normalize('NFKC').replaceAll(/\p{C}/gu, '').trim().toLowerCase();
}

/** The names of those whose last decision on this basis is to approve, each once. */
export function approvers(reviews: readonly Review[], basisHash: string): string[] {
  const last = new Map<string, Review>();
  for (const review of reviews) {
    if (review.basis_hash !== basisHash || review.decision === 'comment') continue;
    // An override says nothing about whether the person approves.
    if (review.decision !== 'override') last.set(fold(review.actor.name), review);
  }
  return [...last.values()].filter(({ decision }) => decision === 'approve').map(({ actor }) => actor.name);
}

/** What an open promotion lacks, the gravest first. */
export function blockersOf(found: {
  readonly promotion: Pick<
    Promotion,
    'candidate_version' | 'evidence' | 'override' | 'basis_hash' | 'rollout_id'
  >;
  /** What has changed since the promotion was put on its basis, in words. */
  readonly changes: readonly string[];
  readonly archived: boolean;
  readonly live_version: number | null;
  readonly hold: { readonly since: string; readonly by: string } | null;
  /** The rollout that the alias has. */
  readonly rollout: { readonly id: string } | null;
  readonly approvals: PromotionDetails['approvals'];
}): Blocker[] {
  const { promotion, changes, archived, live_version, hold, rollout, approvals } = found;
  const blockers: Blocker[] = [];
  const add = (code: Blocker['code'], text: string): void => void blockers.push({ code, text });
  if (archived) add('agent_archived', 'the agent is archived');
  if (live_version === promotion.candidate_version) {
    add('already_live', `the alias stands for version ${live_version} already`);
  }
  if (changes.length > 0) add('basis_changed', `${changes.join('; ')}; evaluate it again`);
  const lack = isOverridden(promotion) ? null : evidenceLack(promotion.evidence);
  if (lack !== null) blockers.push(lack);
  const missing = approvals.needed - approvals.given_by.length;
  if (missing > 0) {
    const who = missing === 1 ? 'one more reviewer has' : `${missing} more reviewers have`;
    add('approvals_missing', `${who} to approve it, other than its author`);
  }
  if (hold !== null) {
    add(
      'alias_held',
      `the alias was rolled back by ${hold.by} at ${hold.since} and is held until somebody releases it`,
    );
  }
  if (rollout !== null && rollout.id !== promotion.rollout_id) {
    add('rollout_running', `the alias is being rolled out by ${rollout.id}`);
  }
  return blockers;
}

/** Whether somebody let it pass on this basis, against this evidence. */
export function isOverridden(promotion: Pick<Promotion, 'override' | 'basis_hash' | 'evidence'>): boolean {
  const { override, basis_hash, evidence } = promotion;
  return override?.basis_hash === basis_hash && override.comparison_id === (evidence?.comparison_id ?? null);
}

function evidenceLack(evidence: Evidence | null): Blocker | null {
  if (evidence === null) return { code: 'evidence_missing', text: 'it has not been evaluated' };
  const { comparison_id: id, status, verdict, error } = evidence;
  if (status === 'pending' || status === 'running') {
    return { code: 'evidence_pending', text: `comparison ${id} is not over` };
  }
  if (verdict === null) {
    return { code: 'evidence_failed', text: `comparison ${id} came to no verdict: ${error ?? status}` };
  }
  return verdict === 'pass'
    ? null
    : { code: gateCodes[verdict], text: `the gate says ${verdict} in comparison ${id}` };
}

const gateCodes = {
  fail: 'gate_failed',
  inconclusive: 'gate_inconclusive',
  error: 'gate_error',
} as const satisfies Record<Exclude<Verdict, 'pass'>, Blocker['code']>;
