import { wholeWeight } from '../../core/assignment.ts';
import type { Arm, LiveMetric } from '../../core/rollout.ts';
import {
  advanceFailureProcess,
  type FailureProcess,
  startFailureProcess,
} from '../../stats/failure-process.ts';
import { advanceSampleRatio, noAssignments, type SampleRatio } from '../../stats/sample-ratio.ts';
import { changeUnit, type LiveSums, noSums, nothing, type UnitSums } from './live-sums.ts';

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
  /** Whether its unit had been in the other arm, so that it says nothing about either. */
  readonly switched: boolean;
  readonly values: Values;
};

/** Whoever was assigned as a whole, as they were first seen. Plain JSON. */
export type UnitState = {
  readonly arm: Arm;
  readonly weight: number;
  readonly failed: boolean;
  readonly refused: boolean;
  readonly sums: { readonly [metric in LiveMetric]?: UnitSums };
};

/** How many sessions have ended a turn. */
export type ArmCounts = { readonly control: number; readonly canary: number };

/** The units that were first seen with one weight. */
export type Cell = { readonly weight: number } & {
  readonly [A in Arm]: { readonly [metric in LiveMetric]?: LiveSums };
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
  /** By the weight at which they began. */
  readonly sessions: readonly ({ readonly weight: number } & ArmCounts)[];
  readonly excluded: ArmCounts;
  /** Sessions of units that got the candidate as the canary grew, after they had been control. */
  readonly switched: ArmCounts;
};

const none: ArmCounts = { control: 0, canary: 0 };

export const noEvidenceYet: LiveEvidence = {
  failures: startFailureProcess(),
  refusals: startFailureProcess(),
  ratio: noAssignments,
  units: none,
  cells: [],
  sessions: [],
  excluded: none,
  switched: none,
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
  const { arm, weight, excluded, turned } = outcome;
  let { evidence } = before;
  if (before.unit === null) evidence = assigned(evidence, outcome);
  const unit = before.unit ?? { arm, weight, failed: false, refused: false, sums: {} };
  const switched = unit.arm !== arm;
  const values = excluded || switched ? {} : outcome.values;
  const counted: CountedSession = { excluded, turned, switched, values };
  evidence = recounted(evidence, outcome, { before: before.counted, after: counted });
  const seen = withFailures(evidence, outcome, unit);
  return {
    ...withValues(seen.evidence, seen.unit, { before: before.counted?.values ?? {}, after: values }),
    counted,
  };
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
  const change = (key: 'excluded' | 'switched'): number =>
    Number(after[key]) - Number(before?.[key] ?? false);
  const more = isIn(after) - isIn(before);
  const there = evidence.sessions.find((one) => one.weight === weight);
  const sessions =
    more === 0
      ? evidence.sessions
      : [
          ...evidence.sessions.filter((one) => one !== there),
          { weight, ...added(there ?? none, arm, more) },
        ].sort((a, b) => a.weight - b.weight);
  return {
    ...evidence,
    sessions,
    excluded: added(evidence.excluded, arm, change('excluded')),
    switched: added(evidence.switched, arm, change('switched')),
  };
}

function withFailures(
  evidence: LiveEvidence,
  outcome: SessionOutcome,
  unit: UnitState,
): Omit<Counting, 'counted'> & { unit: UnitState } {
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

/** The values go to where the unit was first seen. */
function withValues(
  evidence: LiveEvidence,
  unit: UnitState,
  { before, after }: { before: Values; after: Values },
): { evidence: LiveEvidence; unit: UnitState } {
  const metrics = [...new Set([...Object.keys(before), ...Object.keys(after)])] as LiveMetric[];
  const changed = metrics.filter((metric) => before[metric] !== after[metric]);
  if (changed.length === 0) return { evidence, unit };
  const { arm, weight } = unit;
  const there = evidence.cells.find((cell) => cell.weight === weight) ?? { weight, control: {}, canary: {} };
  const sums: { [metric in LiveMetric]?: UnitSums } = { ...unit.sums };
  const total: { [metric in LiveMetric]?: LiveSums } = { ...there[arm] };
  for (const metric of changed) {
    const old = sums[metric] ?? nothing;
    const next = replaced(old, before[metric], after[metric]);
    sums[metric] = next;
    total[metric] = changeUnit(total[metric] ?? noSums, old, next);
  }
  const others = evidence.cells.filter((cell) => cell.weight !== weight);
  const cells = [...others, { ...there, [arm]: total }].sort((a, b) => a.weight - b.weight);
  return { evidence: { ...evidence, cells }, unit: { ...unit, sums } };
}

function replaced({ sum, count }: UnitSums, before: number | undefined, after: number | undefined): UnitSums {
  const rest = count - (before === undefined ? 0 : 1) + (after === undefined ? 0 : 1);
  return rest === 0 ? nothing : { sum: sum - (before ?? 0) + (after ?? 0), count: rest };
}

function added(counts: ArmCounts, arm: Arm, change: number): ArmCounts {
  return { control: counts.control, canary: counts.canary, [arm]: counts[arm] + change };
}
