import type { RolloutEventResponse, RolloutListed, RolloutResponse } from '../../api/rollouts.ts';
import { callServer, type ServerAccess } from '../api-client.ts';

/** What can be done to a rollout. */
export type RolloutVerb = 'pause' | 'resume' | 'advance' | 'abort' | 'retry' | 'rollback';

type Page<T> = { readonly data: readonly T[]; readonly next_page: string | null };

/** A server that is in trouble may take its time. */
const timeoutMs = 30_000;

/** Where the API has a rollout. */
export function rolloutPath(id: string): string {
  return `/pawl/v1/rollouts/${encodeURIComponent(id)}`;
}

/** A rollout as it is now, with its evidence. @throws CommandError */
export async function retrieveRollout(server: ServerAccess, id: string): Promise<RolloutResponse> {
  return callServer<RolloutResponse>(server, { method: 'GET', path: rolloutPath(id) });
}

/** Begins a rollout. @throws CommandError */
export async function createRollout(server: ServerAccess, body: object): Promise<RolloutResponse> {
  return callServer<RolloutResponse>(server, {
    ...{ method: 'POST', path: '/pawl/v1/rollouts', body },
    signal: AbortSignal.timeout(timeoutMs),
  });
}

/** Does something to a rollout, and gives what it is then; for `retry`, the new one. @throws CommandError */
export async function changeRollout(
  server: ServerAccess,
  id: string,
  { verb, body }: { readonly verb: RolloutVerb; readonly body: object },
): Promise<RolloutResponse> {
  return callServer<RolloutResponse>(server, {
    ...{ method: 'POST', path: `${rolloutPath(id)}/${verb}`, body },
    signal: AbortSignal.timeout(timeoutMs),
  });
}

/** The newest rollouts, and whether there are more. @throws CommandError */
export async function newestRollouts(
  server: ServerAccess,
  filter: {
    readonly agent_id?: string;
    readonly alias?: string;
    readonly status?: string;
    readonly most: number;
  },
): Promise<{ readonly data: readonly RolloutListed[]; readonly has_more: boolean }> {
  const { most, ...only } = filter;
  const query = new URLSearchParams({ limit: String(most), ...only });
  const path = `/pawl/v1/rollouts?${query}`;
  const { data, next_page } = await callServer<Page<RolloutListed>>(server, { method: 'GET', path });
  return { data, has_more: next_page !== null };
}

/** What ended a rollout; null while it is under way. @throws CommandError */
export async function endingOf(
  server: ServerAccess,
  { id, ended_at }: Pick<RolloutListed, 'id' | 'ended_at'>,
): Promise<RolloutEventResponse | null> {
  if (ended_at === null) return null;
  const path = `${rolloutPath(id)}/events?limit=1`;
  const { data } = await callServer<Page<RolloutEventResponse>>(server, { method: 'GET', path });
  return data[0] ?? null;
}
