import { wholeWeight } from '../../core/assignment.ts';
import type { Arm, LiveMetric } from '../../core/rollout.ts';
import {
  advanceFailureProcess,
  type FailureProcess,
  startFailureProcess,
} from '../../stats/failure-process.ts';
import { advanceSampleRatio, noAssignments, type SampleRatio } from '../../stats/sample-ratio.ts';
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
type Values = { readonly [metric in LiveMetric]?: number };

/** What a session has come to so far. */
export type SessionOutcome = {
  readonly unit: string;
  readonly arm: Arm;
  /** The canary's share of the traffic when it was assigned, in parts of 10,000. */
  readonly weight: number;
  /** Whether it runs with another configuration than its version has, so that it says nothing about that. */
  readonly excluded: boolean;
  /** Whether a turn has ended. */
  readonly turned: boolean;
  /** Of what is watched alone; `failures` and `refusals` are 0 or 1. */
  readonly values: Values;
};

/** What was counted of a session, to be taken back when it comes to something else. Plain JSON. */
export type CountedSession = {
  readonly excluded: boolean;
  readonly turned: boolean;
  readonly values: Values;
};

/** Whoever was assigned as a whole: with growing weights they may be control first, and canary later. Plain JSON. */
export type UnitState = {
  readonly failed: boolean;
  readonly refused: boolean;
  /** What they have, by the weight at which their sessions began. */
  readonly cells: readonly UnitCell[];
};

type UnitCell = {
  readonly weight: number;
  readonly arm: Arm;
  readonly sums: SumsOfUnit;
};
type SumsOfUnit = { readonly [metric in LiveMetric]?: UnitSums };

/** How many of something each arm has. */
export type ArmCounts = { readonly control: number; readonly canary: number };

/** All that began with one weight: within it, chance alone has decided on the arm of each unit. */
export type Cell = { readonly weight: number } & {
  readonly [A in Arm]: { readonly [metric in LiveMetric]?: LiveSums };
};

/** What the units have together that have values in two cells, by the weights of both, and in the same arm of both. */
export type SharedUnits = { readonly first: number; readonly second: number } & {
  readonly [A in Arm]: { readonly [metric in LiveMetric]?: LiveProducts };
};

/** Everything that a rollout has counted. Plain JSON, of a size that does not grow with the traffic. */
export type LiveEvidence = {
  /** Units of which a session failed, or was refused: each once, with the weight of that session. */
  readonly failures: FailureProcess;
  readonly refusals: FailureProcess;
  /** Units, as they were first assigned. */
  readonly ratio: SampleRatio;
  readonly units: ArmCounts;
  readonly cells: readonly Cell[];
  readonly shared: readonly SharedUnits[];
  /** Units that have a value at all, each once in an arm, however many cells it is in. */
  readonly valued: { readonly [A in Arm]: { readonly [metric in LiveMetric]?: number } };
  /** Sessions that have ended a turn, by the weight at which they began. */
  readonly sessions: readonly ({ readonly weight: number } & ArmCounts)[];
  readonly excluded: ArmCounts;
};

const none: ArmCounts = { control: 0, canary: 0 };

export const noEvidenceYet: LiveEvidence = {
  failures: startFailureProcess(),
  refusals: startFailureProcess(),
  ratio: noAssignments,
  units: none,
  ...{ cells: [], shared: [], valued: { control: {}, canary: {} }, sessions: [] },
  excluded: none,
};

/** What counting one session takes and gives. */
export type Counting = {
  readonly evidence: LiveEvidence;
  /** Null when its unit is new. */
  readonly unit: UnitState | null;
  /** Null when the session is new. */
  readonly counted: CountedSession | null;
};

/**
 * Counts a session, or counts it anew because it has come to something else: more turns, another score, another
 * configuration. A failure that was counted stays counted, because decisions may have been made on it.
 */
export function countSession(
  before: Counting,
  outcome: SessionOutcome,
): { readonly evidence: LiveEvidence; readonly unit: UnitState; readonly counted: CountedSession } {
  const { excluded, turned } = outcome;
  const fresh = before.unit === null ? assigned(before.evidence, outcome) : before.evidence;
  const unit = before.unit ?? { failed: false, refused: false, cells: [] };
  const values = excluded ? {} : outcome.values;
  const counted: CountedSession = { excluded, turned, values };
  const numbered = recounted(fresh, outcome, { before: before.counted, after: counted });
  const seen = withFailures(numbered, outcome, unit);
  const change = { before: before.counted?.values ?? {}, after: values };
  return { ...withValues(seen, outcome, change), counted };
}

function assigned(evidence: LiveEvidence, { arm, weight }: SessionOutcome): LiveEvidence {
  const counts = arm === 'canary' ? [0, 1] : [1, 0];
  const ratio = advanceSampleRatio(evidence.ratio, { counts, weights: [wholeWeight - weight, weight] });
  return { ...evidence, ratio, units: added(evidence.units, arm, 1) };
}

/** The plain numbers of sessions. */
function recounted(
  evidence: LiveEvidence,
  { arm, weight }: SessionOutcome,
  { before, after }: { before: CountedSession | null; after: CountedSession },
): LiveEvidence {
  const isIn = (one: CountedSession | null): number => (one?.turned === true && !one.excluded ? 1 : 0);
  const more = isIn(after) - isIn(before);
  const there = evidence.sessions.find((one) => one.weight === weight);
  const sessions =
    more === 0
      ? evidence.sessions
      : byWeight([...without(evidence.sessions, weight), { weight, ...added(there ?? none, arm, more) }]);
  const kept = Number(after.excluded) - Number(before?.excluded ?? false);
  return { ...evidence, sessions, excluded: added(evidence.excluded, arm, kept) };
}

/** A unit as it has become, and the evidence with it. */
type Seen = { readonly evidence: LiveEvidence; readonly unit: UnitState };

function withFailures(evidence: LiveEvidence, outcome: SessionOutcome, unit: UnitState): Seen {
  const { arm, weight, excluded, values } = outcome;
  const failed = !excluded && values.failures === 1 && !unit.failed;
  const refused = !excluded && values.refusals === 1 && !unit.refused;
  const counts = {
    canary_failures: arm === 'canary' ? 1 : 0,
    control_failures: arm === 'control' ? 1 : 0,
    weight: weight / wholeWeight,
  };
  return {
    evidence: {
      ...evidence,
      ...(failed ? { failures: advanceFailureProcess(evidence.failures, counts) } : {}),
      ...(refused ? { refusals: advanceFailureProcess(evidence.refusals, counts) } : {}),
    },
    unit: { ...unit, failed: unit.failed || failed, refused: unit.refused || refused },
  };
}

/** The values go to the cell in which the session began. */
function withValues(
  { evidence, unit }: Seen,
  { arm, weight }: SessionOutcome,
  { before, after }: { before: Values; after: Values },
): Seen {
  const metrics = [...new Set([...Object.keys(before), ...Object.keys(after)])] as LiveMetric[];
  const changed = metrics.filter((metric) => before[metric] !== after[metric]);
  if (changed.length === 0) return { evidence, unit };
  const own = unit.cells.find((cell) => cell.weight === weight) ?? { weight, arm, sums: {} };
  const cell = evidence.cells.find((one) => one.weight === weight) ?? { weight, control: {}, canary: {} };
  const sums: { [metric in LiveMetric]?: UnitSums } = { ...own.sums };
  const total: { [metric in LiveMetric]?: LiveSums } = { ...cell[arm] };
  for (const metric of changed) {
    const old = sums[metric] ?? nothing;
    const next = replaced(old, before[metric], after[metric]);
    sums[metric] = next;
    total[metric] = changeUnit(total[metric] ?? noSums, old, next);
  }
  const others = without(unit.cells, weight);
  const alike = others.filter((other) => other.arm === arm);
  const change: UnitChange = { arm, weight, changed, before: own.sums, after: sums };
  const cells = byWeight([...without(evidence.cells, weight), { ...cell, [arm]: total }]);
  const shared = withShared(evidence.shared, alike, change);
  const valued = withValued(evidence.valued, alike, change);
  return {
    evidence: { ...evidence, cells, shared, valued },
    unit: { ...unit, cells: byWeight([...others, { weight, arm, sums }]) },
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
  valued: LiveEvidence['valued'],
  others: readonly UnitCell[],
  { arm, changed, before, after }: UnitChange,
): LiveEvidence['valued'] {
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

function added(counts: ArmCounts, arm: Arm, change: number): ArmCounts {
  return { control: counts.control, canary: counts.canary, [arm]: counts[arm] + change };
}

function without<T extends { readonly weight: number }>(all: readonly T[], weight: number): T[] {
  return all.filter((one) => one.weight !== weight);
}

function byWeight<T extends { readonly weight: number }>(all: readonly T[]): readonly T[] {
  return all.toSorted((a, b) => a.weight - b.weight);
}
