import { contentHash } from '../core/canonical.ts';
import type { Store } from '../store/dialect.ts';
import { findEvalObject, findNewestEvalObject, insertEvalObject } from '../store/evals.ts';
import type { AgentVersion, Endpoint } from './endpoint.ts';
import { EndpointError } from './endpoint-error.ts';

/** What a judge said, or why it could not be asked. */
export type JudgeReply =
  | { readonly ok: true; readonly text: string; readonly cost_usd: number | null }
  | { readonly ok: false; readonly reason: string };

/** How scorers ask a model: a judge is an agent like any other, with versions, in sessions of its own. */
export type JudgePort = {
  /** The agent version with just this prompt; made when there is none. Rejects with an EndpointError. */
  agent(fields: {
    readonly name: string;
    readonly model: string;
    readonly system: string;
  }): Promise<AgentVersion>;
  /** Resolves whatever becomes of the session; rejects only with the signal's reason. */
  ask(agent: AgentVersion, text: string, signal: AbortSignal): Promise<JudgeReply>;
};

type Deps = {
  readonly store: Store;
  /** The present time, as it is stored. */
  readonly now: () => string;
  /** Empty for this server. */
  readonly endpoint_name: string;
  readonly endpoint: Endpoint;
  readonly environment: () => Promise<string>;
  readonly timeout_ms: number;
};

/** Judges at the endpoint that a run uses. */
export function createJudgePort({
  store,
  now,
  endpoint_name,
  endpoint,
  environment,
  timeout_ms,
}: Deps): JudgePort {
  let environmentId: Promise<string> | null = null;

  return {
    async agent({ name, model, system }) {
      const key = { endpoint: endpoint_name, kind: 'judge', name, hash: contentHash({ model, system }) };
      const known = await findEvalObject(store.db, key);
      if (known !== null) {
        const found = await unlessGone(endpoint.agentVersion(known.object_id, known.version));
        if (found !== null) return found;
      }
      const earlier = await findNewestEvalObject(store.db, key);
      const updated =
        earlier === null
          ? null
          : await unlessGone(endpoint.updateAgent(earlier.object_id, { model, system }));
      const made =
        updated ?? (await endpoint.createAgent({ name: `judge ${name}`.slice(0, 256), model, system }));
      const row = { ...key, object_id: made.agent_id, version: made.version, created_at: now() };
      await store.write((tx) => insertEvalObject(tx, row));
      return made;
    },

    async ask(agent, text, signal) {
      environmentId ??= environment();
      const answer = await endpoint.ask(
        {
          ...{ agent, text, timeout_ms },
          environment_id: await environmentId,
          metadata: { pawl_judge: agent.name },
          takes_tool_calls: false,
        },
        signal,
      );
      if (!answer.ok) return { ok: false, reason: answer.error.message };
      return { ok: true, text: answer.outcome.reply, cost_usd: answer.outcome.cost_usd };
    },
  };
}

/** Null when the endpoint no longer has, or no longer changes, what is asked for. */
async function unlessGone<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof EndpointError && (error.status === 404 || error.status === 400)) return null;
    throw error;
  }
}
