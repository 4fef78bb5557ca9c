import { expect, test } from 'vitest';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import type { Me, Role } from '../../shell/me.ts';
import { type PromotionDeed, type SeenPromotion, whyNot } from './why-not.ts';

function person(name: string, role: Role): Me {
  return { key_id: `apikey_${name}`, name, role, how: 'sign_in', expires_at: null };
}

const ann = { key_id: 'apikey_Ann', name: 'Ann', role: 'editor' } as const;
const missing: PromotionResponse['blockers'][number] = {
  code: 'approvals_missing',
  text: 'one more reviewer has to approve it',
};
const comparison_id = 'cmp_1';

function seen(me: Me | undefined, changes: Partial<SeenPromotion['promotion']> = {}): SeenPromotion {
  const evidence = { comparison_id, status: 'completed', verdict: 'pass', error: null } as const;
  return {
    me,
    writer: 'Wim',
    promotion: {
      ...{ status: 'in_review', ended_at: null, author: ann, rollout_id: null, evidence },
      ...{ blockers: [missing], approvals: { needed: 1, given_by: [] } },
      ...changes,
    },
  };
}

test('a reviewer who neither asked nor wrote may approve and reject', () => {
  const bob = seen(person('Bob', 'reviewer'));
  expect((['approve', 'reject', 'comment', 'evaluate'] as const).map((deed) => whyNot(deed, bob))).toEqual([
    ...[null, null, null, null],
  ]);
});

test.each([
  ['approve', person('Eve', 'editor'), {}, 'Your role is editor; this needs a reviewer'],
  ['approve', person(' ann ', 'reviewer'), {}, 'You have asked for this promotion'],
  ['reject', person('WIM', 'admin'), {}, 'You wrote this version'],
  [
    'approve',
    person('Bob', 'reviewer'),
    { approvals: { needed: 2, given_by: ['bob'] } },
    'You have approved',
  ],
  [
    'approve',
    person('Bob', 'reviewer'),
    { blockers: [{ code: 'evidence_pending', text: 'comparison c is not over' }] },
    'Comparison c is not over',
  ],
  ['override', person('Bob', 'reviewer'), {}, 'The gate says pass'],
  ['withdraw', person('Bob', 'releaser'), {}, 'Only Ann'],
  ['apply', person('Dan', 'releaser'), {}, 'One more reviewer has to approve it'],
  ['start', person('Bob', 'reviewer'), { blockers: [] }, 'Your role is reviewer; this needs a releaser'],
  ['start', person('Dan', 'releaser'), { blockers: [], rollout_id: 'roll_1' }, 'It is being rolled out'],
  [
    'comment',
    person('Bob', 'reviewer'),
    { status: 'rejected', ended_at: '2026-01-01T00:00:00Z' },
    'It is over: it was rejected',
  ],
  ['comment', undefined, {}, 'It is not known yet who you are'],
] as const)('%s is refused to %o', (deed: PromotionDeed, me, changes, why) => {
  expect(whyNot(deed, seen(me, changes as Partial<SeenPromotion['promotion']>))).toContain(why);
});

test('a releaser may carry out what lacks nothing, and its author and admins may withdraw it', () => {
  const ready = { blockers: [] };
  expect(whyNot('apply', seen(person('Dan', 'releaser'), ready))).toBeNull();
  expect(whyNot('start', seen(person('Ann', 'admin'), ready))).toBeNull();
  expect(whyNot('withdraw', seen(person('Ann', 'editor')))).toBeNull();
  expect(whyNot('withdraw', seen(person('Zoe', 'admin')))).toBeNull();
});
