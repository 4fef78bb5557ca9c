import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../core/evaluation.ts';
import type { Subject } from '../eval/subject.ts';
import { checkJunit } from './junit.ts';
import { asText, checkMarkdown } from './markdown.ts';
import { type CheckResult, exitCodeOf, type PinOutcome, worstVerdict } from './outcome.ts';
import { checkTable } from './table.ts';

const pin = (version: number) => ({ agent: 'agent_1', version, eval: null, note: null });

function outcome(name: string, fields: Partial<PinOutcome> = {}): PinOutcome {
  const change = { kind: 'repinned', name, from: pin(1), to: pin(2) } as const;
  return { change, verdict: 'pass', reason: 'Fine.', remarks: [], evidence: null, ...fields };
}

function result(pins: readonly PinOutcome[]): CheckResult {
  const verdicts = pins.map(({ verdict }) => verdict);
  const base = 'ma`in at abc';
  return {
    file: 'p.yaml',
    base,
    verdict: worstVerdict(verdicts),
    exit_code: exitCodeOf(verdicts, undefined),
    pins,
  };
}

const evidence = (markdown: string) => ({
  subject: { type: 'comparison', id: 'cmp_1', report: null } as unknown as Subject,
  ...{ found: true, table: 'the table\n', markdown },
});

describe('The exit code', () => {
  test.each<[Verdict[], 'pass' | 'fail' | undefined, number]>([
    [[], undefined, 0],
    [['pass', 'pass'], undefined, 0],
    [['pass', 'inconclusive'], undefined, 2],
    [['inconclusive', 'fail', 'pass'], undefined, 1],
    [['fail', 'error', 'inconclusive'], undefined, 3],
    [['inconclusive', 'pass'], 'pass', 0],
    [['inconclusive', 'pass'], 'fail', 1],
    [['inconclusive', 'error'], 'pass', 3],
  ])('of %j with inconclusive as %s is %d', (verdicts, as, code) => {
    expect(exitCodeOf(verdicts, as)).toBe(code);
  });
});

describe('Markdown', () => {
  test('is found again by its first line, and says nothing but what it says', () => {
    const nasty = '</details> @everyone <img src=x> | `#12` https://x.test www.x.test\n<!-- pawl-check -->';
    const text = checkMarkdown(result([outcome('a', { verdict: 'fail', reason: nasty, remarks: [nasty] })]));
    const lines = text.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      ...['<!-- pawl-check -->', '> [!CAUTION]'],
      '> **fail**: a does not pass, compared with ma\\`in at abc',
    ]);
    expect(text).not.toMatch(/<\/details>|<img|@everyone|https:\/\/|#12|[^-]www\.x/);
    expect(text.match(/<!-- pawl/g)).toHaveLength(1);
    expect(lines[6]?.match(/(?<!\\)\|/g)).toHaveLength(5);
  });

  test('carries reports without the marks of comments of their own', () => {
    const markdown = '<!-- pawl gate eval_1 -->\n> [!TIP]\n> **pass**: x\n\n- a reason\n';
    const text = checkMarkdown(result([outcome('a', { evidence: evidence(markdown) })]));
    expect(text).toContain(
      '<details><summary>a: an earlier comparison, cmp_1</summary>\n\n- a reason\n\n</details>',
    );
    expect(text).not.toContain('pawl gate');
  });

  test('leaves reports out that a comment has no room for', () => {
    const long = evidence('x'.repeat(40_000));
    const text = checkMarkdown(result(['a', 'b', 'c'].map((name) => outcome(name, { evidence: long }))));
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain('\n\nb: cmp\\_1, which is too long for this comment.');
  });

  test('of nothing that changed is short', () => {
    const same = outcome('a', { change: { kind: 'unchanged', name: 'a', from: pin(1), to: pin(1) } });
    expect(checkMarkdown(result([same]))).toBe(
      '<!-- pawl-check -->\n> [!TIP]\n> **pass**: no pin differs from ma\\`in at abc\n\n<sub>Pins of p.yaml, compared with ma\\`in at abc; 1 unchanged.</sub>\n',
    );
  });

  test('says of several pins which do not pass', () => {
    const line = (...verdicts: Verdict[]): string | undefined =>
      checkMarkdown(result(verdicts.map((verdict, i) => outcome(`p${i}`, { verdict })))).split('\n')[2];
    expect(line('pass', 'pass')).toContain('all 2 pins that differ from ma\\`in at abc pass');
    expect(line('fail', 'pass', 'error')).toContain('**error**: p0, p2 do not pass, compared with ma');
  });

  test('takes every mark as text', () => {
    expect(asText('a_b*c & <d>')).toBe('a\\_b\\*c &amp; &lt;d&gt;');
  });
});

test('JUnit has a suite for each pin, and nothing that breaks out of it', () => {
  const xml = checkJunit(
    result([
      outcome('a'),
      outcome('b', { verdict: 'fail', reason: "\"]]><x/>\u0000& 'it'" }),
      outcome('c', { verdict: 'inconclusive' }),
      outcome('d', { verdict: 'error' }),
    ]),
  );
  expect(xml).toContain('<testsuites name="pawl check" tests="4" failures="1" errors="1" skipped="1">');
  expect(xml).toContain('<testcase classname="a" name="version 1 → 2"/>');
  expect(xml).toContain('<failure message="&#34;]]&#62;&#60;x/&#62; &#38; &#39;it&#39;"/>');
  expect(xml.match(/<testsuite /g)).toHaveLength(4);
});

test('A table has a line for each pin, and reports below', () => {
  const same = { red: (text: string) => text, green: (text: string) => text, yellow: (text: string) => text };
  const paint = { ...same, bold: (text: string) => text, dim: (text: string) => text };
  const text = checkTable(result([outcome('a', { evidence: evidence(''), remarks: ['Mind this.'] })]), paint);
  expect(text).toBe(
    'a  version 1 → 2  pass\n\na\n  Fine.\n  Mind this.\n\nthe table\n\npass: the one pin that differs from ma`in at abc passes\n',
  );
  expect(checkTable(result([]), paint)).toBe('Nothing is pinned, here or at ma`in at abc.\n');
});
