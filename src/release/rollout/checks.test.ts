import { describe, expect, test } from 'vitest';
import type { LiveMetric } from '../../core/rollout.ts';
import { advanceFailureProcess, startFailureProcess } from '../../stats/failure-process.ts';
import type { Cell } from './cells.ts';
import { type CheckResult, checkAll } from './checks.ts';
import { type LiveEvidence, noEvidenceYet } from './evidence.ts';
import { harmOf } from './harm.ts';
import { changeUnit, type LiveSums, noSums, nothing } from './live-sums.ts';
import { type CheckInput, readSettings } from './settings.ts';

function rate(ones: number, of: number): LiveSums {
  const values = Array.from({ length: of }, (_, i) => (i < ones ? 1 : 0));
  return values.reduce((sums, sum) => changeUnit(sums, nothing, { sum, count: 1 }), noSums);
}

const cell = (control: Cell['control'], canary: Cell['canary'], weight = 500): Cell => ({
  weight,
  control,
  canary,
});

function only(evidence: LiveEvidence, check: CheckInput): CheckResult {
  const settings = readSettings({ guardrails: [check], signals: [] });
  const [result, ...others] = checkAll(evidence, settings);
  if (result === undefined || others.length > 0) throw new Error('there is one check');
  return result;
}

describe('All checks', () => {
  test('stand in the order of the settings, guardrails first, each group with its own share of alpha', () => {
    const settings = readSettings({
      guardrails: [{ metric: 'failures' }, { metric: 'score:good', margin: 0.1 }],
      signals: [{ metric: 'cost' }, { metric: 'tokens' }, { metric: 'latency' }, { metric: 'refusals' }],
      alpha: 0.04,
    });
    const results = checkAll(noEvidenceYet, settings);
    expect(results.map(({ kind, metric, margin, alpha }) => [kind, metric, margin, alpha])).toEqual([
      ['guardrail', 'failures', 0.05, 0.02],
      ['guardrail', 'score:good', 0.1, 0.02],
      ['signal', 'cost', 0.25, 0.01],
      ['signal', 'tokens', 0.25, 0.01],
      ['signal', 'latency', 0.25, 0.01],
      ['signal', 'refusals', 0.05, 0.01],
    ]);
  });

  test('are open while nothing is known', () => {
    const unknown = { estimate: null, low: null, high: null };
    const none = { units: 0, mean: null };
    for (const result of checkAll(noEvidenceYet, readSettings({}))) {
      expect(result).toMatchObject({ status: 'open', harm: unknown, control: none, canary: none });
      // Nobody has failed, which is known; of means nothing is.
      expect(result.p).toBe(result.metric === 'failures' || result.metric === 'refusals' ? 1 : null);
    }
  });
});

describe('A check of failures', () => {
  const failed = (metric: 'failures' | 'refusals', canary_failures: number): LiveEvidence => ({
    ...noEvidenceYet,
    [metric]: advanceFailureProcess(startFailureProcess(), {
      ...{ canary_failures, control_failures: 30, weight: 0.1 },
    }),
  });

  test.each(['failures', 'refusals'] as const)(
    'breaks by who failed, whatever the means of %s say',
    (metric) => {
      const bad = {
        ...failed(metric, 12),
        cells: [cell({ [metric]: rate(300, 1000) }, { [metric]: rate(1, 1000) })],
      };
      const result = only(bad, { metric });
      expect(result.p).toBeCloseTo(0.011312, 6);
      expect(result.p).toBe(bad[metric].harm.p);
      expect(result.status).toBe('broken');
      expect(only(failed(metric === 'failures' ? 'refusals' : 'failures', 12), { metric }).status).toBe(
        'open',
      );
    },
  );

  test('does not break while p is above its share of alpha, and does when it comes to it', () => {
    const evidence = failed('failures', 12);
    const { p } = evidence.failures.harm;
    const withAlpha = (alpha: number) =>
      checkAll(evidence, readSettings({ guardrails: [{ metric: 'failures' }], signals: [], alpha }))[0]
        ?.status;
    expect(withAlpha(p)).toBe('broken');
    expect(withAlpha(p * (1 - 1e-9))).toBe('open');
    expect(only(failed('failures', 3), { metric: 'failures' }).status).toBe('open');
  });

  test('is safe once harm is less than the margin at most, which a margin of its own may ask for sooner', () => {
    const evidence = {
      ...noEvidenceYet,
      cells: [cell({ failures: rate(100, 1000) }, { failures: rate(100, 1000) }, 5000)],
      valued: { control: { failures: 1000 }, canary: { failures: 1000 } },
    };
    const { harm, status } = only(evidence, { metric: 'failures' });
    expect(harm.high).toBeLessThan(0.05);
    expect(status).toBe('safe');
    expect(only(evidence, { metric: 'failures', margin: harm.high ?? 0 }).status).toBe('open');
  });
});

describe('A check of values that are all alike', () => {
  const same = (value: number, units: number): LiveSums =>
    Array.from({ length: units }).reduce<LiveSums>(
      (sums) => changeUnit(sums, nothing, { sum: value, count: 1 }),
      noSums,
    );
  const between = (
    metric: LiveMetric,
    [control, were]: readonly [value: number, units: number],
    [canary, are]: readonly [value: number, units: number],
  ) =>
    only(
      {
        ...noEvidenceYet,
        valued: { control: { [metric]: were }, canary: { [metric]: are } },
        cells: [cell({ [metric]: same(control, were) }, { [metric]: same(canary, are) })],
      },
      { metric },
    );

  test.each([30, 50, 500])('breaks when a score falls from all to nothing, after %d units', (units) => {
    expect(between('score:good', [1, 570], [0, units]).status).toBe('broken');
  });

  test('does not break when a score falls by less than the margin, or when three units are all there is', () => {
    expect(between('score:good', [1, 570], [0.97, 500]).status).toBe('open');
    expect(between('score:good', [1, 570], [0, 3]).status).toBe('open');
  });

  test('breaks when the canary takes ten times the tokens, and not when it takes a tenth more', () => {
    expect(between('tokens', [200, 950], [2000, 50])).toMatchObject({
      status: 'broken',
      harm: { estimate: 9 },
    });
    expect(between('tokens', [200, 950], [220, 50]).status).toBe('safe');
    expect(between('tokens', [200, 950], [2000, 49]).status).toBe('open');
  });
});

describe('A check of means', () => {
  const evidence = {
    ...noEvidenceYet,
    // Of the canary, all of the first step come in the second one again.
    valued: { control: { 'score:good': 1500 }, canary: { 'score:good': 500 } },
    cells: [
      cell({ 'score:good': rate(900, 1000) }, { 'score:good': rate(40, 50) }),
      cell({ 'score:good': rate(400, 500) }, { 'score:good': rate(300, 500) }, 5000),
    ],
  };

  test('breaks when the canary is worse by more than the margin, and not when by less', () => {
    const broken = only(evidence, { metric: 'score:good', margin: 0.02 });
    expect(broken).toMatchObject({ status: 'broken', kind: 'guardrail' });
    expect(broken.p).toBeLessThan(0.05);
    expect(only(evidence, { metric: 'score:good', margin: 0.13 }).status).toBe('open');
    expect(only(evidence, { metric: 'score:good', margin: 0.4 }).status).toBe('safe');
  });

  test('tells the harm that is known, and what each arm has in all steps together', () => {
    const check = { metric: 'score:good', margin: 0.02 } as const;
    const { p, ...harm } = harmOf(evidence, check, 0.05);
    expect(only(evidence, check)).toEqual({
      ...{ ...check, kind: 'guardrail', status: 'broken', alpha: 0.05, p, harm },
      control: { units: 1500, mean: 1300 / 1500 },
      canary: { units: 500, mean: 340 / 550 },
    });
  });

  test('shares alpha, so that the same evidence may break one guardrail alone but not as one of twenty', () => {
    const metrics = Array.from({ length: 19 }, (_, i) => ({ metric: `score:s${i}` as const, margin: 0.02 }));
    const slight = {
      ...noEvidenceYet,
      cells: [cell({ 'score:good': rate(450, 500) }, { 'score:good': rate(400, 500) }, 5000)],
    };
    const check = { metric: 'score:good', margin: 0.02 } as const;
    expect(only(slight, check).status).toBe('broken');
    const many = checkAll(slight, readSettings({ guardrails: [check, ...metrics], signals: [] }));
    expect(many[0]?.status).toBe('open');
  });
});
