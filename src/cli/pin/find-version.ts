import Anthropic from '@anthropic-ai/sdk';
import { RefusedError, type ServerAccess, unreachable } from '../api-client.ts';
import type { CommandError } from '../command-error.ts';

/** A version by its number, or by an alias that stands for one now. */
export type WantedVersion = number | { readonly alias: string };

/** What a server knows of a version. */
export type VersionAnswer =
  | {
      readonly kind: 'found';
      readonly version: number;
      /** Whether the agent is archived, so that no session can be opened. */
      readonly archived: boolean;
    }
  /** There is none; `problem` is the server's own sentence. */
  | { readonly kind: 'absent'; readonly problem: string }
  | { readonly kind: 'unreachable'; readonly error: CommandError };

const timeoutMs = 10_000;

/**
 * Looks a version up, by its number or by an alias. Works with Pawl and with every other Managed Agents endpoint.
 * @throws RefusedError when the server says no to the question itself.
 */
export async function findVersion(
  access: ServerAccess,
  agent: string,
  version: WantedVersion,
): Promise<VersionAnswer> {
  const { url, key, signal } = access;
  const client = new Anthropic({
    ...{ baseURL: url, apiKey: key ?? 'none', authToken: null },
    ...{ timeout: timeoutMs, maxRetries: 1, logLevel: 'off' },
  });
  try {
    const found = await (typeof version === 'number'
      ? client.beta.agents.retrieve(agent, { version }, { signal: signal ?? null })
      : client.beta.agents.retrieve(`${agent}@${version.alias}`, {}, { signal: signal ?? null }));
    return { kind: 'found', version: found.version, archived: found.archived_at !== null };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Anthropic.APIConnectionError) {
      return { kind: 'unreachable', error: unreachable(access, error.cause ?? error) };
    }
    if (!(error instanceof Anthropic.APIError)) throw error;
    const problem = sentenceIn(error.error) ?? error.message;
    if (error.status === 404) return { kind: 'absent', problem };
    throw new RefusedError(`${url} refuses to look up ${agent}: ${problem}`, error.status ?? 0);
  }
}

/** What a server says in the body of a refusal; null when it says nothing. */
function sentenceIn(body: unknown): string | null {
  const { error } = (body ?? {}) as { error?: { message?: unknown } };
  return typeof error?.message === 'string' ? error.message : null;
}
