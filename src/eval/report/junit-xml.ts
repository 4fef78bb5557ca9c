import { markup, markupLines } from './markup.ts';

/** A test as CI systems know it; a message of several lines is kept whole. */
export type TestCase = {
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message: string;
};

export type Suite = { readonly name: string; readonly cases: readonly TestCase[] };

/** Suites as JUnit XML. */
export function junitXml(name: string, suites: readonly Suite[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${markup(name)}"${tally(suites.flatMap(({ cases }) => cases))}>`,
    ...suites.flatMap((suite) => suiteLines(suite)),
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteLines({ name, cases }: Suite): string[] {
  return [
    `  <testsuite name="${markup(name)}"${tally(cases)}>`,
    ...cases.flatMap((test) => testLines(test, name)),
    '  </testsuite>',
  ];
}

function testLines({ name, outcome, message }: TestCase, suite: string): string[] {
  const opening = `    <testcase name="${markup(name)}" classname="${markup(suite)}"`;
  if (outcome === 'passed') return [`${opening}/>`];
  const [first = ''] = message.split('\n');
  return [
    `${opening}>`,
    `      <${outcome} message="${markup(first)}">${markupLines(message)}</${outcome}>`,
    '    </testcase>',
  ];
}

function tally(cases: readonly TestCase[]): string {
  const count = (wanted: TestCase['outcome']) => cases.filter(({ outcome }) => outcome === wanted).length;
  return ` tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
}
