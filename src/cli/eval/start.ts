import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import { callServer, RefusedError } from '../api-client.ts';
import { InterruptedError } from '../command-error.ts';
import type { OpenServer } from '../open-server.ts';
import type { CommandFlags } from './command-line.ts';
import type { ReadyEval } from './eval-source.ts';
import { stopNote } from './follow.ts';
import { note } from './note.ts';
import type { Subject } from './subject.ts';

/** Where what is started departs from what the eval says, and what later commands about it need. */
export type StartOptions = {
  /** Absent takes the eval's own. */
  readonly agent?: string;
  readonly epochs?: number;
  readonly fresh?: true;
  readonly flags: CommandFlags;
};

/** Starts the run of one version; absent takes the latest. @throws CommandError, InterruptedError */
export async function startRun(
  server: OpenServer,
  ready: ReadyEval,
  options: StartOptions,
  agent_version: number | undefined,
): Promise<EvalRunResponse> {
  return start(server, ready, options, { path: 'eval_runs', versions: { agent_version } });
}

/** Starts two versions and their comparison; absent ones are the server's choice. @throws CommandError, InterruptedError */
export async function startComparison(
  server: OpenServer,
  ready: ReadyEval,
  options: StartOptions,
  versions: {
    readonly candidate_version: number | undefined;
    readonly baseline_version: number | undefined;
  },
): Promise<ComparisonResponse> {
  return start(server, ready, options, { path: 'comparisons', versions });
}

/** The server may have to ask another endpoint first. */
const timeoutMs = 60_000;
/** For the answer to what was sent when the user stops the command. */
const graceMs = 5000;

async function start<S extends Subject>(
  server: OpenServer,
  { eval: { id, revision, name }, dataset_revision }: ReadyEval,
  { agent, epochs, fresh, flags }: StartOptions,
  { path, versions }: { readonly path: string; readonly versions: object },
): Promise<S> {
  const body = {
    ...{ eval: id, eval_revision: revision, agent_id: agent, epochs, fresh },
    ...(dataset_revision === null ? {} : { dataset_revision }),
    ...versions,
  };
  const doubt = `Whether eval ${name} has begun is not known; \`pawl eval list\` shows what there is of it.`;
  return startJob<S>(server, { path: `/pawl/v1/${path}`, body, flags, doubt, timeout_ms: timeoutMs });
}

/** Something to begin on a server. */
export type JobStart = {
  readonly path: string;
  readonly body: object;
  readonly flags: CommandFlags;
  /** What to say when no answer came. */
  readonly doubt: string;
  readonly timeout_ms: number;
};

/**
 * Begins something. What was sent may cost money from then on, so that a stopped command still says what has begun.
 * @throws CommandError, InterruptedError
 */
export async function startJob<S extends Subject>(
  server: OpenServer,
  { path, body, flags, doubt, timeout_ms }: JobStart,
): Promise<S> {
  const { signal, ...access } = server;
  signal.throwIfAborted();
  const patience = new AbortController();
  const onStop = (): void => void setTimeout(() => patience.abort(), graceMs).unref();
  signal.addEventListener('abort', onStop, { once: true });
  try {
    const started = await callServer<S>(access, {
      method: 'POST',
      path,
      body,
      signal: AbortSignal.any([patience.signal, AbortSignal.timeout(timeout_ms)]),
    });
    if (!signal.aborted) return started;
    note(stopNote(server, started.id, flags));
  } catch (error) {
    if (!(error instanceof RefusedError)) note(doubt);
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', onStop);
  }
  throw new InterruptedError();
}
