import Anthropic from '@anthropic-ai/sdk';
import { RefusedError, type ServerAccess, saidIn, unreachable } from '../api-client.ts';
import type { CommandError } from '../command-error.ts';
import { sdkClient } from '../sdk-client.ts';

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

const patience = { timeout: 10_000, maxRetries: 1 };

/**
 * Looks a version up, by its number or by an alias. Works with Pawl and with every other Managed Agents endpoint.
 * @throws RefusedError when the server says no to the question itself.
 */
export async function findVersion(
  access: ServerAccess,
  agent: string,
  version: WantedVersion,
): Promise<VersionAnswer> {
  const { url, signal } = access;
  const { agents } = sdkClient(access, patience).beta;
  try {
    const found = await (typeof version === 'number'
      ? agents.retrieve(agent, { version }, { signal: signal ?? null })
      : agents.retrieve(`${agent}@${version.alias}`, {}, { signal: signal ?? null }));
    return { kind: 'found', version: found.version, archived: found.archived_at !== null };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Anthropic.APIConnectionError) {
      return { kind: 'unreachable', error: unreachable(access, error.cause ?? error) };
    }
    if (!(error instanceof Anthropic.APIError)) throw error;
    const { message, code } = saidIn(error.error);
    const problem = message ?? error.message;
    if (error.status === 404) return { kind: 'absent', problem };
    const refusal = { status: error.status ?? 0, code };
    throw new RefusedError(`${url} refuses to look up ${agent}: ${problem}`, refusal);
  }
}
