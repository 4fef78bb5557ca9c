import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import type { AuditActor } from '../../../../src/core/audit-entry.ts';
import { type Me, mayActAs, type Role } from '../../shell/me.ts';

/** Everything that people can do with a promotion. */
export type PromotionDeed =
  | 'comment'
  | 'approve'
  | 'reject'
  | 'override'
  | 'evaluate'
  | 'withdraw'
  | 'apply'
  | 'start';

/** What is known of a promotion and of who looks at it. */
export type SeenPromotion = {
  readonly promotion: Pick<
    PromotionResponse,
    'status' | 'ended_at' | 'author' | 'rollout_id' | 'blockers' | 'evidence' | 'approvals'
  >;
  readonly me: Me | undefined;
  /** Who wrote the candidate; null when nobody knows. */
  readonly writer: string | null;
};

const needed: Readonly<Record<PromotionDeed, Role>> = {
  ...{ comment: 'editor', evaluate: 'editor', withdraw: 'editor' },
  ...{ approve: 'reviewer', reject: 'reviewer', override: 'reviewer' },
  ...{ apply: 'releaser', start: 'releaser' },
};

/** Why somebody may not do something with a promotion, in words; null when they may. The server decides all the same. */
export function whyNot(deed: PromotionDeed, { promotion, me, writer }: SeenPromotion): string | null {
  if (me === undefined) return 'It is not known yet who you are';
  if (promotion.ended_at !== null) return `It is over: ${statusWords[promotion.status] ?? promotion.status}`;
  if (!mayActAs(me, needed[deed])) return `Your role is ${me.role}; this needs a ${needed[deed]}`;
  const isReview = deed === 'approve' || deed === 'reject' || deed === 'override';
  if (isReview && isSamePerson(me, promotion.author)) {
    return 'You have asked for this promotion; somebody else has to decide on it';
  }
  if (isReview && writer !== null && isNamed(me, writer)) {
    return 'You wrote this version; somebody else has to decide on it';
  }
  if (promotion.rollout_id !== null && deed !== 'comment' && deed !== 'approve') {
    return 'It is being rolled out; end the rollout first';
  }
  return whyNotNow(deed, promotion, me);
}

function whyNotNow(
  deed: PromotionDeed,
  { blockers, evidence, approvals, author }: SeenPromotion['promotion'],
  me: Me,
): string | null {
  const changed = blockers.find(({ code }) => code === 'basis_changed');
  if (deed === 'approve') {
    const lack = blockers.find(({ code }) => code.startsWith('evidence_') || code === 'gate_error');
    if (changed !== undefined || lack !== undefined) return sentence((changed ?? lack)?.text ?? '');
    return approvals.given_by.some((name) => isNamed(me, name)) ? 'You have approved it' : null;
  }
  if (deed === 'override') {
    if (changed !== undefined) return sentence(changed.text);
    return evidence?.verdict === 'pass' ? 'The gate says pass; there is nothing to override' : null;
  }
  if (deed === 'withdraw') {
    const may = me.role === 'admin' || isSamePerson(me, author);
    return may ? null : `Only ${author.name}, who asked for it, or an admin can withdraw it`;
  }
  if ((deed === 'apply' || deed === 'start') && blockers.length > 0) {
    return sentence(blockers.map(({ text }) => text).join('; '));
  }
  return null;
}

const statusWords: Readonly<Record<string, string>> = {
  completed: 'it was carried out',
  rejected: 'it was rejected',
  rolled_back: 'it was rolled back',
  canceled: 'it was withdrawn',
};

/** What the server says, as a sentence of its own. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isSamePerson(me: Me, other: AuditActor): boolean {
  return (me.key_id !== null && me.key_id === other.key_id) || isNamed(me, other.name);
}

function isNamed(me: Me, name: string): boolean {
  return fold(me.name) === fold(name);
}

function fold(name: string): string {
  return name.normalize('NFKC').replaceAll(/\p{C}/gu, '').trim().toLowerCase();
}
