import type { PawlError } from '../core/errors.ts';
import { type FlagErrorCode, type FlagFailure, flagsPath } from './wire/ofrep.ts';

/** What decides how an error is told to a client of OpenFeature. */
type Refused = {
  readonly url: string;
  /** Undefined or null when no body could be read. */
  readonly body: unknown;
  /** Undefined when the request came to no route. */
  readonly route: string | undefined;
};

/**
 * An error in the words of OFREP, which go beside those of every other route; null where nobody speaks that protocol. The
 * key is taken from the URL, as far as it can be decoded: some errors come before there are parameters.
 */
export function flagFailure({ url, body, route }: Refused, error: PawlError): FlagFailure | null {
  const [path = ''] = url.split('?');
  if (!path.startsWith('/ofrep/')) return null;
  const key = path.startsWith(`${flagsPath}/`) ? decoded(path.slice(flagsPath.length + 1)) : '';
  return {
    ...(key === '' ? {} : { key }),
    errorCode: route === undefined ? 'GENERAL' : errorCodeFor(error, body),
    errorDetails: error.message,
  };
}

function errorCodeFor({ code, entry }: PawlError, body: unknown): FlagErrorCode {
  if (entry.status === 404) return 'FLAG_NOT_FOUND';
  if (code === 'targeting_key_missing') return 'TARGETING_KEY_MISSING';
  if (code !== 'invalid_request') return 'GENERAL';
  // A body that could not be read never became one.
  return body === undefined || body === null ? 'PARSE_ERROR' : 'INVALID_CONTEXT';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
