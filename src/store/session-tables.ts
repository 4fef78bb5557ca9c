import type { Arm } from '../core/rollout.ts';
import type { SessionStatus, StoredReason } from '../core/session.ts';

export type SessionTable = {
  id: string;
  agent_id: string;
  agent_version: number;
  agent_name: string;
  environment_id: string;
  title: string | null;
  /** JSON map. */
  metadata: string;
  /** JSON of `AgentOverrides`; null when the session runs its version unchanged. */
  overrides: string | null;
  /** Why it has its version; one in the canary has it through an alias. */
  resolution_reason: StoredReason;
  /** The alias that gave the version; null unless the reason is `alias`. */
  resolution_alias: string | null;
  /** Hash of the configuration that the session runs with. */
  effective_hash: string;
  status: SessionStatus;
  /** Grows whenever somebody takes the session on; a write of an older attempt is refused. */
  attempt: number;
  /** The `seq` of the newest event; 0 when there is none. */
  last_seq: number;
  /** When the newest event was processed; null when there is none. */
  last_event_at: string | null;
  /** The position of the newest event that was ever queued. */
  last_position: number;
  /** How many events are queued now. */
  queued: number;
  /** The id of the `span.model_request_start` that has no end yet. */
  open_span: string | null;
  /** JSON of `SessionUsage`. */
  usage: string;
  /** Microseconds spent running, without the stretch that is under way. */
  active_us: number;
  /** Since when the session has been running or rescheduling; null when it is neither. */
  running_since: string | null;
  /** Since when it takes no more messages, because its version was rolled back; null while it does. */
  stopped_at: string | null;
  /** The rollout under which its alias gave it a version; null when there was none. The next three are null with it. */
  rollout_id: string | null;
  arm: Arm | null;
  /** The canary's share of the traffic at that moment, in parts of 10,000. */
  weight: number | null;
  /** What was assigned as a whole: a hash of the salt with the targeting key, or with the session's own id. */
  unit: string | null;
  /** Turns that came to an end of their own, interrupted ones left out; those that failed for good, or were refused. */
  turns: number;
  failed_turns: number;
  refused_turns: number;
  /** How many rows it has in `session_scores`. */
  scores: number;
  /** 1 when a rollout has not yet counted what it has come to, else 0. */
  unseen: number;
  /** JSON list of `OpenCall`: calls of tools that have no answer yet; null when there are none. */
  open_calls: string | null;
  /** How many model requests the turn under way has made so far. */
  rounds: number;
  /** The `seq` from which on the model is told the history; what is older is in a summary. 0 before there is one. */
  context_from: number;
  /** JSON list of vault ids, in the order in which they are looked through; null when there are none. */
  vault_ids: string | null;
  /** JSON of `Budget`; null when there is none. */
  budget: string | null;
  /** What its model requests cost at list prices, in US dollars; null while none of them has a price. */
  list_cost_usd: number | null;
  /**
   * The session that it is a copy of, which may be gone: its tools do not run, but are answered as they were there. Null
   * for every other.
   */
  copy_of: string | null;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
};

/** The history: appended to, never changed; gone only with its session. */
export type EventTable = {
  session_id: string;
  /** From 1, without gaps. */
  seq: number;
  type: string;
  processed_at: string;
  /** The event exactly as it goes over the wire, JSON. */
  data: string;
};

/** Client events that wait for a turn. A row leaves when its event is written into the history. */
export type InboxTable = {
  session_id: string;
  position: number;
  type: string;
  /** The event as it goes over the wire, with `processed_at` null. */
  data: string;
};
