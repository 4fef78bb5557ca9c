import { compareRuns } from '../compare.ts';
import { type CaseSpec, cases, gateOf, runsOf } from '../comparison/runs.testsuite.ts';
import type { GatePolicy } from '../gate-policy.ts';
import type { FindFlips, FoundFlip, GateReport } from '../gate-report.ts';

const right: CaseSpec = { baseline: [1], candidate: [1] };

/** Text that would do harm wherever it is taken for more than text. */
const hostile = '<b>|`x`\u001b[31m\u202e & "q" ]]> @team #1 [a](http://evil.test)';

/** What must be in no report: control characters but for line ends, and marks that turn writing round. */
export function unprintable(text: string): string[] {
  return text.replaceAll('\n', '').match(/[\p{Cc}\u202e\ufffe\uffff]/gu) ?? [];
}

/** Twenty tickets of four teams, of which the candidate loses two of billing. */
export const tickets: readonly CaseSpec[] = ['api-platform', 'auth', 'billing', 'dashboard'].flatMap(
  (group) => {
    const lost: CaseSpec = { baseline: [1], candidate: [0] };
    const kinds =
      group === 'billing' ? [{ baseline: [0], candidate: [0] }, lost, right, lost, right] : cases(5, right);
    return kinds.map((kind) => ({ ...kind, group }));
  },
);

/** No group may lose more than one case; intervals are not asked. */
export const byCount: Partial<GatePolicy> = {
  max_lost_cases: 1,
  margin: { critical: null, supporting: null, advisory: null },
};

/** What both sides said to every ticket. */
const said: FoundFlip = {
  input: 'Bill tripled\nAs far as we can tell our API usage was flat.',
  target: 'billing',
  baseline: { reply: '{"team": "billing"}', reading: 'billing' },
  candidate: { reply: '{"team": "api-platform"}', reading: 'api-platform' },
};

/** A report over such cases. */
export function reportOf(
  specs: readonly CaseSpec[],
  {
    policy = {},
    found = said,
  }: { readonly policy?: Partial<GatePolicy>; readonly found?: FoundFlip | null } = {},
): Promise<GateReport> {
  const findFlips: FindFlips = (wanted) => Promise.resolve(wanted.map(() => found));
  return compareRuns(runsOf(specs), { policy: gateOf(policy), seed: 1, findFlips });
}

/** A report in which every text from outside is hostile. */
export async function hostileReport(): Promise<GateReport> {
  const specs = tickets.map((spec, i) => ({
    ...spec,
    case_id: `${hostile} ${i}`,
    group: `${hostile} ${spec.group}`,
  }));
  const found: FoundFlip = {
    input: hostile,
    target: hostile,
    baseline: { reply: hostile, reading: undefined },
    candidate: { reply: hostile, reading: hostile },
  };
  const report = await reportOf(specs, { policy: byCount, found });
  const side = {
    ...report.candidate,
    agent_name: hostile,
    model: hostile,
    run_id: hostile,
    served_by: [hostile],
  };
  return {
    ...report,
    eval: { id: hostile, name: hostile, revision: 1 },
    baseline: side,
    candidate: { ...side, agent_version: 3 },
  };
}
