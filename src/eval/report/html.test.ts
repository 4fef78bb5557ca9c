import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { cases, metric } from '../comparison/runs.testsuite.ts';
import { forestPlot, scoreBars } from './charts.ts';
import { htmlReport } from './html.ts';
import { byCount, hostileReport, reportOf, tickets, unprintable } from './reports.testsuite.ts';

describe('The page', () => {
  test('has the verdict, the drawings, every row, what turned and what the runs were', async () => {
    const page = htmlReport(await reportOf(tickets, { policy: byCount }));
    expect(page).toContain(
      '<h1><span class="verdict fail">fail</span>ticket-triage: v2 must not take the place of v1</h1>',
    );
    expect(page).toContain('<li>billing lost 2 of 5 cases (t-12, t-14); at most 1 may be lost</li>');
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toContain('<td>billing</td><td>supporting</td><td class="n">4/5</td><td class="n">2/5</td>');
    expect(page).toContain(
      '<details><summary>t-12 <span class="lost">turned wrong</span> <span class="dim">billing</span></summary>',
    );
    expect(page).toContain('<pre>Bill tripled\nAs far as we can tell our API usage was flat.</pre>');
    expect(page).toContain(
      '<p class="dim">v2: right in 0 of 1 epoch</p><pre>{&quot;team&quot;: &quot;api-platform&quot;}</pre>',
    );
    expect(page).toContain('<td>model</td><td>small-model, served by offline/small-model</td>');
    expect(page).toContain('Eval triage, revision 1; 20 common cases; seed 1; Pawl 0.2.0.');
  });

  test('allows its own style and nothing else', async () => {
    const page = htmlReport(await reportOf(tickets));
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page).toContain(
      `content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page).not.toMatch(/<script|<link|<img|<iframe|style="|\son\w+=|https?:|@import|url\(/);
  });

  test('takes nothing from outside for markup', async () => {
    const page = htmlReport(await hostileReport());
    expect(unprintable(page)).toEqual([]);
    const tags = new Set([...page.matchAll(/<([a-z0-9]+)/g)].map(([, name]) => name));
    expect(tags.has('b')).toBe(false);
    expect(page).toContain('&lt;b&gt;|`x`');
  });

  test('says what would settle it, and what to note', async () => {
    const page = htmlReport(await reportOf(tickets));
    expect(page).toContain('<h2>Notes</h2>');
    expect(page).toMatch(
      /<h2>What would settle it<\/h2>\n<ul><li>all cases \(exact\): What was seen, 10 points/,
    );
  });

  test('is whole without cases, rows or replies', async () => {
    const empty = htmlReport(await reportOf([]));
    expect(empty).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(empty).not.toContain('<svg');
    const silent = htmlReport(
      await reportOf([{ baseline: [1], candidate: [0], must_pass: true }], { found: null }),
    );
    expect(silent).toContain('<pre>(the reply was not kept)</pre>');
    expect(silent).toContain('<span class="dim">must pass</span>');
  });

  test('counts what it leaves out', async () => {
    const many = cases(260, { baseline: [1], candidate: [0] }).map((spec, i) => ({
      ...spec,
      group: `g${i}`,
    }));
    const page = htmlReport(await reportOf(many, { policy: { max_lost_cases: 0 } }));
    expect(page).toContain('<li class="dim">and 61 more</li>');
    expect(page).toContain('<p class="dim">and 61 more rows</p>');
    expect(page).toContain('<p class="dim">and 60 more cases</p>');
  });

  test('has drawings for each metric, and says how a judge was corrected for', async () => {
    const report = await reportOf(tickets, { policy: byCount });
    const both = {
      ...report,
      policy: { ...report.policy, metrics: [metric, 'judge'] },
      judges: [{ metric, tpr: 0.9, tnr: 0.8, n: 40, kappa: null }],
    };
    const page = htmlReport(both);
    expect(page).toContain('<h2>Loss by exact, in points</h2>');
    expect(page).toContain('exact is corrected for its judge (TPR 0.90, TNR 0.80, n 40).');
  });
});

describe('The drawings', () => {
  test('have a row for each interval, a mark at the margin, and a scale around none', async () => {
    const { rows } = await reportOf(cases(100, { baseline: [1], candidate: [1] }));
    const plot = forestPlot(rows.shown);
    expect(plot).toContain('<g class="inconclusive">');
    // 2.7 points to either side fit on a scale of 5; two points are two fifths of the way from the middle, 405.
    expect(plot).toContain('<line class="zero" x1="405.0"');
    expect(plot).toContain('<line class="margin" x1="487.0" x2="487.0"');
    expect(plot).toContain('<text class="tick" x="610.0" y="58">5</text>');
  });

  test('never go beyond a full score', async () => {
    const { rows } = await reportOf(cases(2, { baseline: [1], candidate: [0] }));
    expect(forestPlot(rows.shown)).toMatch(/<text class="tick" x="610\.0" y="58">100<\/text>/);
  });

  test('leave out rows without figures', async () => {
    const report = await reportOf([{ baseline: [null], candidate: [1] }]);
    expect([forestPlot(report.rows.shown), scoreBars(report, report.rows.shown)]).toEqual(['', '']);
  });

  test('are as long as the means', async () => {
    const report = await reportOf(cases(4, { baseline: [1], candidate: [0.5] }));
    const bars = scoreBars(report, report.rows.shown);
    expect(bars).toContain('<rect class="baseline" x="200" y="8" width="410.0"');
    expect(bars).toContain('<rect class="candidate" x="200" y="25" width="205.0"');
  });
});
