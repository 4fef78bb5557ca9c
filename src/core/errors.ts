/**
 * Every error that a client can be told about: its status, the SDK's word for the class, and what it means.
 * `docs/reference/errors.md` lists the same codes; a test holds the two together.
 * `retry: false` is sent as `x-should-retry: false`, because SDKs repeat a 409 that will never succeed.
 */
export const errorCatalog = {
  invalid_request: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A field has a wrong type or a value out of range.',
  },
  not_supported: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The API knows this field or value; this server does not do it yet.',
  },
  invalid_page: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A page cursor that this list did not make, or that was made for another order.',
  },
  invalid_metadata: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'Metadata has too many pairs, or a key or value that is too long.',
  },
  agent_model_required: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'An override sets the model to null.',
  },
  model_not_served: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'No model route serves this model id.',
  },
  agent_archived: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The agent is archived: it cannot be updated or start sessions.',
  },
  environment_archived: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The environment is archived: it cannot be updated or take sessions.',
  },
  invalid_config_type_change: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'An environment keeps the config type that it was created with.',
  },
  targeting_key_missing: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The alias has a rollout, and the flag was asked for without saying who is served.',
  },
  eval_archived: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The eval is archived: it takes no changes and starts no runs.',
  },
  vault_archived: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The vault is archived: it takes no changes and no credentials.',
  },
  credential_archived: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The credential is archived, and its secrets are gone.',
  },
  session_running: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The session is running; interrupt it and wait until it is idle.',
  },
  session_archived: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The session is archived and can only be read.',
  },
  call_not_open: {
    status: 400,
    type: 'invalid_request_error',
    meaning:
      'No open call of the session waits for such an answer: it was answered before, or was never asked.',
  },
  rate_limited: {
    status: 429,
    type: 'rate_limit_error',
    meaning:
      'The API key has made as many requests as it may in a minute, or the address too many without a valid key.',
  },
  session_queue_full: {
    status: 429,
    type: 'rate_limit_error',
    meaning: 'As many events wait for the session as may; send more when its turn is over, or interrupt it.',
  },
  budget_reached: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The session has used up its budget: raise or remove that before it is sent anything new.',
  },
  budget_not_raised: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The new budget is not above what the session has cost already.',
  },
  budget_create_only: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A session that was made without a budget, or has lost it, gets none later.',
  },
  model_not_budgetable: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A budget needs a price, and the price table has none for the model.',
  },
  model_does_not_support_mid_conversation_system: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The model takes no system messages in the middle of a conversation.',
  },
  thread_is_primary: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The primary thread of a session is archived with its session, and not by itself.',
  },
  storage_quota_exceeded: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'There is no room left for files; delete some.',
  },
  invalid_dataset: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'Cases that do not fit; the message has a line for each complaint. Nothing was kept.',
  },
  dataset_archived: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The dataset is archived: it takes no more cases.',
  },
  authentication: {
    status: 401,
    type: 'authentication_error',
    meaning: 'The API key is missing, unknown, revoked or past its time.',
  },
  permission: { status: 403, type: 'permission_error', meaning: 'The API key may not do this.' },
  own_promotion: {
    status: 403,
    type: 'permission_error',
    meaning: 'Authors do not decide on their own promotions or versions, whichever key they use.',
  },
  route_not_found: { status: 404, type: 'not_found_error', meaning: 'This server has no such route.' },
  agent_not_found: { status: 404, type: 'not_found_error', meaning: 'There is no agent with this id.' },
  version_not_found: { status: 404, type: 'not_found_error', meaning: 'The agent has no such version.' },
  alias_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'The agent has no such alias, or it stands for no version.',
  },
  promotion_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no promotion with this id.',
  },
  rollout_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no rollout with this id.',
  },
  shadow_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no shadow with this id.',
  },
  environment_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no environment with this id.',
  },
  vault_not_found: { status: 404, type: 'not_found_error', meaning: 'There is no vault with this id.' },
  credential_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'The vault has no credential with this id.',
  },
  model_not_found: { status: 404, type: 'not_found_error', meaning: 'No model route serves this model id.' },
  session_not_found: { status: 404, type: 'not_found_error', meaning: 'There is no session with this id.' },
  thread_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'The session has no thread with this id.',
  },
  file_not_found: { status: 404, type: 'not_found_error', meaning: 'There is no file with this id.' },
  file_expired: {
    status: 404,
    type: 'not_found_error',
    meaning: 'The time of the file is over, and its content is gone.',
  },
  dataset_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no dataset with this id or name.',
  },
  dataset_revision_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'The dataset has no such revision.',
  },
  key_not_found: { status: 404, type: 'not_found_error', meaning: 'There is no API key with this id.' },
  eval_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no eval with this id or name, or not at this revision.',
  },
  eval_run_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no eval run with this id.',
  },
  comparison_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no comparison with this id.',
  },
  webhook_not_found: { status: 404, type: 'not_found_error', meaning: 'There is no webhook with this id.' },
  delivery_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no delivery with this id.',
  },
  statistic_not_found: {
    status: 404,
    type: 'not_found_error',
    meaning: 'There is no statistic with this name.',
  },
  version_conflict: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The agent has moved on from the version that this update was based on.',
  },
  alias_moved: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The alias stands for another version than the request says; the message has which.',
  },
  alias_held: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The alias was rolled back and stays where it is until somebody releases it.',
  },
  alias_protected: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The alias moves by promotion and rollback alone.',
  },
  never_live: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning:
      'A rollback goes back to a version that the alias has stood for and that was not itself rolled back.',
  },
  promotion_blocked: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The promotion lacks something; the message has what.',
  },
  promotion_over: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The promotion is completed, rejected or withdrawn.',
  },
  promotion_open: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The same promotion is already in review.',
  },
  rollout_running: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The alias, or the promotion, has a rollout under way; the message has which.',
  },
  rollout_blocked: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The rollout cannot go on like this; the message has why, and what would help.',
  },
  rollout_moved: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The rollout is at another step than the request says; the message has which.',
  },
  rollout_over: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The rollout is completed, rolled back or aborted.',
  },
  stale_review: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'What the promotion stands on has changed since it was looked at.',
  },
  session_stopped: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The version of the session was rolled back, and the session with it; open a new one.',
  },
  report_not_ready: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The comparison is not over, or came to no report; its status says which.',
  },
  environment_in_use: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'Sessions still refer to the environment; delete them first, or archive it.',
  },
  session_terminated: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The session is archived or terminated and takes no more events.',
  },
  credential_exists: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The vault has an active credential for the same server; the message has which.',
  },
  credential_limit: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The vault has as many active credentials as it may have, which is 20.',
  },
  webhook_disabled: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The webhook is disabled, and nothing is sent to it; enable it first.',
  },
  score_limit: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'The session has as many scores as it may have, which is 1,000.',
  },
  webhook_limit: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    meaning: 'There are as many webhooks as there may be, which is 50; delete one first.',
  },
  request_timeout: {
    status: 408,
    type: 'timeout_error',
    meaning: 'The request did not arrive in time.',
  },
  request_too_large: {
    status: 413,
    type: 'request_too_large',
    meaning:
      'The request body is larger than 32 MiB, or 4 KiB where somebody signs in, or the file in it larger than one may be.',
  },
  internal: {
    status: 500,
    type: 'api_error',
    meaning: 'Something went wrong on the server; its log says what.',
  },
  vault_locked: {
    status: 503,
    type: 'api_error',
    retry: false,
    meaning: 'The server has no `PAWL_VAULT_KEY`, or not the one that the secrets are encrypted with.',
  },
  endpoint_failed: {
    status: 502,
    type: 'api_error',
    retry: false,
    meaning: 'The endpoint that an eval runs against refused, or cannot be reached.',
  },
  file_storage_unavailable: {
    status: 529,
    type: 'overloaded_error',
    meaning: 'The place where files are kept cannot be used just now; try again.',
  },
  overloaded: {
    status: 529,
    type: 'overloaded_error',
    meaning: 'The database cannot be used just now, or too much is under way or waits; try again.',
  },
} as const satisfies Record<string, ErrorEntry>;

type ErrorEntry = {
  readonly status: number;
  readonly type: string;
  readonly meaning: string;
  readonly retry?: false;
};
export type ErrorCode = keyof typeof errorCatalog;

/** An error meant for the client: `message` is what it reads. Anything private goes into `cause`. */
export class PawlError extends Error {
  readonly code: ErrorCode;
  /** After how many seconds the same request may succeed; null where nobody can say. */
  readonly retry_after_s: number | null;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retry_after_s?: number } = {}) {
    super(message, options);
    this.name = 'PawlError';
    this.code = code;
    this.retry_after_s = options.retry_after_s ?? null;
  }

  get entry(): ErrorEntry & { type: (typeof errorCatalog)[ErrorCode]['type'] } {
    return errorCatalog[this.code];
  }
}
