import type { RowScope } from '../gate-report.ts';
import type { ScoredCase } from '../result.ts';
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

/** What a metric says of one side of a case; null when no epoch has a score. */
export function outcomesOf(entry: ScoredCase, metric: string): Outcomes | null {
  const values: number[] = [];
  let sum = 0;
  let passes = 0;
  for (const { value } of entry.scores[metric] ?? []) {
    if (value === null) continue;
    values.push(value);
    sum += value;
    if (value >= passMark) passes += 1;
  }
  return values.length === 0 ? null : { values, mean: sum / values.length, passes };
}

/** All cases, and then each group by name, cases without a group last. Without groups there is only the first. */
export function slicesOf(pairs: readonly Pair[], metric: string): readonly [Slice, ...Slice[]] {
  const all: Growing = { cases: 0, observed: [] };
  const groups = new Map<string | null, Growing>();
  for (const pair of pairs) {
    const group = groupIn(groups, pair.candidate.group);
    const entry = observe(pair, metric);
    for (const slice of [all, group]) {
      slice.cases += 1;
      if (entry !== null) slice.observed.push(entry);
    }
  }
  const names = [...groups.keys()].sort(byName);
  const whole: Slice = { scope: 'all_cases', group: null, ...all };
  if (names.every((name) => name === null)) return [whole];
  return [whole, ...names.map((group): Slice => ({ scope: 'group', group, ...groupIn(groups, group) }))];
}

type Growing = { cases: number; readonly observed: Observed[] };

function groupIn(groups: Map<string | null, Growing>, name: string | null): Growing {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const fresh: Growing = { cases: 0, observed: [] };
  groups.set(name, fresh);
  return fresh;
}

function observe(pair: Pair, metric: string): Observed | null {
  const baseline = outcomesOf(pair.baseline, metric);
  const candidate = outcomesOf(pair.candidate, metric);
  if (baseline === null || candidate === null) return null;
  return { pair, baseline, candidate, damage: baseline.mean - candidate.mean };
}

function byName(left: string | null, right: string | null): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
  return left < right ? -1 : 1;
}
