import type { ShadowStatus } from '../core/evaluation.ts';
import type { RolloutEventType, RolloutStatus } from '../core/rollout.ts';

/* Tables of rollouts, and of what else is known of live traffic: scores and shadows. */

export type RolloutTables = {
  rollouts: RolloutTable;
  rollout_events: RolloutEventTable;
  rollout_evidence: RolloutEvidenceTable;
  rollout_units: RolloutUnitTable;
  rollout_sessions: RolloutSessionTable;
  rollout_departures: RolloutDepartureTable;
  rollout_leftovers: RolloutLeftoverTable;
  canary_sweeps: CanarySweepTable;
};

export type RolloutTable = {
  id: string;
  agent_id: string;
  alias: string;
  promotion_id: string;
  baseline_version: number;
  candidate_version: number;
  /** Decides together with a key who belongs to the canary; a retry has that of the rollout before. */
  salt: string;
  /** The rollout that this one tries again; null for a first try. */
  retry_of: string | null;
  /** JSON of `RolloutSettings`. */
  settings: string;
  status: RolloutStatus;
  /** Which of the steps it is at, from 0. */
  step: number;
  /**
   * The canary's share of the traffic, in parts of 10,000. 10,000 when it is completed; 0 when it was taken back, and after a
   * sample ratio that does not fit.
   */
  weight: number;
  step_since: string;
  /** JSON of a `RolloutPause`; null while it is not paused. */
  pause: string | null;
  /** JSON of a `RolloutState`: everything that was counted so far, and what people have accepted. */
  state: string;
  /** JSON of what the last look decided; null before the first, and once a person has decided something since. */
  decision: string | null;
  /** How many looks there were. */
  looks: number;
  last_look_at: string | null;
  /** When the next look is due; null when it is over. */
  next_look_at: string | null;
  /** When the canary last got a session, or the rollout began or went on. */
  last_traffic_at: string;
  /** How many rows it has in `rollout_events`. */
  events: number;
  /** JSON of the `AuditActor` who started it. */
  actor: string;
  reason: string | null;
  created_at: string;
  updated_at: string;
  ended_at: string | null;
  /** JSON of the `AuditActor` who ended it; null before. */
  ended_by: string | null;
  end_reason: string | null;
};

/** What happened to a rollout, with the numbers that each decision was made on. Appended to, never changed. */
export type RolloutEventTable = {
  rollout_id: string;
  /** From 1, without gaps. */
  seq: number;
  type: RolloutEventType;
  /** JSON of an `AuditActor`. */
  actor: string;
  reason: string | null;
  /** JSON; what it holds depends on the type. */
  data: string;
  at: string;
};

/** What was known of a rollout's traffic at some of its looks. */
export type RolloutEvidenceTable = {
  rollout_id: string;
  /** The number of the look. */
  look: number;
  at: string;
  /** JSON of what an `EvidencePoint` holds besides. */
  data: string;
};

/** What a rollout knows of one unit: whoever was assigned as a whole. The row goes when the rollout is over. */
type RolloutUnitTable = {
  rollout_id: string;
  unit: string;
  /** JSON of a `UnitState`. */
  state: string;
};

/** What a rollout has counted of one session; outlives the session, and goes when the rollout is over. */
type RolloutSessionTable = {
  session_id: string;
  rollout_id: string;
  /** JSON of what was counted. */
  counted: string;
};

/** A session that was deleted before a rollout had counted it. The row goes when it has, or when the rollout is over. */
type RolloutDepartureTable = {
  session_id: string;
  rollout_id: string;
  /** JSON of an `UnseenSession`. */
  session: string;
};

/** A rollout that is over, of which units and sessions are still to be deleted. The row goes when they are. */
type RolloutLeftoverTable = { rollout_id: string };

/** What somebody says a session was worth. Written once; of several with one name the last counts. */
export type SessionScoreTable = {
  id: string;
  session_id: string;
  /** From 1, without gaps. */
  position: number;
  name: string;
  /** From 0, the worst, to 1, the best. */
  value: number;
  comment: string | null;
  /** Whether the application has posted it, or a scorer of the server has given it. */
  source: 'api' | 'scorer';
  /** JSON of an `AuditActor`. */
  actor: string;
  created_at: string;
};

/** Sessions of a canary that was taken back, which are still to be stopped. The row goes when all are. */
export type CanarySweepTable = {
  rollout_id: string;
  agent_id: string;
  alias: string;
  version: number;
  mode: 'stop_new_turns' | 'interrupt';
  created_at: string;
};

/** One scorer of a rollout and one session that it is to score. The row stays when it has, to know what it has seen. */
export type OnlineScoringTable = {
  session_id: string;
  /** The name of the scorer and of its scores. */
  name: string;
  rollout_id: string;
  /** The turns that the session had ended when it was last asked for, or scored if that was later. */
  turns: number;
  /** Attempts that have failed, since it was last asked for. */
  attempts: number;
  /** When the next attempt is due; null when nothing is to be done. */
  due_at: string | null;
  /** Why the last attempt gave no score; null when it did, and before the first. */
  error: string | null;
  /** 1 when there is something to score and nothing more is done about it, else 0. */
  given_up: number;
};

/** What a scorer of a rollout has cost so far. There is no row for one that costs nothing. */
export type OnlineCostTable = {
  rollout_id: string;
  /** The name of the scorer and of its scores. */
  name: string;
  /** US dollars; null when the price of something is not known. */
  cost_usd: number | null;
};

/** Sessions of an alias whose messages a candidate answers as well, unseen by anybody. */
export type ShadowTable = {
  id: string;
  agent_id: string;
  alias: string;
  /** The version that the alias stood for when it began. */
  baseline_version: number;
  candidate_version: number;
  /** The part of the sessions that is copied, 0 to 1. */
  sample: number;
  max_sessions: number;
  /** How many sessions have a copy. */
  begun: number;
  /** The eval that its comparisons score by; null when each has to name one. */
  eval_id: string | null;
  status: ShadowStatus;
  /** Why it is over; null while it is running. */
  ended_reason: string | null;
  /** 1 when all copies are archived, which is when nothing is left to be done. */
  copies_archived: number;
  /** Sessions that were made before this moment have been looked at. */
  seen_until: string;
  /** JSON of the `AuditActor` who started it. */
  actor: string;
  created_at: string;
  updated_at: string;
  ended_at: string | null;
};

/** A session of users, and the session of the candidate that it is copied into. */
export type ShadowPairTable = {
  shadow_id: string;
  session_id: string;
  /** Null until the first message is copied. */
  shadow_session_id: string | null;
  status: 'open' | 'skipped' | 'failed';
  /** How many turns the session had when it was last looked at. */
  seen_turns: number;
  /** How many of them the candidate has been asked. */
  turns: number;
  /** JSON of a `PairTally`: what both sides came to in those turns; null before the first. */
  tally: string | null;
  /** Why it goes on no further; null while it is open. */
  reason: string | null;
  created_at: string;
};
