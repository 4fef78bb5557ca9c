import { describe, expect, test } from 'vitest';
import { cases } from '../comparison/runs.testsuite.ts';
import type { GatePolicy } from '../gate-policy.ts';
import { junitReport } from './junit.ts';
import { byCount, hostileReport, reportOf, tickets, unprintable } from './reports.testsuite.ts';

describe('The JUnit XML', () => {
  test('has a suite for the gate and one for each group', async () => {
    const xml = junitReport(await reportOf(tickets, { policy: byCount }));
    expect(xml).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="triage" tests="26" failures="4" errors="0" skipped="1">/,
    );
    expect(xml).toContain('<testsuite name="gate" tests="6" failures="2" errors="0" skipped="1">');
    expect(xml).toContain('<testsuite name="billing" tests="5" failures="2" errors="0" skipped="0">');
    expect(xml).toContain('<testcase name="t-13" classname="billing"/>');
    expect(xml).toContain(
      '<failure message="right under v1, wrong under v2">right under v1, wrong under v2\ngot 0\n{&quot;team&quot;: &quot;api-platform&quot;}</failure>',
    );
  });

  test('skips what cannot tell, and what has no score', async () => {
    const xml = junitReport(await reportOf([{ baseline: [null], candidate: [1] }, ...tickets]));
    expect(xml).toContain(
      '<testsuite name="cases without a group" tests="1" failures="0" errors="0" skipped="1">',
    );
    expect(xml).toContain('<skipped message="no score under v1 or v2">');
    expect(xml).toMatch(/name="exact: all cases \(critical\)" classname="gate">\n {6}<skipped/);
  });

  test('fails no build for an advisory row', async () => {
    const lossy = cases(100, { baseline: [1], candidate: [0], group: 'g' });
    const policy: Partial<GatePolicy> = {
      groups: { g: 'advisory' },
      margin: { critical: 0.02, supporting: 0.05, advisory: 0.1 },
    };
    const xml = junitReport(await reportOf(lossy, { policy }));
    expect(xml).toMatch(
      /name="exact: g \(advisory\)" classname="gate">\n {6}<skipped message="g fell by 100 points/,
    );
  });

  test('has an error for a comparison that could not be made, and passes what is wrong on both sides', async () => {
    const xml = junitReport(await reportOf([]));
    expect(xml).toMatch(/<error message="The two runs have no case in common">/);
    const both = junitReport(await reportOf([{ baseline: [0], candidate: [0], must_pass: true }]));
    expect(both).toContain('<testcase name="t-01 (must pass)" classname="cases without a group"/>');
  });

  test('passes what was won, and says what is lost without its reply', async () => {
    const won = cases(2_000, { baseline: [1], candidate: [1] });
    expect(junitReport(await reportOf([{ baseline: [0], candidate: [1] }, ...won]))).toMatch(
      /<testsuites [^>]*failures="0" errors="0" skipped="0">/,
    );
    const lost = junitReport(await reportOf(cases(300, { baseline: [1], candidate: [0] }), { found: null }));
    expect(
      lost.match(
        /<failure message="right under v1, wrong under v2">right under v1, wrong under v2<\/failure>/g,
      ),
    ).toHaveLength(100);
  });

  test('is well formed whatever it is about', async () => {
    const xml = junitReport(await hostileReport());
    expect(unprintable(xml)).toEqual([]);
    // Nothing but the elements of the format is left between brackets.
    const tags = [...xml.matchAll(/<[/?]?([a-z]+)/g)].map(([, name]) => name);
    expect(new Set(tags)).toEqual(
      new Set(['xml', 'testsuites', 'testsuite', 'testcase', 'failure', 'skipped']),
    );
    expect(xml.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
  });
});
