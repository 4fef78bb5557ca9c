import type { Capped, Pairing } from '../gate-report.ts';
import type { ScoredCase, ScoredRun } from '../result.ts';

/** A case as both runs saw it. Group, weight, cluster and `must_pass` are those of the candidate's revision. */
export type Pair = { readonly baseline: ScoredCase; readonly candidate: ScoredCase };

/** The two runs of a comparison. */
export type Runs = { readonly baseline: ScoredRun; readonly candidate: ScoredRun };

/** What could be set against each other, and what could not. */
export type Paired = {
  readonly pairs: readonly Pair[];
  /** The candidate's cases that the baseline lacks, or has with other content. */
  readonly without_baseline: readonly ScoredCase[];
  /** The baseline's cases that the candidate lacks. */
  readonly without_candidate: readonly ScoredCase[];
  readonly pairing: Pairing;
};

/** How many entries a list in a report shows at most. */
export const mostShown = 200;

/** The beginning of a list, and how long it is. */
export function capped<T>(list: readonly T[], most: number = mostShown): Capped<T> {
  return { total: list.length, shown: list.slice(0, most) };
}

/** Sets cases against each other by id, as long as their content is the same on both sides. */
export function pairRuns({ baseline, candidate }: Runs): Paired {
  const before = new Map(baseline.cases.map((entry) => [entry.case_id, entry]));
  const pairs: Pair[] = [];
  const changed: ScoredCase[] = [];
  const added: ScoredCase[] = [];
  for (const entry of candidate.cases) {
    const other = before.get(entry.case_id);
    before.delete(entry.case_id);
    if (other === undefined) added.push(entry);
    else if (other.case_hash === entry.case_hash) pairs.push({ baseline: other, candidate: entry });
    else changed.push(entry);
  }
  const gone = [...before.values()];
  return {
    pairs,
    without_baseline: [...changed, ...added],
    without_candidate: gone,
    pairing: {
      common: pairs.length,
      changed: capped(changed.map(idOf)),
      only_baseline: capped(gone.map(idOf)),
      only_candidate: capped(added.map(idOf)),
    },
  };
}

function idOf({ case_id }: ScoredCase): string {
  return case_id;
}
