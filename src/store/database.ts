import type { JobStatus, Recording, Verdict } from '../core/evaluation.ts';
import type { MoveKind, PromotionStatus, ReviewDecision } from '../core/release.ts';
import type { RetentionRuleTable, SessionFileTable } from './retention-tables.ts';
import type {
  OnlineCostTable,
  OnlineScoringTable,
  RolloutTables,
  SessionScoreTable,
  ShadowPairTable,
  ShadowTable,
} from './rollout-tables.ts';
import type { EventTable, InboxTable, SessionTable } from './session-tables.ts';
import type { VaultCredentialTable, VaultTable } from './vault-tables.ts';

/**
 * The schema, readable. The same tables exist in SQLite and in PostgreSQL. Times are RFC 3339 text of fixed
 * width (text order is time order) and JSON is text in both, so that a row reads the same everywhere.
 */
export type Database = RolloutTables & {
  agents: AgentTable;
  agent_versions: AgentVersionTable;
  environments: EnvironmentTable;
  sessions: SessionTable;
  events: EventTable;
  inbox: InboxTable;
  api_keys: ApiKeyTable;
  sign_ins: SignInTable;
  datasets: DatasetTable;
  dataset_revisions: DatasetRevisionTable;
  dataset_bodies: DatasetBodyTable;
  dataset_cases: DatasetCaseTable;
  evals: EvalTable;
  eval_revisions: EvalRevisionTable;
  eval_runs: EvalRunTable;
  eval_results: EvalResultTable;
  eval_objects: EvalObjectTable;
  comparisons: ComparisonTable;
  verdicts: VerdictTable;
  calibrations: CalibrationTable;
  aliases: AliasTable;
  alias_moves: AliasMoveTable;
  sweeps: SweepTable;
  promotions: PromotionTable;
  reviews: ReviewTable;
  audit_entries: AuditEntryTable;
  audit_head: AuditHeadTable;
  webhooks: WebhookTable;
  webhook_deliveries: WebhookDeliveryTable;
  session_scores: SessionScoreTable;
  shadows: ShadowTable;
  files: FileTable;
  loose_blobs: LooseBlobTable;
  retention_rules: RetentionRuleTable;
  session_files: SessionFileTable;
  shadow_pairs: ShadowPairTable;
  online_scorings: OnlineScoringTable;
  online_costs: OnlineCostTable;
  vaults: VaultTable;
  vault_credentials: VaultCredentialTable;
};

export type AgentTable = {
  id: string;
  /** The highest version number; versions are numbered from 1 without gaps. */
  latest_version: number;
  /** The alias that decides for whoever names the agent alone; null gives those the latest version. */
  default_alias: string | null;
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
  /** The name of the key that it was made with; null when no key was asked for. */
  author: string | null;
  /** What the author says about it; null when nothing. */
  message: string | null;
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

export type ApiKeyTable = {
  id: string;
  name: string;
  role: string;
  /** SHA-256 of the key; the key itself is kept nowhere. */
  hash: string;
  /** The last four characters, to tell keys apart by eye. */
  hint: string;
  created_at: string;
  /** From when on it opens nothing; null for a key without an end. */
  expires_at: string | null;
  revoked_at: string | null;
  /** How many requests a minute it may make; 0 for as many as it likes, null for what the server allows every key. */
  rate_limit_per_minute: number | null;
};

/** Who has signed in to the dashboard. Rows go when somebody signs out, or later, when their time is over. */
export type SignInTable = {
  /** SHA-256 of the token that the browser has; the token itself is kept nowhere. */
  hash: string;
  /** The key that was signed in with: what it may do, and its own end, hold for the sign-in. */
  key_id: string;
  created_at: string;
  /** From when on it opens nothing. */
  expires_at: string;
};

/** What is known of an uploaded file. Its bytes lie elsewhere, under its id. */
export type FileTable = {
  id: string;
  filename: string;
  mime_type: string;
  size_bytes: number;
  created_at: string;
  /** From when on its bytes are given out no more; null for a file without an end. */
  expires_at: string | null;
  /** 1 when it was found to have expired, and its bytes were left to be removed, else 0. */
  expired: number;
};

/** Bytes that belong to no file, or to none yet: those of an upload under way, and those to be removed. */
export type LooseBlobTable = {
  id: string;
  /** From when on they may be removed. */
  due_at: string;
};

export type DatasetTable = {
  id: string;
  /** Unique, archived ones included. */
  name: string;
  description: string | null;
  /** What the name stands for now; null until the first import is complete. */
  latest_revision_id: string | null;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
};

/** What a dataset held at one moment. Written once, when all its cases are in place. */
export type DatasetRevisionTable = {
  id: string;
  dataset_id: string;
  /** Hash over the hashes of the cases, in order: equal hashes are equal contents. */
  hash: string;
  cases: number;
  /** JSON of a `DatasetSummary`. */
  summary: string;
  created_at: string;
};

/** Cases by content, each kept once however many revisions hold it. */
export type DatasetBodyTable = {
  hash: string;
  /** JSON of a `Case`. */
  body: string;
};

/** Which cases a revision holds. Rows whose revision does not exist belong to an import under way or broken off. */
export type DatasetCaseTable = {
  revision_id: string;
  /** From 0, without gaps. */
  position: number;
  case_id: string;
  hash: string;
};

export type EvalTable = {
  id: string;
  name: string;
  latest_revision: number;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
};

/** An eval definition as it was; numbered from 1 and never changed. */
export type EvalRevisionTable = {
  eval_id: string;
  revision: number;
  /** JSON of an `EvalDefinition`. */
  definition: string;
  hash: string;
  created_at: string;
};

export type EvalRunTable = {
  id: string;
  eval_id: string;
  eval_revision: number;
  agent_id: string;
  agent_version: number;
  dataset_revision_id: string;
  /** The configured endpoint that sessions run at; null for this server itself. */
  endpoint: string | null;
  status: JobStatus;
  epochs: number;
  /** 1 when no earlier result may be reused. */
  fresh: number;
  /** Whose answers were taken from sessions that exist; null when the version was asked. */
  recorded: Recording | null;
  /** JSON of a `RunPlan`, everything that was settled when the run began; null before. */
  plan: string | null;
  /** JSON of `RunCounts`. */
  counts: string;
  error: string | null;
  /** Grows whenever a process takes the run on; a write of an older attempt is refused. */
  attempt: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
};

/** One case in one epoch. A `done` row is final; an `error` row gives way to the next attempt. */
export type EvalResultTable = {
  run_id: string;
  /** The position of the case in the dataset revision. */
  position: number;
  epoch: number;
  case_id: string;
  case_hash: string;
  status: 'done' | 'error';
  /** Hash of all that decides what the agent answers: equal keys may share an outcome. */
  outcome_key: string;
  /** JSON: scores by the name of their scorer. */
  scores: string;
  /** JSON of an `Outcome`, or of a `CaseError`. */
  outcome: string;
};

/** What evaluation has made at an endpoint for its own use: an environment, the agents of judges. */
export type EvalObjectTable = {
  endpoint: string;
  kind: string;
  name: string;
  /** Hash of what the object was made from. */
  hash: string;
  object_id: string;
  version: number | null;
  created_at: string;
};

export type ComparisonTable = {
  id: string;
  eval_id: string;
  candidate_run_id: string;
  baseline_run_id: string;
  /** JSON of a `GatePolicy`. */
  gate: string;
  /** JSON of a `ComparisonOrigin`; null for one of ordinary runs. */
  origin: string | null;
  status: JobStatus;
  error: string | null;
  created_at: string;
  ended_at: string | null;
};

/** What a gate said about a comparison. Written once. */
export type VerdictTable = {
  comparison_id: string;
  verdict: Verdict;
  /** JSON of a `GateReport`. */
  report: string;
  created_at: string;
};

export type CalibrationTable = {
  id: string;
  eval_id: string;
  kind: 'gate' | 'judge';
  /** Hash of what the calibration holds for: it says nothing about anything else. */
  key: string;
  report: string;
  created_at: string;
};

/** A named pointer to a version of an agent. Only the release room writes it. */
export type AliasTable = {
  agent_id: string;
  name: string;
  /** Null until it is first set, and after it was removed. */
  version: number | null;
  /** The number of its last move; 0 before the first. Whoever moves it has to name the number that it saw. */
  move: number;
  /** JSON of an `AliasHold`; null unless somebody has to let it go before it moves again. */
  hold: string | null;
  /** JSON of an `AliasPolicy`. */
  policy: string;
  /** The rollout that is under way; null when there is none, and so are the next three. */
  rollout_id: string | null;
  canary_salt: string | null;
  /** The version that part of the traffic gets instead. */
  canary_version: number | null;
  /** How large that part is, in parts of 10,000. */
  canary_weight: number | null;
  created_at: string;
  updated_at: string;
};

/** The history of an alias: one row for each move, numbered from 1 without gaps, never changed. */
export type AliasMoveTable = {
  agent_id: string;
  alias: string;
  move: number;
  kind: MoveKind;
  from_version: number | null;
  to_version: number | null;
  /** The move whose version a rollback of this one goes back to; null when there is none. */
  before: number | null;
  /** JSON of an `AuditActor`. */
  actor: string;
  reason: string | null;
  /** JSON of a `MoveEvidence`; null when it was moved without. */
  evidence: string | null;
  created_at: string;
};

/** Sessions of a version that was rolled back, which are still to be stopped. The row goes when all are. */
export type SweepTable = {
  agent_id: string;
  alias: string;
  move: number;
  version: number;
  mode: 'stop_new_turns' | 'interrupt';
  created_at: string;
};

export type PromotionTable = {
  id: string;
  agent_id: string;
  alias: string;
  candidate_version: number;
  status: PromotionStatus;
  /** JSON of an `AuditActor`. */
  author: string;
  reason: string | null;
  /** JSON of a `PromotionBasis`: what its evidence and its approvals hold for. */
  basis: string;
  basis_hash: string;
  comparison_id: string | null;
  /** JSON of an `Override`; null unless somebody let it pass against its evidence. */
  override: string | null;
  /** The move that carried it out; null before. */
  move: number | null;
  /** The rollout that is carrying it out; null when none is. */
  rollout_id: string | null;
  /** How many rows it has in `reviews`. */
  reviews: number;
  created_at: string;
  updated_at: string;
  ended_at: string | null;
};

/** What somebody said about a promotion. Written once. */
export type ReviewTable = {
  id: string;
  promotion_id: string;
  /** From 1, without gaps. */
  position: number;
  decision: ReviewDecision;
  /** JSON of an `AuditActor`. */
  actor: string;
  comment: string | null;
  /** The basis that was looked at: a review counts for that one only. */
  basis_hash: string;
  created_at: string;
};

/** The audit log: appended to, never changed. */
export type AuditEntryTable = {
  /** From 1, without gaps. */
  seq: number;
  id: string;
  at: string;
  action: string;
  outcome: 'done' | 'refused';
  /** JSON of an `AuditActor`. */
  actor: string;
  subject_type: string;
  subject_id: string;
  reason: string | null;
  /** JSON, as is `after`. */
  before: string;
  after: string;
  previous_hash: string | null;
  hash: string;
};

/** One row: where the audit log ends. Locked by whoever appends. */
export type AuditHeadTable = { one: number; seq: number; at: string | null; hash: string | null };

export type WebhookTable = {
  id: string;
  url: string;
  description: string | null;
  /** JSON list of event types, or of `*` alone. */
  enabled_events: string;
  state: 'enabled' | 'disabled';
  /** Why the server has disabled it; null while it is enabled, and when somebody else did. */
  disabled_reason: 'gone' | 'failing' | null;
  /** When the first of all attempts since the last success has failed; null when the last one succeeded. */
  failing_since: string | null;
  /** The secret itself: what is signed cannot be signed with a hash. */
  signing_secret: string;
  /** The secret before, and until when it is still signed with; null when there is none. */
  old_secret: string | null;
  old_secret_until: string | null;
  created_at: string;
  updated_at: string;
};

/** The outbox: one event for one webhook, and what became of it. */
export type WebhookDeliveryTable = {
  id: string;
  webhook_id: string;
  /** The same for all webhooks that are told of one thing, and in every attempt. */
  event_id: string;
  event_type: string;
  /** What is sent, byte for byte. */
  body: string;
  status: 'pending' | 'delivered' | 'dead';
  /** Attempts that have ended, since it was made or last asked for again. */
  attempts: number;
  /** Of the last attempt: the status of the answer, or a word for why there was none. */
  response_status: number | null;
  error: string | null;
  last_attempt_at: string | null;
  /** When the next attempt is due; null unless it is pending. */
  due_at: string | null;
  created_at: string;
  /** When it was delivered or given up; null while it is pending. */
  ended_at: string | null;
};
