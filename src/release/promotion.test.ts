import { describe, expect, test } from 'vitest';
import type { AuditActor } from '../core/audit-entry.ts';
import type { ReviewDecision } from '../core/release.ts';
import { approvers, blockersOf, type Evidence, isNamed, isSamePerson, type Review } from './promotion.ts';

function person(name: string, key_id: string | null = `apikey_${name}`): AuditActor {
  return { key_id, name, role: 'reviewer' };
}

function review(name: string, decision: ReviewDecision, basis_hash = 'basis'): Review {
  return { id: 'rview_1', decision, actor: person(name), comment: null, basis_hash, created_at: '' };
}

const passed: Evidence = { comparison_id: 'cmp_1', status: 'completed', verdict: 'pass', error: null };
const ready = {
  promotion: {
    candidate_version: 2,
    evidence: passed,
    override: null,
    basis_hash: 'basis',
    rollout_id: null,
  },
  ...{ changes: [], archived: false, live_version: 1, hold: null, rollout: null },
  approvals: { needed: 1, given_by: ['bob'] },
} as const;
const codes = (found: Parameters<typeof blockersOf>[0]): string[] =>
  blockersOf(found).map(({ code }) => code);

describe('Who is the same person', () => {
  test('one key is one person, whatever it is called', () => {
    expect(isSamePerson(person('ann', 'apikey_1'), person('other', 'apikey_1'))).toBe(true);
  });

  test.each(['ann', ' Ann ', 'ANN'])('two keys of the name %j are one person', (name) => {
    expect(isSamePerson(person('ann', 'apikey_1'), person(name, 'apikey_2'))).toBe(true);
    expect(isNamed(person('ann'), name)).toBe(true);
  });

  test('two names are two people, and without keys a name is all there is', () => {
    expect(isSamePerson(person('ann', null), person('bob', null))).toBe(false);
    expect(isSamePerson(person('local', null), person('local', null))).toBe(true);
    expect(isNamed(person('ann'), null)).toBe(false);
  });
});

describe('Approvals', () => {
  test('each person counts once, and by their last word', () => {
    const reviews = [review('bob', 'approve'), review('Bob', 'approve'), review('cem', 'reject')];
    expect(approvers(reviews, 'basis')).toEqual(['Bob']);
    expect(approvers([...reviews, review('bob', 'reject')], 'basis')).toEqual([]);
  });

  test('a comment or an override after it takes no approval back, and is none', () => {
    expect(approvers([review('bob', 'approve'), review('bob', 'comment')], 'basis')).toEqual(['bob']);
    expect(approvers([review('bob', 'override')], 'basis')).toEqual([]);
  });

  test('an approval of another basis is void', () => {
    expect(approvers([review('bob', 'approve', 'before')], 'basis')).toEqual([]);
  });
});

describe('What a promotion lacks', () => {
  test('nothing, when the gate passes and enough have approved', () => {
    expect(codes(ready)).toEqual([]);
  });

  test('approvals, said with how many', () => {
    const lacking = { ...ready, approvals: { needed: 3, given_by: ['bob'] } };
    expect(blockersOf(lacking)).toEqual([
      { code: 'approvals_missing', text: '2 more reviewers have to approve it, other than its author' },
    ]);
  });

  test.each([
    [null, 'evidence_missing'],
    [{ ...passed, status: 'running', verdict: null }, 'evidence_pending'],
    [{ ...passed, status: 'failed', verdict: null, error: 'the model is away' }, 'evidence_failed'],
    [{ ...passed, verdict: 'fail' }, 'gate_failed'],
    [{ ...passed, verdict: 'inconclusive' }, 'gate_inconclusive'],
    [{ ...passed, verdict: 'error' }, 'gate_error'],
  ] as const)('evidence %j is %s, unless somebody overrides just this', (evidence, code) => {
    const promotion = { ...ready.promotion, evidence };
    expect(codes({ ...ready, promotion })).toEqual([code]);
    const comparison_id = evidence?.comparison_id ?? null;
    const override = { by: person('bob'), reason: 'we know', at: '', basis_hash: 'basis', comparison_id };
    expect(codes({ ...ready, promotion: { ...promotion, override } })).toEqual([]);
    for (const other of [{ basis_hash: 'before' }, { comparison_id: 'cmp_0' }]) {
      const stale = { ...promotion, override: { ...override, ...other } };
      expect(codes({ ...ready, promotion: stale })).toEqual([code]);
    }
  });

  test('an override lifts nothing but the gate', () => {
    const known = { by: person('bob'), reason: 'we know', at: '', basis_hash: 'basis' };
    const override = { ...known, comparison_id: 'cmp_1' };
    const found = {
      ...ready,
      promotion: { ...ready.promotion, override },
      ...{ archived: true, live_version: 2, hold: { since: 'noon', by: 'ann' } },
      ...{ changes: ['the dataset has another revision'], approvals: { needed: 1, given_by: [] } },
    };
    expect(codes(found)).toEqual([
      ...['agent_archived', 'already_live', 'basis_changed', 'approvals_missing', 'alias_held'],
    ]);
  });
});
