import { describe, expect, test } from 'vitest';
import { cases, metric } from '../comparison/runs.testsuite.ts';
import { commentMarker, markdownReport } from './markdown.ts';
import { byCount, hostileReport, reportOf, tickets, unprintable } from './reports.testsuite.ts';

describe('The Markdown', () => {
  test('begins with a marker, an alert and the reasons, and has a table for each tier', async () => {
    const text = markdownReport(await reportOf(tickets, { policy: byCount }));
    expect(text).toMatch(
      /^<!-- pawl gate eval_1 -->\n> \[!CAUTION\]\n> \*\*fail\*\*: ticket-triage: v2 must not take the place of v1\n\n- billing lost 2 of 5 cases/,
    );
    expect(text).toContain(
      '\n| supporting | v1 | v2 | loss | 90 % interval | tolerated | can see | verdict |\n|---|--:|',
    );
    expect(text).toContain('\n| billing | 4/5 | 2/5 | 40.0 | -9.2 to 72.8 |  |  | fail |\n');
    expect(text).toContain('<details open><summary>2 cases changed between right and wrong</summary>');
    expect(text).toContain('\n| t-12 | billing | wrong | billing | billing | api-platform |\n');
    expect(text).toMatch(/<sub>Eval triage, 20 common cases, runs erun\\_1 and erun\\_1\. .*<\/sub>\n$/);
  });

  test.each([
    ['TIP', cases(2_000, { baseline: [1], candidate: [1] })],
    ['WARNING', tickets],
    ['CAUTION', []],
  ])('has the alert %s for its verdict', async (alert, specs) => {
    expect(markdownReport(await reportOf(specs))).toContain(`> [!${alert}]`);
  });

  test('leaves cases that were only won folded, and notes at the end', async () => {
    const won = [...tickets.slice(0, 5), { baseline: [0], candidate: [1], must_pass: true }];
    const text = markdownReport(await reportOf(won));
    expect(text).toContain('<details><summary>1 case changed');
    expect(text).toContain('| t-06 (must pass) |  | right |'.replace('(', '\\(').replace(')', '\\)'));
    expect(text).toMatch(/\n\*\*Notes\*\*\n\n- api-platform has 5 scored cases/);
  });

  test('has a column for the metric where there are several', async () => {
    const report = await reportOf(tickets, { policy: byCount });
    const text = markdownReport({ ...report, policy: { ...report.policy, metrics: [metric, 'judge'] } });
    expect(text).toContain('| metric | critical | v1 |');
    expect(text).toContain('| exact | all cases | 19/20 |');
  });

  test('counts what does not fit into a comment', async () => {
    const many = cases(120, { baseline: [1], candidate: [0] }).map((spec, i) => ({
      ...spec,
      group: `g${i % 60}`,
    }));
    const text = markdownReport(await reportOf(many, { policy: byCount }));
    expect(text).toContain('\n- and 10 more\n');
    expect(text).toContain('\nand 10 more rows\n');
    expect(text).toContain('\nand 70 more cases\n');
    expect(text.length).toBeLessThan(65_536);
  });

  test('takes nothing from outside for markup', async () => {
    const text = markdownReport(await hostileReport());
    expect(text).not.toMatch(/<b>|\[a\]\(|@team|#1|http:\/\/|[^\\]`/);
    expect(unprintable(text)).toEqual([]);
    expect(text).toContain('&lt;b&gt;\\|\\`x\\`');
    // Each row of a table stays one row of as many cells.
    const rows = text.split('\n').filter((line) => line.startsWith('| &lt;b&gt;'));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((line) => [6, 8].includes((line.match(/(?<!\\)\|/g) ?? []).length - 1))).toBe(true);
  });

  test('has a marker that no id can break out of', async () => {
    const report = await reportOf([]);
    expect(commentMarker({ ...report, eval: { ...report.eval, id: 'a--> b' } })).toBe(
      '<!-- pawl gate a--b -->',
    );
  });
});
