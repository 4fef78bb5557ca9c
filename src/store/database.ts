import type { ResolutionReason, SessionStatus } from '../core/session.ts';

/**
 * The schema, readable. The same tables exist in SQLite and in PostgreSQL. Times are RFC 3339 text of fixed
 * width (text order is time order) and JSON is text in both, so that a row reads the same everywhere.
 */
export type Database = {
  agents: AgentTable;
  agent_versions: AgentVersionTable;
  environments: EnvironmentTable;
  sessions: SessionTable;
  events: EventTable;
  inbox: InboxTable;
  api_keys: ApiKeyTable;
};

export type AgentTable = {
  id: string;
  /** The highest version number; versions are numbered from 1 without gaps. */
  latest_version: number;
  created_at: string;
  /** When the latest version was made, or when the agent was archived. */
  updated_at: string;
  archived_at: string | null;
};

/** One row per version, written once: triggers refuse every update and delete. */
export type AgentVersionTable = {
  agent_id: string;
  version: number;
  /** JSON of an `AgentConfig`. */
  config: string;
  /** Hash of the whole config; equal hashes mean that nothing changed. */
  config_hash: string;
  /** Hash of the part of the config that decides behaviour. */
  effective_hash: string;
  created_at: string;
};

export type EnvironmentTable = {
  id: string;
  /** JSON of name, description, config and metadata. */
  settings: string;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
};

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
  resolution_reason: ResolutionReason;
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

export type ApiKeyTable = {
  id: string;
  name: string;
  role: string;
  /** SHA-256 of the key; the key itself is kept nowhere. */
  hash: string;
  /** The last four characters, to tell keys apart by eye. */
  hint: string;
  created_at: string;
  revoked_at: string | null;
};
