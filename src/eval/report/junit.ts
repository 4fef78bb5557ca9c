import type { CaseLine, GateReport, GateRow } from '../gate-report.ts';
import { junitXml, type Suite, type TestCase } from './junit-xml.ts';
import { groupName, headline, sideNames } from './wording.ts';

/**
 * The report as JUnit XML. The suite `gate` has the verdict and one test for each row; each group is a suite whose
 * tests are its cases. A case that was lost fails and an unscored one is skipped; a case that is wrong on both sides is
 * none of the candidate's doing and passes. An inconclusive verdict or row is skipped, for it says neither.
 */
export function junitReport(report: GateReport): string {
  const suites = [gateSuite(report), ...groupSuites(report)];
  return junitXml(report.eval.name, suites);
}

function gateSuite(report: GateReport): Suite {
  const why = report.reasons.shown.map(({ text }) => text).join('\n');
  const verdict = { name: headline(report), outcome: outcomeOf(report.verdict), message: why };
  return { name: 'gate', cases: [verdict, ...report.rows.shown.map(rowTest)] };
}

function rowTest({ metric, scope, group, tier, verdict, reason }: GateRow): TestCase {
  const subject = scope === 'all_cases' ? 'all cases' : groupName(group);
  // An advisory row never fails the gate, and so no build.
  const outcome = tier === 'advisory' && verdict !== 'pass' ? 'skipped' : outcomeOf(verdict);
  return { name: `${metric}: ${subject} (${tier})`, outcome, message: reason.text };
}

function outcomeOf(verdict: GateRow['verdict']): TestCase['outcome'] {
  switch (verdict) {
    case 'pass':
      return 'passed';
    case 'fail':
      return 'failure';
    case 'error':
      return 'error';
    case 'inconclusive':
    case 'not_asked':
      return 'skipped';
    default:
      return verdict satisfies never;
  }
}

function groupSuites(report: GateReport): Suite[] {
  const byGroup = Map.groupBy(report.cases.shown, ({ group }) => group);
  return [...byGroup].map(([group, lines]) => ({
    name: group === null ? 'cases without a group' : group,
    cases: lines.map((line) => caseTest(line, report)),
  }));
}

function caseTest({ case_id, outcome, must_pass }: CaseLine, report: GateReport): TestCase {
  const { baseline, candidate } = sideNames(report);
  const name = must_pass ? `${case_id} (must pass)` : case_id;
  switch (outcome) {
    case 'lost':
      return { name, outcome: 'failure', message: lostMessage(case_id, report) };
    case 'unscored':
      return { name, outcome: 'skipped', message: `no score under ${baseline} or ${candidate}` };
    case 'gained':
    case 'wrong':
    case 'mixed':
    case 'right':
      return { name, outcome: 'passed', message: '' };
    default:
      return outcome satisfies never;
  }
}

function lostMessage(caseId: string, report: GateReport): string {
  const { baseline, candidate } = sideNames(report);
  const flip = report.flips.shown.find(({ case_id }) => case_id === caseId);
  const turned = `right under ${baseline}, wrong under ${candidate}`;
  const { reason, reply } = flip?.candidate ?? { reason: null, reply: null };
  return [turned, reason, reply].filter((part) => part !== null).join('\n');
}
