import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorBody, frame, type Reply, type Said, streamFrames, wholeBody } from './model-replies.ts';
import type { ChatRequest } from './model-requests.ts';

/** An HTTP error answer. `message` and `type` have defaults that fit the status. */
export type StatusFault = {
  readonly status: number;
  /** Seconds, or an HTTP date, sent as `retry-after`. */
  readonly retry_after?: number | string;
  /** Sent as `retry-after-ms`. */
  readonly retry_after_ms?: number;
  readonly message?: string;
  readonly type?: string;
  /** The code that only one of the protocols has. */
  readonly code?: string;
};

/** How a reply breaks off: in the middle of its text, or of the input of its last call. */
export type Break =
  /** The socket is destroyed. */
  | 'reset_midway'
  /** The stream ends well-formed, but before its last events. */
  | 'truncated'
  /** An error event, although the HTTP status was 200. */
  | 'mid_stream_error'
  /** A data line with broken JSON. */
  | 'malformed';

/** What goes wrong with one request, or what is said to it; a number is short for an HTTP status. */
export type Fault =
  | number
  | StatusFault
  | (Said & { readonly breaks?: Break })
  | Break
  | { readonly slow: { readonly first_byte_ms: number; readonly between_ms: number } }
  /** Sends these bytes as the whole event stream. */
  | { readonly raw: string }
  /** A 502 with the error page of a proxy. */
  | 'html_502'
  /** The socket is destroyed before the answer. */
  | 'reset'
  | 'empty_body'
  | 'empty_stream'
  /** Never answers. */
  | 'hang'
  | 'refusal';

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** Writes the answer to one request, with its fault if it has one. Resolves when nothing is left to write. */
export async function answer(
  response: ServerResponse,
  exchange: { readonly request: ChatRequest; readonly reply: Reply; readonly fault: Fault | null },
): Promise<void> {
  const { fault } = exchange;
  if (fault === 'hang') return;
  if (fault === 'reset') {
    response.socket?.destroy();
  } else if (fault === 'empty_body') {
    response.writeHead(200, { 'content-length': 0 }).end();
  } else if (fault === 'html_502') {
    const page = '<!doctype html><html><head><title>502</title></head><body>Bad Gateway</body></html>';
    response.writeHead(502, { 'content-type': 'text/html' }).end(page);
  } else if (typeof fault === 'number') {
    sendStatus(response, exchange.request, { status: fault });
  } else if (typeof fault === 'object' && fault !== null && 'status' in fault) {
    sendStatus(response, exchange.request, fault);
  } else if (exchange.request.stream) {
    await sendStream(response, exchange);
  } else {
    sendWhole(response, exchange);
  }
}

function sendStatus(response: ServerResponse, request: ChatRequest, fault: StatusFault): void {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (fault.retry_after !== undefined) headers['retry-after'] = String(fault.retry_after);
  if (fault.retry_after_ms !== undefined) headers['retry-after-ms'] = String(fault.retry_after_ms);
  const type = fault.type ?? errorTypes[fault.status] ?? 'api_error';
  const message = fault.message ?? `The fake model server answers ${fault.status}.`;
  const error = { type, message, ...(fault.code !== undefined && { code: fault.code }) };
  response.writeHead(fault.status, headers).end(errorBody(request.protocol, error));
}

function sendWhole(
  response: ServerResponse,
  { request, reply, fault }: { request: ChatRequest; reply: Reply; fault: Fault | null },
): void {
  const body = wholeBody(request.protocol, reply);
  const end = breakOf(fault);
  const broken = end !== null;
  response.writeHead(200, { 'content-type': 'application/json' });
  if (end === 'reset_midway') response.write(body.slice(0, 10), () => response.socket?.destroy());
  else if (fault === 'empty_stream') response.end();
  else response.end(broken ? body.slice(0, body.length / 2) : body);
}

async function sendStream(
  response: ServerResponse,
  { request, reply, fault }: { request: ChatRequest; reply: Reply; fault: Fault | null },
): Promise<void> {
  const slow = typeof fault === 'object' && fault !== null && 'slow' in fault ? fault.slow : null;
  if (slow !== null) await sleep(slow.first_byte_ms, undefined, { ref: false });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const [index, part] of faultyFrames(request, reply, fault).entries()) {
    if (slow !== null && index > 0) await sleep(slow.between_ms, undefined, { ref: false });
    if (response.destroyed) return;
    response.write(part);
  }
  if (breakOf(fault) === 'reset_midway') {
    // An empty write after the others calls back once they have left for the socket.
    response.write('\n', () => response.socket?.destroy());
    return;
  }
  response.end();
}

function faultyFrames(request: ChatRequest, reply: Reply, fault: Fault | null): readonly string[] {
  const { protocol } = request;
  const { opening, deltas, closing, midway } = streamFrames(protocol, reply);
  if (fault === 'empty_stream') return [];
  if (typeof fault === 'object' && fault !== null && 'raw' in fault) return [fault.raw];
  const started = [...opening, ...deltas.slice(0, midway)];
  const end = breakOf(fault);
  switch (end) {
    case null:
      return [...opening, ...deltas, ...closing];
    case 'reset_midway':
      return started;
    case 'truncated':
      return [...opening, ...deltas];
    case 'malformed':
      return [...started, frame(protocol, 'content_block_delta', '{"index": 0, "del')];
    case 'mid_stream_error': {
      const error = { type: 'overloaded_error', message: 'The fake model server is overloaded.' };
      return [...started, frame(protocol, 'error', errorBody(protocol, error))];
    }
    default:
      return end satisfies never;
  }
}

const allBreaks: readonly unknown[] = [
  'reset_midway',
  'truncated',
  'mid_stream_error',
  'malformed',
] satisfies Break[];

function breakOf(fault: Fault | null): Break | null {
  const end = typeof fault === 'object' && fault !== null && 'breaks' in fault ? fault.breaks : fault;
  return allBreaks.includes(end) ? (end as Break) : null;
}
