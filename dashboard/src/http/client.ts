import type { ErrorResponse } from '../../../src/api/errors.ts';

/** An answer that is an error, with what the server says about it. */
export class ApiError extends Error {
  readonly status: number;
  /** What the server calls this error, such as `version_conflict`; `unreachable` when nobody answered. */
  readonly code: string;
  readonly request_id: string | null;

  constructor(
    message: string,
    { status, code, request_id }: Pick<ApiError, 'status' | 'code' | 'request_id'>,
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.request_id = request_id;
  }
}

/** What goes behind the question mark; undefined and null are left out, and a list gives a pair for each item. */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | null | undefined>
>;

type Headers = Readonly<Record<string, string>>;

/** Long enough for any answer that is not a stream. */
const patienceMs = 30_000;
/** A large file takes its time to be sent and read. */
const uploadMs = 15 * 60_000;

/** A path with its query. */
export function withQuery(path: string, query: Query = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.append(Array.isArray(value) ? `${name}[]` : name, String(one));
    }
  }
  return pairs.size === 0 ? path : `${path}?${pairs}`;
}

/** Reads something. @throws ApiError */
export function read<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return call<T>(withQuery(path, query), signal === undefined ? {} : { signal });
}

/** Does something, or makes something. @throws ApiError */
export function send<T>(path: string, body: unknown = {}, headers: Headers = {}): Promise<T> {
  const sent = { ...headers, 'content-type': 'application/json' };
  return call<T>(path, { method: 'POST', headers: sent, body: JSON.stringify(body) });
}

/** Takes something away. @throws ApiError */
export function remove<T>(path: string): Promise<T> {
  return call<T>(path, { method: 'DELETE' });
}

/** Brings a file, of whatever size. @throws ApiError */
export function upload<T>(path: string, file: Blob, type: string): Promise<T> {
  return call<T>(path, { method: 'POST', headers: { 'content-type': type }, body: file }, uploadMs);
}

async function call<T>(url: string, init: RequestInit, withinMs: number = patienceMs): Promise<T> {
  const timeout = AbortSignal.timeout(withinMs);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  const response = await answered(url, { ...init, signal });
  return (await response.json()) as T;
}

/** An answer that is none of an error. @throws ApiError */
export async function answered(url: string, init: RequestInit): Promise<Response> {
  if (leadsElsewhere(url)) {
    const what = { status: 404, code: 'no_such_page', request_id: null };
    throw new ApiError('This address leads to nothing', what);
  }
  let response: Response;
  try {
    response = await fetch(url, { ...init, redirect: 'error' });
  } catch (cause) {
    if (init.signal?.aborted === true && !isTimeout(init.signal.reason)) throw cause;
    throw new ApiError('The server does not answer', { status: 0, code: 'unreachable', request_id: null });
  }
  if (response.ok) return response;
  throw await errorOf(response);
}

/**
 * Whether a part of a path makes it another one. Ids come out of the address bar, and a link may have anything there:
 * a file that somebody has uploaded, say, would be shown as a promotion to approve.
 */
function leadsElsewhere(url: string): boolean {
  const [path = '', ...queries] = url.split('?');
  return queries.length > 1 || /[\\#\s]|\/(\.|%2e){1,2}(\/|$)/i.test(path);
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

async function errorOf(response: Response): Promise<ApiError> {
  const { status } = response;
  try {
    const { error, request_id } = (await response.json()) as ErrorResponse;
    return new ApiError(error.message, { status, code: error.details.error_code, request_id });
  } catch {
    return new ApiError(`The server answered with ${status}`, { status, code: 'unknown', request_id: null });
  }
}
