import { ModelError, type ModelErrorType, type ProviderName } from './model.ts';
import { retryAfterMs } from './retry-after.ts';

/** The longest piece of an upstream's own words that a message carries. */
const maxUpstreamChars = 500;

/** What the mapping has to know beside the exception itself. */
export type FailureContext = {
  readonly provider: ProviderName;
  /** The key that was sent, so that an upstream's echo of it can be blanked; null when none was. */
  readonly api_key: string | null;
  readonly now_ms: number;
};

/**
 * What an exception of a provider SDK means. It has a `status` when the upstream answered with an HTTP error,
 * and none when there was no answer at all. SDKs are recognised by shape, not by class: importing both to
 * compare classes would cost every start half a second.
 */
export function requestFailure(error: unknown, context: FailureContext): ModelError {
  const { status, headers, error: body, message } = fields(error);
  if (typeof status !== 'number') return connectionFailure(context.provider, error);
  const words = upstreamWords(body) ?? plainWords(message);
  return new ModelError({
    ...classify({ status, names: errorNames(body), words }),
    message: sentence(`The ${context.provider} provider answered with status ${status}`, words, context),
    retry_after_ms: headers instanceof Headers ? retryAfterMs(headers, context.now_ms) : null,
    cause: error,
  });
}

/** What an error event inside a stream means; the HTTP status was 200 by then, so its words decide. */
export function eventFailure(event: unknown, context: FailureContext): ModelError {
  const { code } = fields(fields(event)['error']);
  const status = typeof code === 'number' ? code : null;
  const words = upstreamWords(event);
  return new ModelError({
    ...classify({ status, names: errorNames(event), words }),
    message: sentence(`The ${context.provider} provider broke off its reply`, words, context),
  });
}

/** No answer, or a connection lost in the middle of one. Only the system's code is told: addresses are ours. */
export function connectionFailure(provider: ProviderName, cause: unknown): ModelError {
  const code = systemCode(cause);
  const reason = code === null ? '' : ` (${code})`;
  return requestFailed({ message: `The connection to the ${provider} provider failed${reason}.`, cause });
}

/** A stream that cannot be read as a reply: it stopped too early or never does, or it is not what was asked for. */
export function streamFailure(
  provider: ProviderName,
  kind: 'empty' | 'truncated' | 'malformed' | 'endless',
  cause?: unknown,
): ModelError {
  const messages = {
    empty: `The ${provider} provider answered without a reply.`,
    truncated: `The ${provider} provider ended its reply before it was complete.`,
    malformed: `The ${provider} provider sent a reply that is not valid JSON.`,
    endless: `The ${provider} provider sent a reply of more than 128 MiB.`,
  } as const;
  return requestFailed({ message: messages[kind], cause });
}

/** The model stopped because what it read and wrote together fills all that it can hold. */
export function fullWindowFailure(provider: ProviderName): ModelError {
  return new ModelError({
    type: 'model_request_failed_error',
    message: `The ${provider} provider had no room left in the context window of its model.`,
    retryable: false,
    too_long: true,
  });
}

/** One of the two clocks ran out. */
export function timeoutFailure(
  provider: ProviderName,
  limit: { readonly clock: 'total' | 'idle'; readonly ms: number },
): ModelError {
  const what = limit.clock === 'total' ? 'did not finish its reply within' : 'sent nothing for';
  return requestFailed({ message: `The ${provider} provider ${what} ${limit.ms} ms.` });
}

const finalNames: ReadonlySet<string> = new Set([
  'invalid_request_error',
  'authentication_error',
  'permission_error',
  'not_found_error',
]);

/** The error's type, and what may help. `status` is null when there is none that means anything. */
function classify(answer: {
  readonly status: number | null;
  readonly names: readonly string[];
  readonly words: string | null;
}): { readonly type: ModelErrorType; readonly retryable: boolean; readonly too_long?: boolean } {
  const { status, names } = answer;
  const named = (...wanted: readonly string[]): boolean => wanted.some((name) => names.includes(name));
  // OpenAI reports an account without money as a 429, which no waiting will cure.
  if (status === 402 || named('billing_error', 'insufficient_quota')) {
    return { type: 'billing_error', retryable: false };
  }
  if (status === 529 || named('overloaded_error')) return { type: 'model_overloaded_error', retryable: true };
  if (status === 429 || named('rate_limit_error', 'rate_limit_exceeded')) {
    return { type: 'model_rate_limited_error', retryable: true };
  }
  if (isTooLong(answer)) return { type: 'model_request_failed_error', retryable: false, too_long: true };
  const retryable =
    status === null
      ? !names.some((name) => finalNames.has(name))
      : status === 408 || status === 409 || status >= 500;
  return { type: 'model_request_failed_error', retryable };
}

const tooLongNames: ReadonlySet<string> = new Set([
  'request_too_large',
  'context_length_exceeded',
  'exceed_context_size_error',
]);

// Most servers have only words for it: "prompt is too long", "exceeds the maximum context length", "input token count".
const tooLongWords =
  /context[ _-](?:length|limit|size|window)|(?:prompt|input|request) (?:is )?too (?:long|large)|input token count/i;

/** Whether the request held more than the model can read. Words count only for answers that blame the request. */
function isTooLong({ status, names, words }: Parameters<typeof classify>[0]): boolean {
  if (status === 413 || names.some((name) => tooLongNames.has(name))) return true;
  return (status === null || status === 400 || status === 422) && tooLongWords.test(words ?? '');
}

function requestFailed(parts: { readonly message: string; readonly cause?: unknown }): ModelError {
  return new ModelError({ type: 'model_request_failed_error', retryable: true, ...parts });
}

/** One SDK keeps the whole body, the other only the object under `error`; both lead to that object here. */
function errorNames(body: unknown): string[] {
  const outer = fields(body);
  const inner = 'error' in outer ? fields(outer['error']) : outer;
  return [inner['type'], inner['code']].filter((name) => typeof name === 'string');
}

/** The message in an error body; null when there is none. Some servers put bare text under `error` or `detail`. */
function upstreamWords(body: unknown): string | null {
  const outer = fields(body);
  const found = [body, fields(outer['error'])['message'], outer['message'], outer['error'], outer['detail']];
  return found.find((value): value is string => typeof value === 'string' && value.trim() !== '') ?? null;
}

/** The text of a body that was not JSON, which SDKs put behind the status; null for HTML and for no body. */
function plainWords(message: unknown): string | null {
  if (typeof message !== 'string') return null;
  const text = message.replace(/^\d{3} /, '').trim();
  return text === '' || text.startsWith('<') || text.startsWith('{') || text.includes('(no body)')
    ? null
    : text;
}

function sentence(start: string, words: string | null, context: FailureContext): string {
  if (words === null) return `${start}.`;
  const text = redact(words.replace(/\s+/g, ' ').trim(), context.api_key);
  const short = text.length > maxUpstreamChars ? `${text.slice(0, maxUpstreamChars).toWellFormed()}…` : text;
  return `${start}: ${short}${/[.!?…]$/.test(short) ? '' : '.'}`;
}

/** Blanks the key, and anything else that looks like one: upstreams echo masked or shortened keys as well. */
function redact(text: string, apiKey: string | null): string {
  const exact = apiKey === null || apiKey.length < 4 ? text : text.replaceAll(apiKey, '[redacted]');
  return exact
    .replace(/\bBearer\s+[^\s"',;]+/gi, 'Bearer [redacted]')
    .replace(/\bsk-[\w*.-]+/g, '[redacted]');
}

/** The first system error code among an exception and its causes, such as `ECONNREFUSED`; null without one. */
function systemCode(error: unknown): string | null {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const { code } = fields(current);
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
    current = current.cause;
  }
  return null;
}

/** The properties of an object, and none of anything else. Own and inherited: errors keep `message` as either. */
function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
