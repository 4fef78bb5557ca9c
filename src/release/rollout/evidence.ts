import { wholeWeight } from '../../core/assignment.ts';
import type { Arm } from '../../core/rollout.ts';
import {
  advanceFailureProcess,
  type FailureProcess,
  startFailureProcess,
} from '../../stats/failure-process.ts';
import { advanceSampleRatio, noAssignments, type SampleRatio } from '../../stats/sample-ratio.ts';
import {
  byWeight,
  changeValues,
  type LiveCells,
  noCells,
  type UnitCell,
  type Values,
  without,
} from './cells.ts';

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

/** How many of something each arm has. */
export type ArmCounts = { readonly control: number; readonly canary: number };

/** Everything that a rollout has counted. Plain JSON, of a size that does not grow with the traffic. */
export type LiveEvidence = LiveCells & {
  /** Units of which a session failed, or was refused: each once, with the weight of that session. */
  readonly failures: FailureProcess;
  readonly refusals: FailureProcess;
  /** Units, as they were first assigned. */
  readonly ratio: SampleRatio;
  readonly units: ArmCounts;
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
  ...noCells,
  ...{ sessions: [], excluded: none },
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
  const { arm, weight } = outcome;
  const change = { arm, weight, before: before.counted?.values ?? {}, after: values };
  const { all, unit: cells } = changeValues(seen.evidence, seen.unit.cells, change);
  return { evidence: all, unit: { ...seen.unit, cells }, counted };
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

function added(counts: ArmCounts, arm: Arm, change: number): ArmCounts {
  return { control: counts.control, canary: counts.canary, [arm]: counts[arm] + change };
}
