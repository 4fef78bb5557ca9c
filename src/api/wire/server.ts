import type { ResolvedRoute } from '../../model/routes.ts';

/** What a process does of those that share a database. */
export type ProcessRole = 'all' | 'api' | 'worker';

/** A process that serves from the same database. */
export type ProcessStatus = {
  readonly name: string;
  readonly role: ProcessRole;
  readonly started_at: string;
  /** When it was last heard of. */
  readonly heard_at: string;
};

/** A model that somebody has named, and who answers for it. */
export type ModelStatus = {
  readonly id: string;
  readonly served_by: ResolvedRoute;
  /** Whether the embedded offline model answers, which knows nothing. */
  readonly offline: boolean;
  readonly priced: boolean;
};

/** What each setting of this name is; null for none. */
export type ServerLimits = {
  readonly max_turns: number;
  readonly max_turns_per_agent: number | null;
  readonly max_waiting_turns: number;
  readonly max_requests_per_provider: number;
  /** 0 for as many as anybody likes. */
  readonly rate_limit_per_minute: number;
  readonly max_requests: number;
  readonly max_streams: number;
  readonly max_tool_rounds: number;
  readonly max_file_bytes: number;
  readonly model_timeout_ms: number;
  readonly model_max_tokens: number;
  readonly model_max_retries: number;
  readonly retention_days: number | null;
  readonly file_retention_days: number | null;
};

/** What a server says about itself to those who operate it: nothing secret, and no place of the machine. */
export type ServerStatus = {
  readonly version: string;
  readonly started_at: string;
  readonly uptime_seconds: number;
  readonly database: 'sqlite' | 'postgres';
  /** What this process does of those that share a database. */
  readonly role: ProcessRole;
  /** Whether requests need a key. */
  readonly keys: 'required' | 'none';
  /** Of all processes together; 10000 stands for any more. */
  readonly work: {
    /** `busy` sessions have a turn under way, or one that waits for a place. */
    readonly turns: { readonly busy: number; readonly waiting: number };
    readonly eval_runs: { readonly running: number; readonly waiting: number };
    readonly webhook_deliveries: { readonly waiting: number; readonly dead: number };
  };
  /** Those that are heard of, oldest first. */
  readonly processes: readonly ProcessStatus[];
  /** Sorted by id; the first hundred. */
  readonly models: readonly ModelStatus[];
  /** Whether ids that sound like a real model's are answered offline, because nobody has configured a provider. */
  readonly falls_back_to_offline: boolean;
  readonly limits: ServerLimits;
};

export type ServerStatusResponse = ServerStatus & { readonly type: 'server' };
