import { setTimeout as wait } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import { isOver } from '../../core/evaluation.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
import { cancelRun } from '../eval/begin.ts';

/** What the story has made so far; null is not made yet. */
export type Belongings = {
  readonly environment_id: string;
  agent_id: string | null;
  dataset_id: string | null;
  eval_id: string | null;
  key_id: string | null;
  /** One that is under way. */
  rollout_id: string | null;
};

/** A server, through the SDK and without it. */
export type Connection = { readonly client: Anthropic; readonly access: ServerAccess };

/** Archives all that the story has made, and revokes its key. Rejects when the server refuses. */
export async function archiveAll(server: Connection, made: Belongings): Promise<void> {
  await Promise.all(archiving(server, made));
}

const stopWithinMs = 2000;
const putAwayWithinMs = 3000;

/** As `archiveAll` where the story breaks off: runs and sessions are stopped first. Best effort, and never rejects. */
export async function putAway(server: Connection, made: Belongings): Promise<void> {
  const away = async (): Promise<void> => {
    if (made.agent_id !== null) await stopAll(server, made.agent_id).catch(() => {});
    await Promise.allSettled(archiving(server, made));
  };
  await Promise.race([away(), wait(putAwayWithinMs, undefined, { ref: false })]);
}

function archiving({ client, access }: Connection, made: Belongings): Promise<unknown>[] {
  const { environment_id, agent_id, dataset_id, eval_id, key_id, rollout_id } = made;
  const post = (path: string, body?: object): Promise<unknown> =>
    callServer(access, { method: 'POST', path, ...(body === undefined ? {} : { body }) });
  return [
    ...(rollout_id === null ? [] : [post(`/pawl/v1/rollouts/${rollout_id}/abort`, {})]),
    ...(agent_id === null ? [] : [client.beta.agents.archive(agent_id)]),
    client.beta.environments.archive(environment_id),
    ...(eval_id === null ? [] : [post(`/pawl/v1/evals/${eval_id}/archive`)]),
    ...(dataset_id === null ? [] : [post(`/pawl/v1/datasets/${dataset_id}/archive`)]),
    ...(key_id === null ? [] : [post(`/pawl/v1/keys/${key_id}/revoke`)]),
  ];
}

const lookEveryMs = 100;

/** Stops what the agent is at, and waits until none of its sessions is open. */
async function stopAll(
  { client, access: { url, key, key_from } }: Connection,
  agentId: string,
): Promise<void> {
  const signal = AbortSignal.timeout(stopWithinMs);
  const access = { url, key, key_from, signal };
  const path = `/pawl/v1/eval_runs?limit=100&agent_id=${encodeURIComponent(agentId)}`;
  const runs = await callServer<{ readonly data: readonly EvalRunResponse[] }>(access, {
    method: 'GET',
    path,
  });
  await Promise.all(runs.data.filter(({ status }) => !isOver(status)).map(({ id }) => cancelRun(access, id)));
  while (!signal.aborted) {
    const { data: open } = await client.beta.sessions.list({ agent_id: agentId, limit: 100 }, { signal });
    if (open.length === 0) return;
    // One that still runs is refused here, and stopped by its run.
    await Promise.allSettled(open.map(({ id }) => client.beta.sessions.archive(id, null, { signal })));
    await wait(lookEveryMs, undefined, { signal });
  }
}
