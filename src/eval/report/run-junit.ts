import type { CaseLine, RunReport } from '../run-report.ts';
import { junitXml, type TestCase } from './junit-xml.ts';
import { becauseOf } from './run-table.ts';

/** One run as JUnit XML: each group is a suite, a wrong case fails, and one that is neither right nor wrong is skipped. */
export function runJunit(report: RunReport): string {
  const byGroup = Map.groupBy(report.cases.shown, ({ group }) => group);
  const suites = [...byGroup].map(([group, lines]) => ({
    name: group ?? 'cases without a group',
    cases: lines.map((line) => testOf(line, report)),
  }));
  return junitXml(report.run.eval_name, suites);
}

function testOf({ case_id, outcome }: CaseLine, { wrong, unscored }: RunReport): TestCase {
  switch (outcome) {
    case 'right':
      return { name: case_id, outcome: 'passed', message: '' };
    case 'wrong': {
      const one = wrong.shown.find((entry) => entry.case_id === case_id);
      return { name: case_id, outcome: 'failure', message: one === undefined ? 'wrong' : becauseOf(one) };
    }
    case 'mixed':
      return { name: case_id, outcome: 'skipped', message: 'right in half of its epochs' };
    case 'unscored': {
      const why = unscored.shown.find((entry) => entry.case_id === case_id)?.reason;
      return { name: case_id, outcome: 'skipped', message: why ?? 'no score' };
    }
    default:
      return outcome satisfies never;
  }
}
