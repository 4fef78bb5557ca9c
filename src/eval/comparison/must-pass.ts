import { counted } from '../../core/quantities.ts';
import type { GateReason, GateReasonCode } from '../gate-report.ts';
import type { ScoredCase } from '../result.ts';
import { gateReason } from './comparability.ts';
import { isRight, isWrong, outcomesOf } from './observed.ts';
import { capped, type Paired } from './pairing.ts';
import { named } from './phrases.ts';

/** What the cases tagged `must_pass` say, each of which can fail the gate by itself. */
export type MustPass = {
  /** How many the candidate's dataset has. */
  readonly cases: number;
  readonly fails: readonly GateReason[];
  readonly errors: readonly GateReason[];
  readonly passes: readonly GateReason[];
  readonly warnings: readonly GateReason[];
};

type TaggedCase = { readonly candidate: ScoredCase; readonly baseline: ScoredCase | null };
type Finding = 'fine' | 'lost' | 'unscored' | 'wrong_on_both_sides';

/**
 * Looks at every `must_pass` case by the metric that decides flips. One that the candidate gets wrong in most of
 * its epochs fails the gate, unless the baseline got it wrong as well: then the candidate is no worse, and a
 * warning says so. They pass only where the candidate gets at least one of them right. A case without a baseline has nothing to excuse it. Without a metric, nothing is known.
 */
export function judgeMustPass(paired: Paired, metric: string | null): MustPass {
  if (metric === null) return { cases: 0, fails: [], errors: [], passes: [], warnings: [] };
  const cases: TaggedCase[] = [
    ...paired.pairs,
    ...paired.without_baseline.map((candidate) => ({ candidate, baseline: null })),
  ].filter(({ candidate }) => candidate.must_pass);
  const byFinding = Map.groupBy(cases, (entry) => findingOf(entry, metric));
  const report = (finding: Finding, code: GateReasonCode, text: (cases: string) => string) =>
    about(byFinding.get(finding)?.map(({ candidate }) => candidate) ?? [], { metric, code, text });
  const dropped = paired.without_candidate.filter(({ must_pass }) => must_pass);
  const fails = report('lost', 'must_pass_lost', (them) => `The candidate fails ${them}`);
  const errors = report('unscored', 'must_pass_unscored', (them) => `No score for ${them}`);
  const isKept =
    fails.length === 0 && errors.length === 0 && cases.some((entry) => isRightNow(entry, metric));
  return {
    cases: cases.length,
    fails,
    errors,
    passes: isKept ? [keptAll(cases.length, metric)] : [],
    warnings: [
      ...report('wrong_on_both_sides', 'must_pass_fails_on_both_sides', (them) => `Both sides fail ${them}`),
      ...about(dropped, {
        metric,
        code: 'must_pass_dropped',
        text: (them) => `The candidate's dataset no longer has ${them}`,
      }),
    ],
  };
}

function keptAll(count: number, metric: string): GateReason {
  const text = `The candidate loses none of ${counted(count, 'must_pass case')}`;
  return gateReason('must_pass_kept', text, metric);
}

function isRightNow({ candidate }: TaggedCase, metric: string): boolean {
  const outcomes = outcomesOf(candidate, metric);
  return outcomes !== null && isRight(outcomes);
}

function findingOf({ candidate, baseline }: TaggedCase, metric: string): Finding {
  const after = outcomesOf(candidate, metric);
  if (after === null) return 'unscored';
  if (!isWrong(after)) return 'fine';
  if (baseline === null) return 'lost';
  const before = outcomesOf(baseline, metric);
  if (before === null) return 'unscored';
  return isWrong(before) ? 'wrong_on_both_sides' : 'lost';
}

function about(
  cases: readonly ScoredCase[],
  what: { metric: string; code: GateReasonCode; text: (cases: string) => string },
): GateReason[] {
  if (cases.length === 0) return [];
  const ids = capped(cases.map(({ case_id }) => case_id));
  const text = what.text(`${counted(cases.length, 'must_pass case')}${named(ids)}`);
  return [gateReason(what.code, text, what.metric)];
}
