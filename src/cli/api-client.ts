import { CommandError, networkReason } from './command-error.ts';

/** Where commands find a server when nobody has said. */
export const defaultServerUrl = 'http://127.0.0.1:7295';

/** A server, and the key that it is shown; the names of where the key came from are for complaints. */
export type ServerAccess = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly key: string | null;
  readonly key_from: string | null;
  /** Ends every request, because the user has stopped the command. */
  readonly signal?: AbortSignal;
};

/** One request. */
export type ServerRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** Sent as JSON; absent sends nothing, or the file. */
  readonly body?: unknown;
  /** Sent as it is, piece by piece. */
  readonly file?: { readonly content_type: string; readonly bytes: ReadableStream<Uint8Array> };
  /** Ends the request and the reading of its answer; absent gives both together ten seconds. */
  readonly signal?: AbortSignal;
};

/** What came with a refusal besides its sentence. */
export type Refusal = {
  /** The status of the answer. */
  readonly status: number;
  /** Pawl's own word for what happened, as `docs/reference/errors.md` lists them; null where the answer has none. */
  readonly code: string | null;
};

/** A server answered, and the answer is no. */
export class RefusedError extends CommandError implements Refusal {
  readonly status: number;
  readonly code: string | null;

  constructor(message: string, { status, code }: Refusal) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const timeoutMs = 10_000;

/** The server that a flag names, or else the environment. @throws CommandError when that is no URL. */
export function serverAccess(
  flag: string | undefined,
  settings: Omit<ServerAccess, 'url'> & { readonly url: string | null },
): ServerAccess {
  const url = flag ?? settings.url ?? defaultServerUrl;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new CommandError(`${url} is not the URL of a server; it has to start with http:// or https://`);
  }
  return { url: url.replace(/\/+$/, ''), key: settings.key, key_from: settings.key_from };
}

/** Makes one request of a Pawl server and gives the body of its answer. @throws CommandError */
export async function callServer<T>(access: ServerAccess, request: ServerRequest): Promise<T> {
  const response = await requestServer(access, request);
  const answer = parseObject(await textOf(access, response));
  if (answer === null) throw refused(access, response.status, answer);
  return answer as T;
}

/** Makes one request of a Pawl server and gives its answer, unread. @throws CommandError, RefusedError */
export async function requestServer(access: ServerAccess, request: ServerRequest): Promise<Response> {
  const { method, path, body, file } = request;
  const contentType = file?.content_type ?? (body === undefined ? null : 'application/json');
  const signals = [request.signal ?? AbortSignal.timeout(timeoutMs), access.signal];
  let response: Response;
  try {
    response = await fetch(`${access.url}${path}`, {
      method,
      headers: {
        ...(access.key === null ? {} : { 'x-api-key': access.key }),
        ...(contentType === null ? {} : { 'content-type': contentType }),
      },
      body: file?.bytes ?? (body === undefined ? null : JSON.stringify(body)),
      duplex: 'half',
      // A key must not travel to wherever a redirect leads.
      redirect: 'manual',
      signal: AbortSignal.any(signals.filter((signal) => signal !== undefined)),
    });
  } catch (error) {
    throw unreachable(access, error);
  }
  if (response.status === 401) throw unauthorized(access);
  if (!response.ok) throw refused(access, response.status, parseObject(await textOf(access, response)));
  return response;
}

/** The body of an answer. @throws CommandError when the connection breaks before its end. */
export async function textOf(access: ServerAccess, response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw unreachable(access, error);
  }
}

/** What a refusal has in its body, whichever server it is of; null for what it does not say. */
export function saidIn(body: unknown): { readonly message: string | null; readonly code: string | null } {
  const { error } = (body ?? {}) as { error?: { message?: unknown; details?: { error_code?: unknown } } };
  const said = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { message: said(error?.message), code: said(error?.details?.error_code) };
}

/** What to say when there was no answer. */
export function unreachable(access: ServerAccess, error: unknown): CommandError {
  return new CommandError(
    `No server answers at ${access.url} (${networkReason(error)}); start one with \`pawl serve\`, or name another with --url`,
    { cause: error },
  );
}

/** What to say when the server lets nobody in with this key. */
function unauthorized({ url, key_from }: ServerAccess): RefusedError {
  const missing = `The server at ${url} asks for an API key; set PAWL_KEY`;
  const wrong = `The server at ${url} does not know the API key from ${key_from}; set PAWL_KEY to one that it knows`;
  return new RefusedError(key_from === null ? missing : wrong, { status: 401, code: 'authentication' });
}

function refused(access: ServerAccess, status: number, answer: object | null): RefusedError {
  const { message, code } = saidIn(answer);
  const stranger = `The server at ${access.url} answered with status ${status}, and not as Pawl does`;
  return new RefusedError(message ?? stranger, { status, code });
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
