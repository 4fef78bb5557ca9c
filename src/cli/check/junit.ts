import { plain } from '../../core/plain-text.ts';
import type { GateRow } from '../../eval/gate-report.ts';
import { changeInWords } from '../pin/diff.ts';
import type { CheckResult, PinOutcome } from './outcome.ts';

type Test = { readonly name: string; readonly verdict: GateRow['verdict']; readonly message: string };

/**
 * The result as JUnit XML: each pin is a suite, its first test is the verdict, and each row of its comparison is
 * another. What is inconclusive is skipped, for it says neither yes nor no.
 */
export function checkJunit({ pins }: CheckResult): string {
  const suites = pins.map((pin) => ({ name: pin.change.name, tests: testsOf(pin) }));
  const all = suites.flatMap(({ tests }) => tests);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="pawl check" ${counts(all)}>`,
    ...suites.map(({ name, tests }) => {
      const body = tests.map((test) => element(test, name)).join('\n');
      return `  <testsuite name="${xml(name)}" ${counts(tests)}>\n${body}\n  </testsuite>`;
    }),
    '</testsuites>\n',
  ].join('\n');
}

function testsOf({ change, verdict, reason, remarks, evidence }: PinOutcome): readonly Test[] {
  const whole = { name: changeInWords(change), verdict, message: [reason, ...remarks].join(' ') };
  if (evidence?.subject.type !== 'comparison') return [whole];
  const rows = evidence.subject.report?.rows.shown ?? [];
  return [
    whole,
    ...rows.map(({ metric, scope, group, tier, verdict: found, reason: { text } }) => ({
      name: `${metric}: ${scope === 'all_cases' ? 'all cases' : (group ?? 'no group')} (${tier})`,
      // An advisory row never fails the gate, and so no build.
      verdict: tier === 'advisory' && found !== 'pass' ? ('not_asked' as const) : found,
      message: text,
    })),
  ];
}

const elements = { fail: 'failure', error: 'error', inconclusive: 'skipped', not_asked: 'skipped' } as const;

function element({ name, verdict, message }: Test, suite: string): string {
  const head = `    <testcase classname="${xml(suite)}" name="${xml(name)}"`;
  if (verdict === 'pass') return `${head}/>`;
  return `${head}><${elements[verdict]} message="${xml(message)}"/></testcase>`;
}

function counts(tests: readonly Test[]): string {
  const count = (word: 'failure' | 'error' | 'skipped'): number =>
    tests.filter(({ verdict }) => verdict !== 'pass' && elements[verdict] === word).length;
  return `tests="${tests.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
}

function xml(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
