import { z } from 'zod';
import { PawlError } from '../../core/errors.ts';
import type { Score, Scorer } from '../score.ts';
import { firstLine, scoreFrom, unscored } from '../score-values.ts';
import type { ScorerContext } from './context.ts';
import { binary, identity, options, scorerHash } from './settings.ts';

const maxAnswer = 64 * 1024;

/** Settings of `http`. */
export const schema = z.strictObject({
  ...identity('http'),
  url: z
    .string()
    .max(2000, 'must have at most 2000 characters')
    .refine(
      (text) => endpointOf(text) !== null,
      'must be an http or https URL without a user, and no %2F or %5C in its path',
    )
    .meta({ description: 'An endpoint that takes a POST, below one of the URLs that the server allows.' }),
  options,
  binary,
});

/**
 * Scores with a user's own endpoint, which gets `{case, outcome, reading, options}` as JSON and answers
 * `{value, reason}`. A connection that fails and an answer of 500 or more are tried once more; any other failure is
 * unscored at once. The hash knows the URL, not what answers there.
 * @throws PawlError `invalid_request` when the server does not allow the URL.
 */
export function create(config: z.output<typeof schema>, context: ScorerContext): Scorer {
  const { url, name } = config;
  if (!context.http_prefixes.some((prefix) => isBelow(url, { prefix }))) {
    const allowed = context.http_prefixes.join(', ') || 'nothing';
    throw new PawlError(
      'invalid_request',
      `scorers.${name}.url: must be below what this server allows: ${allowed}`,
    );
  }
  return {
    name,
    hash: scorerHash(config, { version: 1 }),
    binary: config.binary,
    async score(scored, given) {
      const body = JSON.stringify({ ...scored, options: config.options });
      const signal = AbortSignal.any([given, AbortSignal.timeout(context.timeout_ms)]);
      const first = await ask({ url, body, signal });
      const { score } = first.again && !signal.aborted ? await ask({ url, body, signal }) : first;
      if (given.aborted) return unscored('the scorer was stopped');
      return signal.aborted ? unscored(`the endpoint did not answer within ${context.timeout_ms} ms`) : score;
    },
  };
}

type Asked = { readonly score: Score; readonly again: boolean };

async function ask(one: { url: string; body: string; signal: AbortSignal }): Promise<Asked> {
  const { url, body, signal } = one;
  try {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const response = await fetch(url, { method: 'POST', redirect: 'manual', headers, body, signal });
    if (!response.ok) {
      await response.body?.cancel();
      return { score: unscored(`the endpoint answered ${response.status}`), again: response.status >= 500 };
    }
    return { score: answered(await readBounded(response)), again: false };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { score: unscored(`the endpoint could not be asked: ${firstLine(cause)}`), again: true };
  }
}

/** The text of a response; null when it is longer than 64 KiB. */
async function readBounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxAnswer) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function answered(text: string | null): Score {
  if (text === null) return unscored(`the endpoint answered with more than ${maxAnswer} bytes`);
  try {
    return scoreFrom(JSON.parse(text));
  } catch {
    return unscored('the endpoint did not answer with JSON');
  }
}

/** Compares what a client will connect to and ask for, not how it is written. */
function isBelow(text: string, { prefix }: { readonly prefix: string }): boolean {
  const url = endpointOf(text);
  const allowed = endpointOf(prefix);
  if (url === null || allowed === null || url.origin !== allowed.origin) return false;
  const folder = allowed.pathname.endsWith('/') ? allowed.pathname : `${allowed.pathname}/`;
  return url.pathname === allowed.pathname || url.pathname.startsWith(folder);
}

/** An encoded slash would be one for some servers and not for others, so that nobody knows what it is below. */
function endpointOf(text: string): URL | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return url.username === '' && url.password === '' && !/%2f|%5c/i.test(url.pathname) ? url : null;
}
