import { describe, expect, test } from 'vitest';
import type { PromotionResponse } from '../../api/promotions.ts';
import { basisLookedAt, shortBasis } from './basis.ts';
import { type StandingContext, standing } from './standing.ts';

const actor = (name: string) => ({ key_id: `apikey_${name}`, name, role: 'editor' }) as const;

/** A promotion that is measured and lacks nothing, but for what a test sets. */
function promotion(set: Partial<PromotionResponse> = {}): PromotionResponse {
  return {
    ...{ type: 'promotion', id: 'promo_a', agent_id: 'agent_a', alias: 'production', candidate_version: 2 },
    ...{ status: 'approved', author: actor('Ann'), reason: null, override: null, move: null, reviews: [] },
    rollout_id: null,
    basis: {
      ...{ candidate_version: 2, candidate_hash: 'a', baseline_version: 1, eval_id: 'eval_a' },
      ...{ eval_name: 'triage', eval_revision: 1, dataset_revision_id: 'drev_a', epochs: 1, round: 0 },
    },
    basis_hash: '0123456789abcdef'.repeat(4),
    evidence: { comparison_id: 'cmp_a', status: 'completed', verdict: 'pass', error: null },
    approvals: { needed: 1, given_by: ['Bob'] },
    blockers: [],
    ...{ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', ended_at: null },
    ...set,
  };
}

type Code = PromotionResponse['blockers'][number]['code'];

/** The verbs of the commands that are told for a promotion that lacks these. */
function verbsFor(codes: readonly Code[], context: Partial<StandingContext> = {}): string[] {
  const blockers = codes.map((code) => ({ code, text: code }));
  const text = standing(promotion({ blockers, status: 'in_review' }), {
    ...{ url: undefined, version_author: 'Ann' },
    ...context,
  });
  return [...text.matchAll(/^ {2}`pawl (?:promotion )?(alias release|rollout status|\w+)/gm)].map(
    ([, verb = '']) => verb,
  );
}

describe('How it goes on', () => {
  test('is by carrying it out, when nothing is lacking', () => {
    expect(standing(promotion(), { url: undefined, version_author: 'Ann' }).split('\n')).toEqual([
      'Promotion promo_a, production of agent_a from version 1 to version 2, is approved.',
      '',
      'How it goes on',
      '  `pawl promotion apply promo_a`     carries it out at once; it needs the role releaser',
      '  `pawl rollout start promo_a`       carries it out step by step, which ends by itself if it does harm',
      '  `pawl promotion withdraw promo_a`  takes it back',
    ]);
  });

  test.each<[Code[], string[]]>([
    [['agent_archived', 'gate_failed'], ['withdraw']],
    [['already_live'], ['withdraw']],
    [
      ['basis_changed', 'gate_failed', 'approvals_missing'],
      ['evaluate', 'withdraw'],
    ],
    [['evidence_missing'], ['evaluate', 'withdraw']],
    [
      ['evidence_failed', 'approvals_missing'],
      ['evaluate', 'withdraw'],
    ],
    [
      ['evidence_pending', 'approvals_missing'],
      ['evaluate', 'withdraw'],
    ],
    [['gate_failed'], ['evaluate', 'override', 'withdraw']],
    [
      ['gate_error', 'approvals_missing'],
      ['evaluate', 'override', 'approve', 'withdraw'],
    ],
    [
      ['approvals_missing', 'alias_held'],
      ['approve', 'alias release', 'withdraw'],
    ],
    [['rollout_running'], ['rollout status', 'withdraw']],
  ])('with %j is by what the server would take', (codes, verbs) => {
    expect(verbsFor(codes)).toEqual(verbs);
  });

  test('is told to the same server, and to somebody who may', () => {
    const blockers = [{ code: 'approvals_missing', text: 'one more' }] as const;
    const context = { url: 'http://a.test/?b&c', version_author: 'Cleo\u001b[2J' };
    const text = standing(promotion({ blockers }), context);
    expect(text).toContain(
      "`pawl promotion approve promo_a --url 'http://a.test/?b&c'`   approves it; by a reviewer other than Ann, who asked for it, and Cleo [2J, who wrote version 2",
    );
  });

  test('is its rollout, while that carries it out', () => {
    const text = standing(promotion({ rollout_id: 'roll_a' }), { url: undefined, version_author: null });
    expect(text.split('\n')).toEqual([
      'Promotion promo_a, production of agent_a from version 1 to version 2, is approved, and carried out by roll_a.',
      '',
      'How it goes on',
      '  `pawl rollout status roll_a`  says how its rollout stands, and how that goes on',
    ]);
  });

  test.each<[PromotionResponse['status'], string]>([
    ['completed', 'completed'],
    ['canceled', 'withdrawn'],
    ['rolled_back', 'rolled back'],
  ])('is not told when it is over: %s', (status, word) => {
    expect(standing(promotion({ status }), { url: undefined, version_author: null })).toBe(
      `Promotion promo_a, production of agent_a from version 1 to version 2, is ${word}.`,
    );
  });
});

test('A basis is known by its beginning, and another one is passed on as it is', () => {
  const one = promotion();
  expect(basisLookedAt(one, undefined)).toBe(one.basis_hash);
  expect(basisLookedAt(one, shortBasis(one))).toBe(one.basis_hash);
  expect(basisLookedAt(one, 'ffffffffffff')).toBe('ffffffffffff');
});
