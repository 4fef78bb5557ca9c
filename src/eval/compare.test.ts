import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRuns } from './compare.ts';
import { type CaseSpec, cases, gateOf, metric, plan, runsOf } from './comparison/runs.testsuite.ts';
import type { GatePolicy } from './gate-policy.ts';
import type { GateReport } from './gate-report.ts';

const right: CaseSpec = { baseline: [1], candidate: [1] };
const lost: CaseSpec = { baseline: [1], candidate: [0] };
const wrong: CaseSpec = { baseline: [0], candidate: [0] };

function compare(specs: readonly CaseSpec[], policy: Partial<GatePolicy> = {}): Promise<GateReport> {
  return compareRuns(runsOf(specs), { policy: gateOf(policy), seed: 1 });
}

/** Twenty tickets of four teams, of which the candidate loses two of billing. */
const tickets = ['api-platform', 'auth', 'billing', 'dashboard'].flatMap((group) => {
  const kinds = group === 'billing' ? [wrong, lost, right, lost, right] : cases(5, right);
  return kinds.map((kind) => ({ ...kind, group }));
});
const byCount: Partial<GatePolicy> = {
  max_lost_cases: 1,
  margin: { critical: null, supporting: null, advisory: null },
};

describe('Two lost billing tickets of twenty', () => {
  test('fail a gate that counts', async () => {
    const report = await compare(tickets, byCount);
    expect(report.verdict).toBe('fail');
    expect(report.reasons.shown.map(({ text }) => text)).toEqual([
      'billing lost 2 of 5 cases (t-12, t-14); at most 1 may be lost',
    ]);
    expect(report.flips.shown.map(({ case_id, turned }) => [case_id, turned])).toEqual([
      ['t-12', 'lost'],
      ['t-14', 'lost'],
    ]);
    expect(report.worst_group).toEqual({ group: 'billing', damage: 0.4 });
  });

  test('are too few to tell for a gate that asks for an interval', async () => {
    const report = await compare(tickets);
    expect(report.verdict).toBe('inconclusive');
    expect(report.reasons.shown).toMatchObject([{ code: 'insufficient_data', scope: 'all_cases' }]);
    expect(report.warnings.total).toBe(4);
  });

  test('have their McNemar tests, and no sign flips beside them', async () => {
    const [, , , billing] = (await compare(tickets, byCount)).rows.shown;
    expect(billing?.tests.mcnemar).toMatchObject({ harmful: 2, beneficial: 0 });
    expect(billing?.tests.mcnemar?.exact_one_sided).toBeCloseTo(0.25, 12);
    expect(billing?.tests.sign_flip).toBeNull();
  });
});

describe.each(['constructor', 'toString', '__proto__'])('The name %s, which every object has,', (name) => {
  test('is a group like any other', async () => {
    const { rows } = await compare([{ ...lost, group: name }, right], byCount);
    const row = rows.shown.find(({ group }) => group === name);
    expect(row).toMatchObject({ tier: 'supporting', margin: null, lost: { total: 1 } });
  });

  test('is a metric that nothing has been scored by', async () => {
    const report = await compare([right, lost], { metrics: [name] });
    expect(report.verdict).toBe('error');
    expect(report.reasons.shown).toMatchObject([{ code: 'metric_missing', metric: name }]);
  });
});

describe('A report', () => {
  test('is plain JSON that explains itself', async () => {
    const report = await compare(tickets, byCount);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({
      schema: 1,
      eval: { id: 'eval_1', name: 'triage', revision: 1 },
      baseline: { agent_name: 'ticket-triage', agent_version: 1, served_by: ['offline/small-model'] },
      candidate: { agent_version: 2, dataset: { name: 'tickets' }, epochs: 1 },
      pairing: { common: 20 },
      seed: 1,
    });
  });

  test('stays small whatever the size of the runs', async () => {
    const many = cases(5_000, { ...lost, group: 'g' }).map((spec, i) => ({
      ...spec,
      group: `group ${i % 400}`,
    }));
    const report = await compare(many, { max_lost_cases: 0 });
    expect(JSON.stringify(report).length).toBeLessThan(1_000_000);
    expect(report.reasons.total).toBeGreaterThanOrEqual(400);
    expect(report.reasons.shown).toHaveLength(200);
  });

  test('is the same for the same seed', async () => {
    const graded = cases(60, right).map((spec, i) => ({ ...spec, candidate: [1 - (i % 7) / 10] }));
    expect(await compare(graded)).toEqual(await compare(graded));
  });

  test('is given for runs that never began', async () => {
    const runs = runsOf([right]);
    const unplanned = {
      ...runs.baseline,
      run: { ...runs.baseline.run, plan: null, status: 'failed' as const },
    };
    const report = await compareRuns({ ...runs, baseline: unplanned }, { policy: gateOf(), seed: 1 });
    expect(report).toMatchObject({
      verdict: 'error',
      baseline: { agent_name: '', model: '', dataset: { name: '', cases: 0 } },
      rows: { total: 0 },
      flips: { total: 0 },
      cases: { total: 1 },
    });
    expect(report.reasons.shown.map(({ code }) => code)).toEqual(['run_not_completed', 'metric_missing']);
  });

  test('is an error without any metric, and without any case in common', async () => {
    expect((await compare([right], { metrics: [] })).reasons.shown).toMatchObject([
      { code: 'gate_asks_nothing' },
    ]);
    const runs = runsOf([right]);
    const nothing = { ...runs, candidate: { ...runs.candidate, cases: [] } };
    const report = await compareRuns(nothing, { policy: gateOf(), seed: 1 });
    expect(report).toMatchObject({ verdict: 'error', reasons: { shown: [{ code: 'no_common_cases' }] } });
  });
});

describe('Figures of a row', () => {
  test('are corrected for the judge behind the metric', async () => {
    const judge = { tpr: 0.9, tnr: 0.7, n: 80, kappa: null };
    const runs = runsOf([...cases(57, right), ...cases(3, lost)]);
    const scorers = plan.scorers.map((one) => ({ ...one, agreement: judge }));
    const judged = { ...runs.candidate, run: { ...runs.candidate.run, plan: { ...plan, scorers } } };
    const [as] = (await compareRuns(runs, { policy: gateOf(), seed: 1 })).rows.shown;
    const report = await compareRuns({ ...runs, candidate: judged }, { policy: gateOf(), seed: 1 });
    const [corrected] = report.rows.shown;
    expect(report.judges).toEqual([{ metric, ...judge }]);
    expect(corrected?.damage).toMatchObject({ judge_factor: 0.9 + 0.7 - 1 });
    expect(corrected?.damage?.mean).toBeCloseTo(0.05 / 0.6, 12);
    expect(corrected?.damage?.interval?.high).toBeCloseTo((as?.damage?.interval?.high ?? NaN) / 0.6, 12);
    expect(corrected?.sees).toBeGreaterThan(as?.sees ?? NaN);
    // None is none, however it is scaled.
    expect(corrected?.tests.harm?.p).toBeCloseTo(as?.tests.harm?.p ?? NaN, 12);
  });

  test('have means with and without weights, and sign flips where counting will not do', async () => {
    const specs = [...cases(30, { ...right, weight: 2 }), ...cases(30, lost)];
    const [all] = (await compare(specs)).rows.shown;
    expect(all).toMatchObject({ damage: { unweighted_mean: 0.5 }, tests: { mcnemar: null } });
    expect(all?.damage?.mean).toBeCloseTo(1 / 3, 12);
    expect(all?.tests.sign_flip).toMatchObject({ exact: false, flips: 10_000 });
  });

  test('leave sign flips out when told to, and when there are too many units', async () => {
    const two: CaseSpec = { baseline: [1, 1], candidate: [1, 0] };
    const runs = runsOf(cases(30, two));
    const report = await compareRuns(runs, { policy: gateOf(), seed: 1, sign_flips: false });
    expect(report.rows.shown[0]?.tests.sign_flip).toBeNull();
    expect((await compare(cases(2_001, two))).rows.shown[0]?.tests.sign_flip).toBeNull();
  });

  test('say how repeatable answers are, and which cases are flaky', async () => {
    const flaky: CaseSpec = { baseline: [1, 0, 1], candidate: [1, 1, 0] };
    const report = await compare([flaky, { baseline: [1, 1, 1], candidate: [1, 1, 1] }]);
    expect(report.flaky).toEqual({ total: 1, shown: ['t-01'] });
    expect(report.rows.shown[0]?.baseline.reliability).toMatchObject({
      epochs: 3,
      cases: 2,
      pass_hat_k: 0.5,
    });
  });

  test('go by the tier that the policy gives', async () => {
    const tiers = (
      await compare(tickets, { groups: { billing: 'critical', auth: 'advisory' }, overall: 'supporting' })
    ).rows.shown;
    expect(tiers.map(({ group, tier, margin }) => [group, tier, margin])).toEqual([
      [null, 'supporting', 0.05],
      ['api-platform', 'supporting', 0.05],
      ['auth', 'advisory', null],
      ['billing', 'critical', 0.02],
      ['dashboard', 'supporting', 0.05],
    ]);
  });

  test('are there for each metric of the policy', async () => {
    const runs = runsOf([right, lost]);
    const scorers = [
      ...plan.scorers,
      { name: 'judge', type: 'judge', hash: 'a', binary: true, agreement: null },
    ];
    const both = [runs.baseline, runs.candidate].map(({ run, cases: entries }) => ({
      run: { ...run, plan: { ...plan, scorers } },
      cases: entries.map((entry) => ({
        ...entry,
        scores: { ...entry.scores, judge: [{ value: 1, reason: null }] },
      })),
    }));
    const [baseline, candidate] = both;
    if (baseline === undefined || candidate === undefined) throw new Error('There are two sides');
    const report = await compareRuns(
      { baseline, candidate },
      { policy: gateOf({ metrics: ['judge', metric] }), seed: 1 },
    );
    expect(report.rows.shown.map((row) => [row.metric, row.damage?.mean])).toEqual([
      ['judge', 0],
      [metric, 0.5],
    ]);
    // The first metric decides what turned.
    expect(report.flips.total).toBe(0);
    expect(report.reasons.shown[0]?.text).toMatch(/^The whole dataset \(judge\) has 2 scored cases/);
  });
});

test('Losing more cases never turns a failure into a pass', async () => {
  const kinds = fc.array(fc.constantFrom(right, lost, wrong, { baseline: [0], candidate: [1] }), {
    minLength: 20,
    maxLength: 120,
  });
  await fc.assert(
    fc.asyncProperty(kinds, fc.nat(), async (specs, at) => {
      const policy = { min_cases: { group: 5, overall: 20 }, max_lost_total: 6 };
      const grouped = specs.map((spec, i) => ({ ...spec, group: `g${i % 2}` }));
      const { verdict } = await compare(grouped, policy);
      const place = at % grouped.length;
      const worse = grouped.map((spec, i) => (i === place ? { ...lost, group: spec.group } : spec));
      const after = (await compare(worse, policy)).verdict;
      expect([verdict, after]).not.toEqual(['fail', 'pass']);
      expect([verdict, after]).not.toEqual(['inconclusive', 'pass']);
    }),
    { numRuns: 40 },
  );
});
