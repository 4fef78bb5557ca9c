import { PawlError } from '../core/errors.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import type { Store } from '../store/dialect.ts';
import { outcomeOf } from './comparison/flips.ts';
import { type Outcomes, outcomesOf } from './comparison/observed.ts';
import { type Pair, pairRuns } from './comparison/pairing.ts';
import type { ComparisonSummary, Comparisons } from './comparisons.ts';
import { type CaseOutcome, caseOutcomes } from './gate-report.ts';
import type { ScoredCase } from './result.ts';
import { readScoredRun } from './scored-run.ts';

/** What one side made of a case. */
export type ComparedSide = {
  /** Mean over the epochs that have a score, 0 to 1; null when none has. */
  readonly score: number | null;
  /** Of those epochs, how many are right. */
  readonly passes: number;
  readonly epochs: number;
  /** Epochs whose session broke. */
  readonly errors: number;
  /** Means over the epochs; null when there is no outcome, or no price. */
  readonly latency_ms: number | null;
  readonly tokens: number | null;
  readonly cost_usd: number | null;
};

/** A case that both runs of a comparison have, and what became of it by one metric. */
export type ComparedCase = {
  readonly case_id: string;
  readonly group: string | null;
  readonly must_pass: boolean;
  readonly outcome: CaseOutcome;
  /** The baseline's score less the candidate's: above 0, the candidate is worse. Null without a score on both sides. */
  readonly damage: number | null;
  readonly baseline: ComparedSide;
  readonly candidate: ComparedSide;
};

/** What cases can be sorted by: those that turned and then the worst first, or as the dataset has them. */
export const caseSorts = ['flips', 'dataset'] as const;
export type CaseSort = (typeof caseSorts)[number];

export type ComparedCaseFilter = {
  /** Absent takes the gate's first metric. */
  readonly metric?: string | undefined;
  readonly sort: CaseSort;
  /** Null for cases without a group. */
  readonly group?: string | null | undefined;
  readonly outcomes?: readonly CaseOutcome[] | undefined;
  /** A part of the case's id. */
  readonly search?: string | undefined;
};

/** A page of cases, and how many there are. */
export type ComparedCases = Page<ComparedCase> & {
  readonly metric: string | null;
  /** All that the filter lets through. */
  readonly total: number;
  /** The same, whatever became of them. */
  readonly outcomes: { readonly [O in CaseOutcome]: number };
};

type Deps = { readonly store: Store; readonly comparisons: Pick<Comparisons, 'summary'> };

type Sorted = { readonly [S in CaseSort]: readonly ComparedCase[] };

/** So many cases are kept at most, all comparisons together; but always those that were asked for last. */
const mostKept = 50_000;

/** What became of the cases of comparisons. Read once and then kept for a while, because runs that are over do not change. */
export function createComparedCases({ store, comparisons }: Deps) {
  const kept = new Map<string, { readonly sorted: Promise<Sorted>; readonly cases: number }>();

  function sortedCases(comparison: ComparisonSummary, metric: string): Promise<Sorted> {
    const { id, baseline, candidate } = comparison;
    // A run whose sessions broke can be resumed, and ends anew.
    const key = JSON.stringify([id, metric, baseline.ended_at, candidate.ended_at]);
    const known = kept.get(key);
    const sorted = known?.sorted ?? readSorted(store, comparison, metric);
    const cases = candidate.plan?.dataset.cases ?? 0;
    kept.delete(key);
    kept.set(key, { sorted, cases });
    if (known === undefined) sorted.catch(() => kept.delete(key));
    let all = [...kept.values()].reduce((sum, one) => sum + one.cases, 0);
    for (const [oldest, one] of kept) {
      if (all <= mostKept || oldest === key) break;
      kept.delete(oldest);
      all -= one.cases;
    }
    return sorted;
  }

  return {
    /**
     * A page of the cases of a comparison that is completed.
     * @throws PawlError `comparison_not_found`, `report_not_ready`, and `invalid_request` for a metric that nobody measured.
     */
    async list(id: string, filter: ComparedCaseFilter, request: PageRequest): Promise<ComparedCases> {
      const comparison = await comparisons.summary(id);
      if (comparison.verdict === null) {
        const why = comparison.error === null ? '' : `: ${comparison.error}`;
        throw new PawlError('report_not_ready', `comparison ${id} is ${comparison.status}${why}`);
      }
      const metric = metricOf(comparison, filter.metric);
      const sorted = await sortedCases(comparison, metric ?? '');
      const fitting = sorted[filter.sort].flatMap((one, place) =>
        fits(one, filter) ? [{ one, place }] : [],
      );
      const wanted = fitting.filter(({ one }) => filter.outcomes?.includes(one.outcome) ?? true);
      const from = Number(request.cursor?.key[0] ?? -1);
      const rows = wanted.filter(({ place }) => place > from).slice(0, request.limit + 1);
      const page = pageOf(rows, request, ({ place }) => [place]);
      const byOutcome = Object.groupBy(fitting, ({ one }) => one.outcome);
      return {
        data: page.data.map(({ one }) => one),
        next_page: page.next_page,
        metric,
        total: wanted.length,
        outcomes: Object.fromEntries(
          caseOutcomes.map((outcome) => [outcome, byOutcome[outcome]?.length ?? 0]),
        ) as ComparedCases['outcomes'],
      };
    },
  };
}

export type ComparedCasesRoom = ReturnType<typeof createComparedCases>;

function metricOf({ gate, candidate }: ComparisonSummary, asked: string | undefined): string | null {
  const scorers = candidate.plan?.scorers.map(({ name }) => name) ?? [];
  const metrics = [...new Set([...gate.metrics, ...scorers])];
  if (asked === undefined) return metrics[0] ?? null;
  if (metrics.includes(asked)) return asked;
  throw new PawlError('invalid_request', `metric: must be one of ${metrics.join(', ')}`);
}

function fits({ case_id, group }: ComparedCase, filter: ComparedCaseFilter): boolean {
  if (filter.group !== undefined && group !== filter.group) return false;
  return filter.search === undefined || case_id.toLowerCase().includes(filter.search.toLowerCase());
}

async function readSorted(store: Store, comparison: ComparisonSummary, metric: string): Promise<Sorted> {
  const baseline = await readScoredRun(store, comparison.baseline);
  const candidate = await readScoredRun(store, comparison.candidate);
  const dataset = pairRuns({ baseline, candidate }).pairs.map((pair) => comparedCase(pair, metric));
  // Sorting keeps the order of the dataset among equals.
  return { dataset, flips: dataset.toSorted(byWeight) };
}

function comparedCase(pair: Pair, metric: string): ComparedCase {
  const baseline = outcomesOf(pair.baseline, metric);
  const candidate = outcomesOf(pair.candidate, metric);
  const scored = baseline !== null && candidate !== null;
  const damage = scored ? baseline.mean - candidate.mean : null;
  const { case_id, group, must_pass } = pair.candidate;
  return {
    ...{ case_id, group, must_pass, damage },
    outcome: outcomeOf(scored ? { pair, baseline, candidate, damage: damage ?? 0 } : undefined),
    baseline: sideOf(pair.baseline, baseline),
    candidate: sideOf(pair.candidate, candidate),
  };
}

function sideOf(
  { errors, latency_ms, tokens, cost_usd }: ScoredCase,
  outcomes: Outcomes | null,
): ComparedSide {
  const { mean: score = null, passes = 0, values = [] } = outcomes ?? {};
  return { score, passes, epochs: values.length, errors, latency_ms, tokens, cost_usd };
}

/** Lost cases first, then gained ones, then those that nobody knows of, `must_pass` ones before others; then the worst. */
function byWeight(one: ComparedCase, other: ComparedCase): number {
  const [first, second] = [one, other].map(placeOf) as [Place, Place];
  return first[0] - second[0] || first[1] - second[1] || first[2] - second[2] || first[3] - second[3];
}

type Place = readonly [rank: number, tag: number, gain: number, outcome: number];

function placeOf({ outcome, must_pass, damage }: ComparedCase): Place {
  const at = caseOutcomes.indexOf(outcome);
  const settled = caseOutcomes.indexOf('wrong');
  return [Math.min(at, settled), at < settled && must_pass ? 0 : 1, -(damage ?? 0), at];
}
