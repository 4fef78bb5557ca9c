import { short } from '../core/plain-text.ts';
import type { ConnectFailure } from '../outbound/connect-failure.ts';
import { AnswerTooLongError, NoAnswerError } from '../outbound/guarded-fetch.ts';
import { withoutSecret } from './answer.ts';
import { loadLibrary, lostData, RefusedError } from './connection.ts';
import { LimitError } from './limit-error.ts';
import type { McpErrorType } from './mcp-error.ts';
import { SilentError } from './within.ts';

/** What an error was, in words that go on from "The MCP server …". */
export type Trouble = {
  readonly type: McpErrorType;
  readonly words: string;
  /** Whether what was asked for may have been done. */
  readonly may_have_run: boolean;
  /** Whether the server answered, with an error in terms of the protocol, so that the connection is good. */
  readonly answered: boolean;
  /** Whether a new connection may help at once. */
  readonly stale: boolean;
};

const failed = {
  ...{ type: 'mcp_connection_failed_error', may_have_run: true, answered: false, stale: false },
} as const satisfies Partial<Trouble>;

const reasons: Readonly<Record<ConnectFailure, string>> = {
  address_not_allowed:
    'could not be connected to: it is on this machine, in a private network or not on HTTPS, which the operator of this server can allow',
  name_not_found: 'could not be connected to: its name is not known',
  tls_failed: 'could not be connected to: its certificate or its TLS was not accepted',
  timed_out: 'could not be connected to in time',
  connection_failed: 'could not be connected to',
};

/**
 * Says what an error of the library, or of what is below it, was. Nothing of what the server sent gets into the words
 * but the message of an error in terms of the protocol, short and without `secret`.
 */
export async function troubleOf(error: unknown, secret: string | null): Promise<Trouble> {
  const { ProtocolError, SdkHttpError, SdkError, SdkErrorCode } = await loadLibrary();
  const lost = { ...failed, stale: true, words: 'broke off before it had answered' };
  // The library wraps errors, and what happened first says most.
  for (const one of causesOf(error).reverse()) {
    if (one instanceof SilentError)
      return { ...failed, words: `did not answer within ${one.waited_ms / 1000} s` };
    if (one instanceof RefusedError) return refused(one.status, secret);
    if (one instanceof NoAnswerError) return unanswered(one);
    if (one instanceof LimitError) return { ...failed, may_have_run: false, words: one.message };
    if (one instanceof AnswerTooLongError) return { ...failed, words: 'answered with more than is taken' };
    if (one instanceof SdkHttpError) return answeredStatus(one.status);
    if (one instanceof ProtocolError) {
      const said = short(withoutSecret(one.message, secret), 500);
      return one.data === lostData
        ? lost
        : { ...failed, answered: true, words: `answered with an error: ${said}` };
    }
    if (one instanceof SdkError) {
      if (one.code === SdkErrorCode.ConnectionClosed || one.code === SdkErrorCode.NotConnected) return lost;
      if (one.code === SdkErrorCode.UnsupportedResultType) {
        return {
          ...failed,
          answered: true,
          words: 'asked for input in the middle of a call, which is not supported',
        };
      }
    }
  }
  return { ...failed, words: 'answered with something that is not MCP' };
}

function refused(status: number, secret: string | null): Trouble {
  if (status === 404) {
    return { ...failed, stale: true, may_have_run: false, words: `answered with HTTP ${status}` };
  }
  if (status !== 401 && status !== 403) {
    const words = `answered with a redirect (HTTP ${status}), which is not followed`;
    return { ...failed, may_have_run: false, words };
  }
  const words =
    secret === null
      ? `asked for credentials (HTTP ${status}), and there are none for it`
      : `did not accept the credentials (HTTP ${status})`;
  return { ...failed, type: 'mcp_authentication_failed_error', may_have_run: false, words };
}

function unanswered({ reason, may_have_arrived }: NoAnswerError): Trouble {
  const words = may_have_arrived ? 'broke off before it had answered' : reasons[reason];
  return { ...failed, stale: reason === 'connection_failed', may_have_run: may_have_arrived, words };
}

function answeredStatus(status: number): Trouble {
  // The 4xx say that the request was not taken at all; but 404 may also be of something behind the server.
  const may_have_run = status === 404 || status < 400 || status >= 500;
  return { ...failed, may_have_run, words: `answered with HTTP ${status}` };
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let one = error; one !== undefined && one !== null && causes.length < 8; ) {
    causes.push(one);
    one = one instanceof Error ? one.cause : undefined;
  }
  return causes;
}
