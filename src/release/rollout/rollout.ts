import { percent } from '../../core/assignment.ts';
import type { AuditActor } from '../../core/audit-entry.ts';
import { formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Json } from '../../core/evaluation.ts';
import type { RolloutEventType, RolloutPause, RolloutSettings, RolloutStatus } from '../../core/rollout.ts';
import type { Handle } from '../../store/dialect.ts';
import { readScoringCounts, type ScoringCounts } from '../../store/online-scorings.ts';
import type { RolloutEventRow, RolloutListRow, RolloutRow } from '../../store/rollouts.ts';
import { type CheckResult, checkAll } from './checks.ts';
import type { LookDecision } from './decision.ts';
import type { ArmCounts, LiveEvidence } from './evidence.ts';

/** What is known of the traffic, as it is shown and as decisions keep it. */
export type EvidenceSummary = {
  /** Sessions that have ended a turn, by the canary's share of the traffic in percent when they began. */
  readonly sessions: readonly ({ readonly weight: number } & ArmCounts)[];
  /** Targeting keys, or sessions without one, as they were first assigned. */
  readonly units: ArmCounts;
  /** Sessions with overrides, or whose configuration was changed: they count nowhere else. */
  readonly excluded: ArmCounts;
  /** Whether the units have the configured weights: an always-valid p-value. */
  readonly sample_ratio: { readonly p: number };
  readonly checks: readonly CheckResult[];
};

/** A promotion that is being carried out in steps. */
export type Rollout = {
  readonly id: string;
  readonly agent_id: string;
  readonly alias: string;
  readonly promotion_id: string;
  readonly baseline_version: number;
  readonly candidate_version: number;
  /** The rollout that this one tries again; null for a first try. */
  readonly retry_of: string | null;
  readonly status: RolloutStatus;
  readonly settings: RolloutSettings;
  /** Which step it is at, from 1. */
  readonly step: number;
  readonly step_since: string;
  /** How much of the traffic the candidate gets now, in percent. */
  readonly weight: number;
  readonly pause: RolloutPause | null;
  readonly started_by: AuditActor;
  readonly reason: string | null;
  /** What the last look decided; null before the first, and after a person has decided something else. */
  readonly decision: LookDecision | null;
  readonly looks: number;
  readonly last_look_at: string | null;
  /** Null when it is over. */
  readonly next_look_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at: string | null;
  /** Who ended it, which may be the server, and why; null before. */
  readonly ended_by: AuditActor | null;
  readonly end_reason: string | null;
};

/** A rollout with what is known of its traffic. */
export type RolloutDetails = Rollout & {
  readonly evidence: EvidenceSummary;
  /** How its scorers get on. */
  readonly scoring: readonly ScoringCounts[];
};

/** Something that happened to a rollout. */
export type RolloutEvent = {
  readonly seq: number;
  readonly type: RolloutEventType;
  readonly actor: AuditActor;
  readonly reason: string | null;
  /** What the type has to tell, with the numbers that it was decided on. */
  readonly data: Json;
  readonly at: string;
};

/** What a rollout keeps beside its evidence. */
export type RolloutState = {
  readonly evidence: LiveEvidence;
  /** What a person has said to go on in spite of: signals, and `inconclusive`. */
  readonly accepted: readonly string[];
  /** How many units there were when the evidence was last written down. */
  readonly noted: number;
  /** How long the present step was paused, in pauses that are over; microseconds. */
  readonly paused_us: number;
};

/** A rollout as its row has it; lists have rows without their state. */
export function readRollout(row: RolloutListRow & Partial<Pick<RolloutRow, 'state'>>): Rollout {
  const { salt: _salt, state: _state, events: _events, last_traffic_at: _traffic, actor, ...rest } = row;
  return {
    ...rest,
    settings: settingsOf(row),
    step: row.step + 1,
    weight: percent(row.weight),
    pause: row.pause === null ? null : (JSON.parse(row.pause) as RolloutPause),
    decision: row.decision === null ? null : (JSON.parse(row.decision) as LookDecision),
    started_by: JSON.parse(actor) as AuditActor,
    ended_by: row.ended_by === null ? null : (JSON.parse(row.ended_by) as AuditActor),
  };
}

/** The same with its evidence, and how its scorers get on. */
export async function readDetails(db: Handle, row: RolloutRow): Promise<RolloutDetails> {
  const names = settingsOf(row).scorers.map(({ name }) => name);
  return {
    ...readRollout(row),
    evidence: evidenceOf(row),
    scoring: await readScoringCounts(db, row.id, names),
  };
}

export function readEvent({ rollout_id: _rollout, actor, data, ...rest }: RolloutEventRow): RolloutEvent {
  return { ...rest, actor: JSON.parse(actor) as AuditActor, data: JSON.parse(data) as Json };
}

export function stateOf(row: Pick<RolloutRow, 'state'>): RolloutState {
  return JSON.parse(row.state) as RolloutState;
}

export function settingsOf(row: Pick<RolloutRow, 'settings'>): RolloutSettings {
  return JSON.parse(row.settings) as RolloutSettings;
}

/** What is known of a rollout's traffic at this moment, and what follows from it. */
export function evidenceOf(row: RolloutRow): EvidenceSummary {
  const { evidence } = stateOf(row);
  return summarise(evidence, checkAll(evidence, settingsOf(row)));
}

/** Evidence in short. */
export function summarise(evidence: LiveEvidence, checks: readonly CheckResult[]): EvidenceSummary {
  const { units, excluded, ratio } = evidence;
  return {
    sessions: evidence.sessions.map(({ weight, ...counts }) => ({ weight: percent(weight), ...counts })),
    ...{ units, excluded },
    sample_ratio: { p: ratio.p },
    checks,
  };
}

/** When the look after one at this moment is due. */
export function nextLookAt({ look_seconds }: RolloutSettings, now: number): string {
  return formatTime(now + Math.round(look_seconds * 1_000_000));
}

/** @throws PawlError `rollout_over` */
export function requireOpen(row: RolloutRow): void {
  if (row.ended_at === null) return;
  throw new PawlError('rollout_over', `rollout ${row.id} is ${row.status} since ${row.ended_at}`);
}
