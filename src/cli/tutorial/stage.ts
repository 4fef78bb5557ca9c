import type Anthropic from '@anthropic-ai/sdk';
import type { RolloutResponse } from '../../api/rollouts.ts';
import { callServer, RefusedError, type ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import type { Subject } from '../eval/subject.ts';
import type { Served } from './step.ts';

/** Whom the story is told to, and with what. */
export type StoryOptions = {
  readonly client: Anthropic;
  /** The same server, for what the SDK does not know. */
  readonly access: ServerAccess;
  /** Whether others use the server too, so that names must not be theirs. */
  readonly is_shared: boolean;
  readonly model: string;
  /** The path of a file of cases. */
  readonly tickets: string;
  /** How many sessions may run side by side; null leaves it to the server. */
  readonly concurrency: number | null;
  /** How many customers write in a second, so that a person can follow it; null for as many as the server takes. */
  readonly customers_per_second: number | null;
  readonly signal: AbortSignal;
  /** Waits for the end of a run or a comparison; rejects when it fails. */
  readonly follow: <T extends Subject>(subject: T) => Promise<T>;
  /** Called again and again while a rollout is under way. */
  readonly onCanary: (rollout: RolloutResponse, served: Served) => void;
};

/** What the versions are measured with, and served by. */
export type Stage = {
  readonly agent_id: string;
  readonly environment_id: string;
  readonly eval_id: string;
  /** A second person's key. */
  readonly reviewer: string;
  /** Whether some hundred sessions cost nothing. */
  readonly is_free: boolean;
};

/** Posts as the author, or with another key. @throws CommandError, RefusedError */
export function post<T>(
  { access, signal }: StoryOptions,
  path: string,
  body: unknown,
  key: string | null = access.key,
): Promise<T> {
  return callServer<T>({ ...access, key, signal }, { method: 'POST', path: `/pawl/v1/${path}`, body });
}

/** Gets something of ours. @throws CommandError, RefusedError */
export function get<T>({ access, signal }: StoryOptions, path: string): Promise<T> {
  return callServer<T>({ ...access, signal }, { method: 'GET', path: `/pawl/v1/${path}` });
}

/** What the server says when it refuses; it has to. @throws CommandError when it does not */
export async function refused(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    throw error;
  }
  throw new CommandError('The server did what it should have refused');
}

/** The version that a caller gets who names the alias, in the SDK's own call. */
export async function versionServed(
  { client, signal }: StoryOptions,
  { agent_id, environment_id }: Stage,
): Promise<number> {
  const opened = { agent: `${agent_id}@production`, environment_id };
  const session = await client.beta.sessions.create(opened, { signal });
  await client.beta.sessions.archive(session.id, null, { signal });
  return session.agent.version;
}
