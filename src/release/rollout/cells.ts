import type { Arm, LiveMetric } from '../../core/rollout.ts';
import {
  changeProducts,
  changeUnit,
  type LiveProducts,
  type LiveSums,
  noProducts,
  noSums,
  nothing,
  type UnitSums,
} from './live-sums.ts';

/** Values by metric. */
export type Values = { readonly [metric in LiveMetric]?: number };

/** What a unit has, of sessions that began with one weight. */
export type UnitCell = {
  readonly weight: number;
  readonly arm: Arm;
  readonly sums: SumsOfUnit;
};
type SumsOfUnit = { readonly [metric in LiveMetric]?: UnitSums };

/** All that began with one weight: within it, chance alone has decided on the arm of each unit. */
export type Cell = { readonly weight: number } & {
  readonly [A in Arm]: { readonly [metric in LiveMetric]?: LiveSums };
};

/** What the units have together that have values in two cells, by the weights of both, and in the same arm of both. */
type SharedUnits = { readonly first: number; readonly second: number } & {
  readonly [A in Arm]: { readonly [metric in LiveMetric]?: LiveProducts };
};

/** All values of a rollout, summed up by the weight at which their sessions began. Plain JSON. */
export type LiveCells = {
  readonly cells: readonly Cell[];
  readonly shared: readonly SharedUnits[];
  /** Units that have a value at all, each once in an arm, however many cells it is in. */
  readonly valued: { readonly [A in Arm]: { readonly [metric in LiveMetric]?: number } };
};

export const noCells: LiveCells = { cells: [], shared: [], valued: { control: {}, canary: {} } };

/** What a session has come to, after what was counted of it before. */
type SessionValues = {
  readonly arm: Arm;
  readonly weight: number;
  readonly before: Values;
  readonly after: Values;
};

/** Counts what a session of a unit has now instead of what it had before, in the cell in which it began. */
export function changeValues<T extends LiveCells>(
  all: T,
  unit: readonly UnitCell[],
  { arm, weight, before, after }: SessionValues,
): { readonly all: T; readonly unit: readonly UnitCell[] } {
  const metrics = [...new Set([...Object.keys(before), ...Object.keys(after)])] as LiveMetric[];
  const changed = metrics.filter((metric) => before[metric] !== after[metric]);
  if (changed.length === 0) return { all, unit };
  const own = unit.find((cell) => cell.weight === weight) ?? { weight, arm, sums: {} };
  const cell = all.cells.find((one) => one.weight === weight) ?? { weight, control: {}, canary: {} };
  const sums: { [metric in LiveMetric]?: UnitSums } = { ...own.sums };
  const total: { [metric in LiveMetric]?: LiveSums } = { ...cell[arm] };
  for (const metric of changed) {
    const old = sums[metric] ?? nothing;
    const next = replaced(old, before[metric], after[metric]);
    sums[metric] = next;
    total[metric] = changeUnit(total[metric] ?? noSums, old, next);
  }
  const others = without(unit, weight);
  const alike = others.filter((other) => other.arm === arm);
  const change: UnitChange = { arm, weight, changed, before: own.sums, after: sums };
  const cells = byWeight([...without(all.cells, weight), { ...cell, [arm]: total }]);
  const shared = withShared(all.shared, alike, change);
  const valued = withValued(all.valued, alike, change);
  return {
    all: { ...all, cells, shared, valued },
    unit: byWeight([...others, { weight, arm, sums }]),
  };
}

/** What has become of what a unit has in one cell. */
type UnitChange = {
  readonly arm: Arm;
  readonly weight: number;
  readonly changed: readonly LiveMetric[];
  readonly before: SumsOfUnit;
  readonly after: SumsOfUnit;
};

/** The unit has values in other cells of the same arm as well, which are given. */
function withShared(
  shared: readonly SharedUnits[],
  others: readonly UnitCell[],
  { arm, weight, changed, before, after }: UnitChange,
): readonly SharedUnits[] {
  return others.reduce((all, other) => {
    const isFirst = weight < other.weight;
    const [first, second] = isFirst ? [weight, other.weight] : [other.weight, weight];
    const there = all.find((one) => one.first === first && one.second === second);
    const pair = there ?? { first, second, control: {}, canary: {} };
    const products: { [metric in LiveMetric]?: LiveProducts } = { ...pair[arm] };
    for (const metric of changed) {
      const fixed = other.sums[metric] ?? nothing;
      if (fixed.count === 0) continue;
      const both = (one = nothing): readonly [UnitSums, UnitSums] => (isFirst ? [one, fixed] : [fixed, one]);
      products[metric] = changeProducts(
        products[metric] ?? noProducts,
        both(before[metric]),
        both(after[metric]),
      );
    }
    return [...all.filter((one) => one !== there), { ...pair, [arm]: products }];
  }, shared);
}

function withValued(
  valued: LiveCells['valued'],
  others: readonly UnitCell[],
  { arm, changed, before, after }: UnitChange,
): LiveCells['valued'] {
  const counts: { [metric in LiveMetric]?: number } = { ...valued[arm] };
  const has = (sums: SumsOfUnit, metric: LiveMetric): boolean => (sums[metric]?.count ?? 0) > 0;
  for (const metric of changed) {
    if (others.some(({ sums }) => has(sums, metric))) continue;
    counts[metric] = (counts[metric] ?? 0) + Number(has(after, metric)) - Number(has(before, metric));
  }
  return { ...valued, [arm]: counts };
}

function replaced({ sum, count }: UnitSums, before: number | undefined, after: number | undefined): UnitSums {
  const rest = count - (before === undefined ? 0 : 1) + (after === undefined ? 0 : 1);
  return rest === 0 ? nothing : { sum: sum - (before ?? 0) + (after ?? 0), count: rest };
}

/** All but what has a weight. */
export function without<T extends { readonly weight: number }>(all: readonly T[], weight: number): T[] {
  return all.filter((one) => one.weight !== weight);
}

/** Lowest weight first. */
export function byWeight<T extends { readonly weight: number }>(all: readonly T[]): readonly T[] {
  return all.toSorted((a, b) => a.weight - b.weight);
}
