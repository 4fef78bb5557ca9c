import { CommandError, networkReason } from './command-error.ts';

/** Where commands find a server when nobody has said. */
export const defaultServerUrl = 'http://127.0.0.1:7295';

/** A server, and the key that it is shown; the names of where the key came from are for complaints. */
export type ServerAccess = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly key: string | null;
  readonly key_from: string | null;
};

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
export async function callServer<T>(
  access: ServerAccess,
  { method, path, body }: { method: 'GET' | 'POST'; path: string; body?: unknown },
): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${access.url}${path}`, {
      method,
      headers: {
        ...(access.key === null ? {} : { 'x-api-key': access.key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      // A key must not travel to wherever a redirect leads.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch (error) {
    throw unreachable(access, error);
  }
  if (response.status === 401) throw unauthorized(access);
  const answer = parseObject(text);
  if (!response.ok || answer === null) throw refused(access, response.status, answer);
  return answer as T;
}

/** What to say when there was no answer. */
export function unreachable(access: ServerAccess, error: unknown): CommandError {
  return new CommandError(
    `No server answers at ${access.url} (${networkReason(error)}); start one with \`pawl serve\`, or name another with --url`,
    { cause: error },
  );
}

/** What to say when the server lets nobody in with this key. */
export function unauthorized({ url, key_from }: ServerAccess): CommandError {
  const missing = `The server at ${url} asks for an API key; set PAWL_KEY`;
  const wrong = `The server at ${url} does not know the API key from ${key_from}; set PAWL_KEY to one that it knows`;
  return new CommandError(key_from === null ? missing : wrong);
}

function refused(access: ServerAccess, status: number, answer: object | null): CommandError {
  const { error } = (answer ?? {}) as { error?: { message?: unknown } };
  if (typeof error?.message === 'string') return new CommandError(error.message);
  return new CommandError(`The server at ${access.url} answered with status ${status}, and not as Pawl does`);
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
