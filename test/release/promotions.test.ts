import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AliasResponse, RollbackResponse } from '../../src/api/aliases.ts';
import type { AuditCheckResponse, AuditEntryResponse } from '../../src/api/audit.ts';
import type { ComparisonResponse } from '../../src/api/comparisons.ts';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import { all, ask, type Place, refusal } from '../evals/eval-story.ts';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { aliasOf, movesOf, newPeople, newPerson, type People, pathOf } from './release-story.ts';
import { askFor, bringTickets, newTriage, putTriageEval, type Triage } from './triage.ts';

/*
 * The goal: production moves only with evidence for exactly what is promoted and somebody else's approval; whoever
 * tries otherwise is told why, nothing has changed, and the attempt is in the audit log. The method: the tutorial's
 * agent on the offline model, over HTTP, with a key for each person.
 */

let pawl: TestPawl;
let people: People;
let triage: Triage;

beforeEach(async () => {
  pawl = await startPawl();
  people = await newPeople(pawl);
  triage = await newTriage(people);
});
afterEach(() => pawl.server.close());

const review = (by: Place, { id }: { id: string }, body: object): Promise<PromotionResponse> =>
  ask(by, `/promotions/${id}/reviews`, body);
const refusedReview = (by: Place, { id }: { id: string }, body: object) =>
  refusal(by, `/promotions/${id}/reviews`, body);
const apply = (by: Place, { id }: { id: string }): Promise<PromotionResponse> =>
  ask(by, `/promotions/${id}/apply`, {});
const retrieve = ({ id }: { id: string }): Promise<PromotionResponse> => ask(pawl, `/promotions/${id}`);
const codes = ({ blockers }: PromotionResponse): string[] => blockers.map(({ code }) => code);

async function production(): Promise<number | null> {
  return (await aliasOf(pawl, triage.agent_id)).version;
}

/** The newest refusal in the audit log; the evals of other promotions may have written since. */
async function lastRefusal(): Promise<AuditEntryResponse | undefined> {
  const { data } = await ask<{ data: AuditEntryResponse[] }>(pawl, '/audit?limit=10');
  return data.find(({ outcome }) => outcome === 'refused');
}

/** Refused, nothing moved, and the attempt written down with the same reason. */
async function expectRefused(
  tried: Promise<{ code: string; message: string }>,
  { code, by }: { code: string; by: string },
): Promise<string> {
  const before = await production();
  const answered = await tried;
  expect(answered.code).toBe(code);
  expect(await production()).toBe(before);
  const entry = await lastRefusal();
  expect(entry).toMatchObject({ actor: { name: by }, reason: answered.message });
  return answered.message;
}

test('The whole way: refused by the gate, overridden, rolled back, mended, approved by another, applied, audited', async () => {
  const worse = await askFor(people, triage, 2);
  expect(worse.evidence).toMatchObject({ status: 'completed', verdict: 'fail' });
  expect(codes(worse)).toEqual(['gate_failed', 'approvals_missing']);
  await review(people.reviewer, worse, { decision: 'approve' });
  const told = await expectRefused(refusal(people.releaser, `/promotions/${worse.id}/apply`, {}), {
    ...{ code: 'promotion_blocked', by: 'Dan' },
  });
  expect(told).toContain('the gate says fail');

  const overridden = await review(people.second, worse, { decision: 'override', comment: 'Tonight.' });
  expect(overridden).toMatchObject({
    status: 'approved',
    override: { by: { name: 'Cleo' }, reason: 'Tonight.' },
  });
  expect(await apply(people.releaser, worse)).toMatchObject({ status: 'completed', move: 2 });
  expect(await production()).toBe(2);

  const back = await ask<RollbackResponse>(people.releaser, `${pathOf(triage.agent_id)}/rollback`, {});
  expect(back).toMatchObject({ from_version: 2, to_version: 1, running: 'drain' });
  expect(await retrieve(worse)).toMatchObject({ status: 'rolled_back', override: { reason: 'Tonight.' } });
  const lived = await all<AuditEntryResponse>(pawl, `/audit?subject=${worse.id}`);
  expect(lived[0]).toMatchObject({ action: 'promotion.rolled_back', actor: { name: 'Dan' } });

  const better = await askFor(people, triage, 3);
  expect(better.evidence?.verdict).toBe('pass');
  await review(people.reviewer, better, { decision: 'approve', basis_hash: better.basis_hash });
  const held = await expectRefused(refusal(people.releaser, `/promotions/${better.id}/apply`, {}), {
    ...{ code: 'promotion_blocked', by: 'Dan' },
  });
  expect(held).toContain('rolled back by Dan');
  await ask(people.releaser, `${pathOf(triage.agent_id)}/release`, { reason: 'mended' });
  await apply(people.releaser, better);
  expect(await production()).toBe(3);

  const moves = await movesOf(pawl, triage.agent_id);
  expect(moves.map(({ kind, from_version, to_version }) => [kind, from_version, to_version])).toEqual([
    ['set', null, 1],
    ['promotion', 1, 2],
    ['rollback', 2, 1],
    ['promotion', 1, 3],
  ]);
  expect(moves[1]?.evidence).toMatchObject({ verdict: 'fail', overridden: true, approved_by: ['Bob'] });
  expect(moves[3]?.evidence).toMatchObject({ verdict: 'pass', overridden: false, approved_by: ['Bob'] });
  const entries = await all<AuditEntryResponse>(pawl, `/audit?subject=${triage.agent_id}@production`);
  expect(entries.map(({ action }) => action).toReversed()).toEqual([
    ...['alias.set', 'alias.promoted', 'alias.rolled_back', 'alias.released', 'alias.promoted'],
  ]);
  expect(await ask<AuditCheckResponse>(pawl, '/audit/verify')).toMatchObject({ ok: true, broken: null });
});

describe('Who may decide', () => {
  test('its author cannot approve, reject or override it, whichever key or spelling they use', async () => {
    const promotion = await askFor(people, triage, 3);
    const again = await newPerson(people.admin, ' ANN', 'admin');
    for (const decision of ['approve', 'reject', 'override']) {
      const tried = refusedReview(again, promotion, { decision, comment: 'Trust me.' });
      const message = await expectRefused(tried, { code: 'own_promotion', by: ' ANN' });
      expect(message).toContain('asked for this promotion');
    }
    expect(codes(await retrieve(promotion))).toEqual(['approvals_missing']);
  });

  test('nor can whoever wrote the version, if somebody else asked for its promotion', async () => {
    const writer = await newPerson(people.admin, 'Ann', 'reviewer');
    const asked = { agent_id: triage.agent_id, version: 3, eval: triage.eval };
    const promotion = await ask<PromotionResponse>(people.second, '/promotions', asked);
    const message = await expectRefused(
      refusedReview(writer, promotion, { decision: 'reject', comment: 'No.' }),
      {
        ...{ code: 'own_promotion', by: 'Ann' },
      },
    );
    expect(message).toContain('wrote what version 3 is');
  });

  test('nor whoever wrote its prompt, if somebody else changed nothing but its description', async () => {
    const [writer, other] = [await newPerson(people.admin, 'Wim', 'reviewer'), people.author];
    const versionsOf = (by: Place) => sdk(by.url, by.key).beta.agents;
    await versionsOf(writer).update(triage.agent_id, { version: 3, system: 'Be kind.' });
    await versionsOf(other).update(triage.agent_id, { version: 4, description: 'Kind.' });
    const promotion = await askFor(people, triage, 5);
    const tried = refusedReview(writer, promotion, { decision: 'override', comment: 'Mine.' });
    await expectRefused(tried, { code: 'own_promotion', by: 'Wim' });
  });

  test('an approval counts no more once its key is revoked', async () => {
    const stolen = await newPerson(people.admin, 'Sid', 'reviewer');
    const promotion = await askFor(people, triage, 3);
    expect((await review(stolen, promotion, { decision: 'approve' })).approvals.given_by).toEqual(['Sid']);
    await ask(people.admin, `/keys/${stolen.id}/revoke`, {});
    expect(codes(await retrieve(promotion))).toEqual(['approvals_missing']);
  });

  test('nor does an override, though it stays marked', async () => {
    const stolen = await newPerson(people.admin, 'Sid', 'reviewer');
    const worse = await askFor(people, triage, 2);
    await review(people.reviewer, worse, { decision: 'approve' });
    const passed = await review(stolen, worse, { decision: 'override', comment: 'Tonight.' });
    expect(codes(passed)).toEqual([]);
    await ask(people.admin, `/keys/${stolen.id}/revoke`, {});
    const now = await retrieve(worse);
    expect(codes(now)).toEqual(['gate_failed']);
    expect(now.override).toMatchObject({ by: { name: 'Sid' }, reason: 'Tonight.' });
  });

  test.each(['e\u00add', 'a\u200bnn', 'ann\u0007', '  ', 'local', 'Pawl'])(
    'no key can be called %j, which is or looks like somebody else',
    async (name) => {
      expect(await refusal(people.admin, '/keys', { name, role: 'reviewer' })).toMatchObject({
        ...{ status: 400, message: expect.stringMatching(/^name: must/) },
      });
    },
  );

  test('an editor may comment, and nothing else', async () => {
    const promotion = await askFor(people, triage, 3);
    const editor = await newPerson(people.admin, 'Eve', 'editor');
    const commented = await review(editor, promotion, { decision: 'comment', comment: 'Looks fine.' });
    expect(commented.reviews).toMatchObject([{ decision: 'comment', actor: { name: 'Eve' } }]);
    await expectRefused(refusedReview(editor, promotion, { decision: 'approve' }), {
      code: 'permission',
      by: 'Eve',
    });
  });

  test('two approvals are two people, not one with two keys', async () => {
    await ask(people.admin, `${pathOf(triage.agent_id)}/policy`, { approvals: 2 });
    const promotion = await askFor(people, triage, 3);
    await review(people.reviewer, promotion, { decision: 'approve' });
    const twin = await newPerson(people.admin, 'bob', 'reviewer');
    const twice = await review(twin, promotion, { decision: 'approve' });
    expect(twice).toMatchObject({ status: 'in_review', approvals: { needed: 2, given_by: ['bob'] } });
    expect((await review(people.second, promotion, { decision: 'approve' })).status).toBe('approved');
  });

  test('a reviewer who takes the approval back by rejecting ends it for good', async () => {
    const promotion = await askFor(people, triage, 3);
    await review(people.reviewer, promotion, { decision: 'approve' });
    const rejected = await review(people.reviewer, promotion, {
      decision: 'reject',
      comment: 'On second thought.',
    });
    expect(rejected).toMatchObject({ status: 'rejected', blockers: [] });
    for (const path of ['apply', 'withdraw', 'evaluate']) {
      expect(await refusal(people.admin, `/promotions/${promotion.id}/${path}`, {})).toMatchObject({
        ...{ status: 409, code: 'promotion_over' },
      });
    }
  });

  test('a decision has to say why, unless it is an approval', async () => {
    const promotion = await askFor(people, triage, 3);
    for (const said of ['reject', 'override', 'comment'].flatMap((decision) => [
      { decision },
      { decision, comment: ' ' },
    ])) {
      const refused = await refusedReview(people.reviewer, promotion, said);
      expect(refused).toMatchObject({
        status: 400,
        message: expect.stringContaining('comment: must say why'),
      });
    }
  });

  test('only its author or an admin withdraws it', async () => {
    const promotion = await askFor(people, triage, 3);
    const path = `/promotions/${promotion.id}/withdraw`;
    await expectRefused(refusal(people.reviewer, path, {}), { code: 'permission', by: 'Bob' });
    expect(await ask(people.author, path, { reason: 'later' })).toMatchObject({ status: 'canceled' });
  });
});

describe('What an approval holds for', () => {
  let promotion: PromotionResponse;
  beforeEach(async () => {
    promotion = await askFor(people, triage, 3);
    promotion = await review(people.reviewer, promotion, { decision: 'approve' });
    expect(promotion).toMatchObject({ status: 'approved', blockers: [] });
  });

  async function expectVoid(what: RegExp): Promise<void> {
    const stale = await retrieve(promotion);
    expect(stale.blockers).toMatchObject([{ code: 'basis_changed', text: expect.stringMatching(what) }]);
    await expectRefused(refusal(people.releaser, `/promotions/${promotion.id}/apply`, {}), {
      ...{ code: 'promotion_blocked', by: 'Dan' },
    });
    const late = refusedReview(people.second, promotion, { decision: 'approve' });
    await expectRefused(late, { code: 'stale_review', by: 'Cleo' });
    const anew = await ask<PromotionResponse>(people.author, `/promotions/${promotion.id}/evaluate`, {});
    expect(anew).toMatchObject({ status: 'in_review', approvals: { given_by: [] } });
    expect(anew.basis_hash).not.toBe(promotion.basis_hash);
    const old = refusedReview(people.second, promotion, {
      ...{ decision: 'approve', basis_hash: promotion.basis_hash },
    });
    await expectRefused(old, { code: 'stale_review', by: 'Cleo' });
  }

  test('not for another revision of the dataset', async () => {
    await bringTickets(people, [
      { id: 't-21', vars: { subject: 'Bill', body: 'Wrong.' }, target: 'billing', group: 'billing' },
    ]);
    await expectVoid(/the dataset has revision drev_\w+ now/);
  });

  test('not for another gate', async () => {
    await putTriageEval(people, triage.agent_id, { max_lost_cases: 0 });
    await expectVoid(/eval triage has revision 2 now/);
  });

  test('not when something else is served by now', async () => {
    const asked = await askFor(people, triage, 2);
    await review(people.second, asked, { decision: 'override', comment: 'Now.' });
    await review(people.second, asked, { decision: 'approve' });
    await apply(people.releaser, asked);
    await expectVoid(/the alias stands for version 2, not 1/);
  });

  test('not for another candidate, which only its author can name', async () => {
    const path = `/promotions/${promotion.id}/evaluate`;
    await expectRefused(refusal(people.reviewer, path, { version: 2 }), { code: 'permission', by: 'Bob' });
    const anew = await ask<PromotionResponse>(people.author, path, { version: 2 });
    expect(anew).toMatchObject({ candidate_version: 2, status: 'in_review', approvals: { given_by: [] } });
  });

  test('not when the old basis comes back after another one', async () => {
    const path = `/promotions/${promotion.id}/evaluate`;
    await ask(people.author, path, { version: 2 });
    const back = await ask<PromotionResponse>(people.author, path, { version: 3 });
    expect(back).toMatchObject({ candidate_version: 3, basis: { round: 3 }, approvals: { given_by: [] } });
  });

  test('not once the dataset is archived', async () => {
    await ask(people.author, '/datasets/tickets/archive', {});
    const { blockers } = await retrieve(promotion);
    expect(blockers).toMatchObject([{ code: 'basis_changed', text: expect.stringContaining('is archived') }]);
  });

  test('not for an easier eval, which nobody but its author can put in place', async () => {
    await putEasyEval();
    const path = `/promotions/${promotion.id}/evaluate`;
    await expectRefused(refusal(people.reviewer, path, { eval: 'easy' }), { code: 'permission', by: 'Bob' });
    expect(await retrieve(promotion)).toMatchObject({ status: 'approved', basis: { eval_name: 'triage' } });
    const anew = await ask<PromotionResponse>(people.author, path, { eval: 'easy' });
    expect(anew).toMatchObject({ basis: { eval_name: 'easy' }, approvals: { given_by: [] } });
  });
});

describe('What cannot be asked for', () => {
  const asking = (body: object) =>
    refusal(people.author, '/promotions', { agent_id: triage.agent_id, eval: triage.eval, ...body });

  test('a version that is not there', async () => {
    await expectRefused(asking({ version: 9 }), { code: 'version_not_found', by: 'Ann' });
  });

  test('what is live already', async () => {
    await expectRefused(asking({ version: 1 }), { code: 'invalid_request', by: 'Ann' });
  });

  test('the same twice, by asking or by changing another into it', async () => {
    const { id } = await askFor(people, triage, 3);
    const message = await expectRefused(asking({ version: 3 }), { code: 'promotion_open', by: 'Ann' });
    expect(message).toContain(id);
    const other = await askFor(people, triage, 2);
    const path = `/promotions/${other.id}/evaluate`;
    await expectRefused(refusal(people.author, path, { version: 3 }), { code: 'promotion_open', by: 'Ann' });
    await expectRefused(refusal(people.author, path, { version: 1 }), { code: 'invalid_request', by: 'Ann' });
    await expectRefused(refusal(people.author, path, { version: 9 }), {
      code: 'version_not_found',
      by: 'Ann',
    });
  });

  test('by an alias that was removed before it was ever set, of which nothing is left', async () => {
    const path = pathOf(triage.agent_id, 'nothing');
    expect(await refusal(people.author, path, { version: null, from: null })).toMatchObject({ status: 404 });
    const { data } = await ask<{ data: AliasResponse[] }>(pawl, `/agents/${triage.agent_id}/aliases`);
    expect(data.map(({ name }) => name)).toEqual(['production']);
  });

  test('something of an archived agent', async () => {
    const promotion = await askFor(people, triage, 3);
    await review(people.reviewer, promotion, { decision: 'approve' });
    await sdk(pawl.url, pawl.key).beta.agents.archive(triage.agent_id);
    await expectRefused(asking({ version: 2 }), { code: 'agent_archived', by: 'Ann' });
    const message = await expectRefused(refusal(people.releaser, `/promotions/${promotion.id}/apply`, {}), {
      ...{ code: 'promotion_blocked', by: 'Dan' },
    });
    expect(message).toContain('the agent is archived');
  });

  test('without an eval, unless the alias has its own, which nobody can then choose another for', async () => {
    await expectRefused(asking({ version: 3, eval: undefined }), { code: 'invalid_request', by: 'Ann' });
    await expectRefused(asking({ version: 3, eval: 'none' }), { code: 'eval_not_found', by: 'Ann' });
    const { policy } = await ask<AliasResponse>(people.admin, `${pathOf(triage.agent_id)}/policy`, {
      eval: 'triage',
    });
    expect(policy.eval).toMatch(/^eval_/);
    await putEasyEval();
    const made = await ask<PromotionResponse>(people.author, '/promotions', {
      ...{ agent_id: triage.agent_id, version: 3, eval: 'easy' },
    });
    expect(made.basis.eval_name).toBe('triage');
  });

  test('with evidence of another pair, eval or dataset revision', async () => {
    const { id: other } = await comparison({ candidate_version: 2, baseline_version: 1 });
    const message = await expectRefused(asking({ version: 3, comparison: other }), {
      ...{ code: 'invalid_request', by: 'Ann' },
    });
    expect(message).toContain('has to set version 3 against version 1');
    const { id: fits } = await comparison({ candidate_version: 3, baseline_version: 1 });
    await bringTickets(people, [
      { id: 't-21', vars: { subject: 'Bill', body: 'Wrong.' }, target: 'billing', group: 'billing' },
    ]);
    await expectRefused(asking({ version: 3, comparison: fits }), { code: 'invalid_request', by: 'Ann' });
    await expectRefused(asking({ version: 3, comparison: 'cmp_none' }), {
      code: 'invalid_request',
      by: 'Ann',
    });
  });

  test('with fewer repeats than the eval asks', async () => {
    const { id } = await comparison({ candidate_version: 3, baseline_version: 1, epochs: 1 });
    await ask(people.author, '/evals', { ...(await definition()), epochs: 2 });
    await expectRefused(asking({ version: 3, comparison: id }), { code: 'invalid_request', by: 'Ann' });
  });
});

describe('Going back', () => {
  const set = (version: number | null, from: number | null) =>
    ask<AliasResponse>(people.author, pathOf(triage.agent_id, 'staging'), { version, from });

  test('passes over what was removed in between', async () => {
    await set(1, null);
    await set(null, 1);
    await set(3, null);
    const path = `${pathOf(triage.agent_id, 'staging')}/rollback`;
    expect(await ask<RollbackResponse>(people.releaser, path, {})).toMatchObject({ to_version: 1 });
  });

  test('to what was itself rolled back takes force, and of a protected alias an admin', async () => {
    const promotion = await askFor(people, triage, 3);
    await review(people.reviewer, promotion, { decision: 'approve' });
    await apply(people.releaser, promotion);
    const path = `${pathOf(triage.agent_id)}/rollback`;
    await ask(people.releaser, path, {});
    await expectRefused(refusal(people.releaser, path, { to: 3 }), { code: 'never_live', by: 'Dan' });
    await expectRefused(refusal(people.releaser, path, { to: 3, force: true }), {
      code: 'permission',
      by: 'Dan',
    });
    expect(await ask<RollbackResponse>(people.admin, path, { to: 3, force: true })).toMatchObject({
      to_version: 3,
    });
  });
});

describe('Evidence', () => {
  test('that is there already is taken, and nothing is run', async () => {
    const { id } = await comparison({ candidate_version: 3, baseline_version: 1 });
    const made = await ask<PromotionResponse>(people.author, '/promotions', {
      ...{ agent_id: triage.agent_id, version: 3, eval: 'triage' },
    });
    expect(made.evidence?.comparison_id).toBe(id);
  });

  test('is sought against what production serves, not against the version before', async () => {
    const { basis } = await askFor(people, triage, 3);
    expect(basis).toMatchObject({ baseline_version: 1, candidate_version: 3 });
    const { baseline } = await ask<ComparisonResponse>(people.author, '/comparisons', { eval: 'triage' });
    expect(baseline.agent_version).toBe(1);
  });
});

async function definition(): Promise<Record<string, unknown>> {
  const { definition: found } = await ask<{ definition: Record<string, unknown> }>(pawl, '/evals/triage');
  const { reply: _read, ...rest } = found;
  return { ...rest, reply: { json: 'team' } };
}

async function putEasyEval(): Promise<void> {
  await ask(people.author, '/evals', { ...(await definition()), name: 'easy', gate: { max_lost_cases: 20 } });
}

async function comparison(fields: object): Promise<ComparisonResponse> {
  const { id } = await ask<ComparisonResponse>(people.author, '/comparisons', { eval: 'triage', ...fields });
  await expect
    .poll(async () => (await ask<ComparisonResponse>(pawl, `/comparisons/${id}`)).status, { timeout: 20_000 })
    .toBe('completed');
  return ask(pawl, `/comparisons/${id}`);
}
