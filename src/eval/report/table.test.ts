import { describe, expect, test } from 'vitest';
import type { Paint } from '../../core/plain-text.ts';
import { cases, metric, plan } from '../comparison/runs.testsuite.ts';
import type { GateReport } from '../gate-report.ts';
import { plainPaint } from './plain-text.ts';
import { byCount, hostileReport, reportOf, tickets, unprintable } from './reports.testsuite.ts';
import { tableReport } from './table.ts';

const table = (report: GateReport) => tableReport(report, plainPaint);

describe('The table', () => {
  test('reads as the tutorial does: groups, verdict, turned cases, rows', async () => {
    expect(table(await reportOf(tickets, { policy: byCount }))).toBe(
      [
        'api-platform',
        '  v1: 5/5',
        '  v2: 5/5',
        'auth',
        '  v1: 5/5',
        '  v2: 5/5',
        'billing',
        '  v1: 4/5',
        '  v2: 2/5  <-- regressed',
        'dashboard',
        '  v1: 5/5',
        '  v2: 5/5',
        '',
        'FAIL  ticket-triage: v2 must not take the place of v1',
        '  billing lost 2 of 5 cases (t-12, t-14); at most 1 may be lost',
        '',
        'CASE  GROUP    TURNED  EXPECTED  V1 SAID  V2 SAID',
        't-12  billing  wrong   billing   billing  api-platform',
        't-14  billing  wrong   billing   billing  api-platform',
        '',
        'SCOPE         TIER        CASES  LOSS  90 % INTERVAL  TOLERATED  CAN SEE  VERDICT',
        'all cases     critical       20  10.0  -3.1 to 26.2                 35.3  not asked',
        'api-platform  supporting      5   0.0  -35.1 to 35.1                81.0  pass',
        'auth          supporting      5   0.0  -35.1 to 35.1                81.0  pass',
        'billing       supporting      5  40.0  -9.2 to 72.8                       fail',
        'dashboard     supporting      5   0.0  -35.1 to 35.1                81.0  pass',
        'Loss is baseline less candidate, in points of 100; intervals are not adjusted for the number of rows.',
      ].join('\n'),
    );
  });

  test('says what would settle an inconclusive verdict, and what to note', async () => {
    const text = table(await reportOf(cases(60, { baseline: [1, 1], candidate: [1, 0] }).slice(0, 60)));
    expect(text).toMatch(/^all cases\n {2}v1: 60\/60\n {2}v2: 0\/60, mean 50 {2}<-- regressed/);
    const settled = table(
      await reportOf([...cases(59, { baseline: [1], candidate: [1] }), { baseline: [1], candidate: [0] }]),
    );
    expect(settled).toMatch(
      /INCONCLUSIVE {2}ticket-triage: it is not settled whether v2 is worse than v1; that is no pass/,
    );
    expect(settled).toMatch(
      /\nall cases: About \d+ cases would settle it, if things go on like this; there are 60\.$/,
    );
    const noted = table(
      await reportOf([{ baseline: [null], candidate: [1], group: null }, ...tickets], { policy: byCount }),
    );
    expect(noted).toContain('\n  note 1 case of 21 has no score by exact on one side or both');
    expect(noted).toContain('\n(no group)\n  v1: 0/0 (1 not scored)\n  v2: 0/0\n');
  });

  test('lets nothing pass that broke where it was right before and none may be lost', async () => {
    const right = cases(95, { baseline: [1], candidate: [1] });
    const broke = cases(5, { baseline: [1], candidate: [null] });
    const none = { ...byCount, max_lost_cases: 0, max_lost_total: 0 };
    const text = table(await reportOf([...right, ...broke], { policy: none }));
    expect(text).toContain('all cases\n  v1: 95/95\n  v2: 95/95 (5 not scored)\n');
    expect(text).toMatch(
      /ERROR .*\n {2}The whole dataset lost none of 95 cases; none may be lost; 5 others were right and may be lost, with no score under the candidate \(t-96, t-97, t-98, t-99, t-100\)\n {2}note 5 cases of 100 have/,
    );
  });

  test('asks for no more than the least number of cases after a clear gain', async () => {
    const specs = [
      ...cases(15, { baseline: [1], candidate: [1] }),
      ...cases(5, { baseline: [0], candidate: [1] }),
    ];
    expect(table(await reportOf(specs))).toContain('\nall cases: About 50 cases would settle it');
  });

  test('says that nothing turned, that cases are flaky, and that there is nothing to show', async () => {
    const flaky = table(await reportOf(cases(60, { baseline: [1, 1, 0], candidate: [0, 1, 1] })));
    expect(flaky).toContain('No case changed between right and wrong.');
    expect(flaky).toMatch(/60 cases flaky on both sides: t-01, t-02/);
    const empty = table(await reportOf([]));
    expect(empty).toMatch(
      /^all cases\n.*\n.*\n\nERROR {2}ticket-triage: v2 could not be compared with v1 as the gate asks\n/,
    );
    expect(empty).not.toContain('No case changed');
  });

  test('names both sides so that they can be told apart', async () => {
    const report = await reportOf(tickets, { policy: byCount });
    const same = { ...report, candidate: { ...report.candidate, agent_version: 1 } };
    expect(table(same)).toContain('  v1 (candidate): 2/5');
    const other = { ...report, candidate: { ...report.candidate, agent_id: 'agent_2', agent_name: 'other' } };
    expect(table(other)).toContain('  ticket-triage v1: 4/5\n  other v2: 2/5');
  });

  test('falls back on what is known of an answer', async () => {
    const gone = table(await reportOf(tickets, { policy: byCount, found: null }));
    expect(gone).toMatch(/t-12 {2}billing {2}wrong {13}scored 1 {2}got 0/);
    const unreadable = {
      input: null,
      target: { team: 'billing' },
      baseline: null,
      candidate: { reply: 'No\nJSON', reading: undefined },
    };
    expect(table(await reportOf(tickets, { policy: byCount, found: unreadable }))).toMatch(
      /t-12 {2}billing {2}wrong {3}\{"team":"billing"\} {2}scored 1 {2}No JSON/,
    );
    const alike = { reply: 'Yes.', reading: 'yes' };
    const same = { input: null, target: 'yes', baseline: alike, candidate: alike };
    expect(table(await reportOf(tickets, { policy: byCount, found: same }))).toMatch(
      /t-12 {2}billing {2}wrong {3}yes {7}yes {6}got 0/,
    );
  });

  test('marks cases that must pass, and those that were won', async () => {
    const text = table(
      await reportOf([
        { baseline: [1], candidate: [0], must_pass: true },
        { baseline: [0], candidate: [1] },
      ]),
    );
    expect(text).toMatch(/t-01 \(must pass\) {9}wrong/);
    expect(text).toMatch(/t-02 {21}right/);
    expect(text).toContain('  The candidate fails 1 must_pass case (t-01)');
  });

  test('counts what does not fit on a screen', async () => {
    const many = cases(60, { baseline: [1], candidate: [0] }).map((spec, i) => ({
      ...spec,
      group: `g${i % 30}`,
    }));
    const text = table(await reportOf(many, { policy: byCount }));
    expect(text).toContain('\nand 10 more groups\n');
    expect(text).toContain('\nand 40 more cases\n');
    expect(text).toContain('\nand 11 more rows\n');
    expect(text).toContain('\nand 10 more remarks\n');
  });

  test('has a column for the metric where there are several, and says how a judge was corrected for', async () => {
    const report = await reportOf(tickets, { policy: byCount });
    const several = { ...report, policy: { ...report.policy, metrics: [metric, 'judge'] } };
    expect(table(several)).toMatch(/METRIC {2}SCOPE .*\nexact {3}all cases/);
    const judged = { ...report, judges: [{ metric, tpr: 0.9, tnr: 0.75, n: 40, kappa: 0.6 }] };
    expect(table(judged)).toMatch(
      /exact: corrected for its judge, who agrees with people on 90 % of right and 75 % of wrong replies \(40 labelled\)$/,
    );
  });

  test('colours verdicts, and only with the paint it is given', async () => {
    const tag = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
    const paint: Paint = { bold: tag('b'), dim: tag('d'), green: tag('g'), red: tag('r'), yellow: tag('y') };
    const text = tableReport(await reportOf(tickets, { policy: byCount }), paint);
    expect(text).toContain('<r><b>FAIL</b></r>  ticket-triage');
    expect(text).toContain('2/5<r>  <-- regressed</r>');
    expect(text).toMatch(/<g>pass<\/g>/);
    expect(text).toMatch(/<d>not asked<\/d>/);
    const open = tableReport(await reportOf(tickets), paint);
    expect(open).toContain('<y>inconclusive</y>');
  });

  test('shows hostile text as text', async () => {
    const text = table(await hostileReport());
    expect(unprintable(text)).toEqual([]);
    expect(text).toContain('<b>|`x` [31m');
  });

  test('is readable when a run never began', async () => {
    const report = await reportOf(tickets, { policy: { metrics: [metric, 'gone'] } });
    expect(report.verdict).toBe('error');
    expect(table(report)).toContain(`  The baseline's run has no scorer gone`);
    expect(plan.scorers).toHaveLength(1);
  });
});
