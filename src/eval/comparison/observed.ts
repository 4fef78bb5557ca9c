import type { RowScope } from '../gate-report.ts';
import type { ScoredCase } from '../result.ts';
import type { Score } from '../score.ts';
import type { Pair } from './pairing.ts';

/** The scores that one metric gave one side of a case. Epochs without a score are not among them. */
export type Outcomes = {
  readonly values: readonly number[];
  readonly mean: number;
  /** Epochs with a value of at least 0.5. */
  readonly passes: number;
};

/** A case with a score on both sides. */
export type Observed = {
  readonly pair: Pair;
  readonly baseline: Outcomes;
  readonly candidate: Outcomes;
  /** Mean of the baseline less mean of the candidate. */
  readonly damage: number;
};

/** What a row of a report is made of. */
export type Slice = {
  readonly scope: RowScope;
  readonly group: string | null;
  /** Common cases, whether scored or not. */
  readonly cases: number;
  /** How many have no score on each side. */
  readonly unscored: { readonly baseline: number; readonly candidate: number };
  /** Right under the baseline and without a score under the candidate. */
  readonly maybe_lost: readonly Pair[];
  readonly observed: readonly Observed[];
};

/** A value from which on an epoch counts as right. */
export const passMark = 0.5;

/** Right in more than half of the epochs. */
export function isRight({ values, passes }: Outcomes): boolean {
  return passes * 2 > values.length;
}

/** Wrong in more than half of the epochs. An even split is neither right nor wrong. */
export function isWrong({ values, passes }: Outcomes): boolean {
  return passes * 2 < values.length;
}

/** Right in some epochs and wrong in others. */
export function isFlaky({ values, passes }: Outcomes): boolean {
  return passes > 0 && passes < values.length;
}

/** Right under the baseline and wrong under the candidate. */
export function isLost({ baseline, candidate }: Observed): boolean {
  return isRight(baseline) && isWrong(candidate);
}

/** Wrong under the baseline and right under the candidate. */
export function isGained({ baseline, candidate }: Observed): boolean {
  return isWrong(baseline) && isRight(candidate);
}

/** The scores of a metric, one per epoch; none when it has not been asked. A metric may be called `constructor`. */
export function scoresOf({ scores }: ScoredCase, metric: string): readonly Score[] {
  return Object.hasOwn(scores, metric) ? (scores[metric] ?? []) : [];
}

/** What a metric says of one side of a case; null when no epoch has a score. */
export function outcomesOf(entry: ScoredCase, metric: string): Outcomes | null {
  const values: number[] = [];
  let sum = 0;
  let passes = 0;
  for (const { value } of scoresOf(entry, metric)) {
    if (value === null) continue;
    values.push(value);
    sum += value;
    if (value >= passMark) passes += 1;
  }
  return values.length === 0 ? null : { values, mean: sum / values.length, passes };
}

/** All cases, and then each group by name, cases without a group last. Without groups there is only the first. */
export function slicesOf(pairs: readonly Pair[], metric: string): readonly [Slice, ...Slice[]] {
  const all = emptySlice();
  const groups = new Map<string | null, Growing>();
  for (const pair of pairs) {
    const group = groupIn(groups, pair.candidate.group);
    const baseline = outcomesOf(pair.baseline, metric);
    const candidate = outcomesOf(pair.candidate, metric);
    for (const slice of [all, group]) {
      slice.cases += 1;
      if (baseline === null) slice.unscored.baseline += 1;
      if (candidate === null) slice.unscored.candidate += 1;
      if (baseline !== null && candidate !== null) {
        slice.observed.push({ pair, baseline, candidate, damage: baseline.mean - candidate.mean });
      } else if (baseline !== null && isRight(baseline)) slice.maybe_lost.push(pair);
    }
  }
  const names = [...groups.keys()].sort(byName);
  const whole: Slice = { scope: 'all_cases', group: null, ...all };
  if (names.every((name) => name === null)) return [whole];
  return [whole, ...names.map((group): Slice => ({ scope: 'group', group, ...groupIn(groups, group) }))];
}

type Growing = {
  cases: number;
  readonly unscored: { baseline: number; candidate: number };
  readonly maybe_lost: Pair[];
  readonly observed: Observed[];
};

function emptySlice(): Growing {
  return { cases: 0, unscored: { baseline: 0, candidate: 0 }, maybe_lost: [], observed: [] };
}

function groupIn(groups: Map<string | null, Growing>, name: string | null): Growing {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const fresh = emptySlice();
  groups.set(name, fresh);
  return fresh;
}

function byName(left: string | null, right: string | null): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
  return left < right ? -1 : 1;
}
