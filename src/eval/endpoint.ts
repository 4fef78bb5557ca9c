import Anthropic from '@anthropic-ai/sdk';
import { type AgentConfig, effectiveConfig } from '../core/agent-config.ts';
import { contentHash } from '../core/canonical.ts';
import type { Metadata } from '../core/metadata.ts';
import type { Price } from '../model/price-table.ts';
import { caseCost } from './case-price.ts';
import { EndpointError } from './endpoint-error.ts';
import { endpointFetch } from './endpoint-fetch.ts';
import type { CaseError } from './result.ts';
import type { Outcome } from './score.ts';
import { endsTurn, readTurn, type SessionEvent, saysThrottled } from './turn-reader.ts';

/** Where sessions run: any Managed Agents API, by its base URL and a key. */
export type EndpointAddress = { readonly base_url: string; readonly api_key: string };

/** An agent's version as the endpoint has it. */
export type AgentVersion = {
  readonly agent_id: string;
  readonly version: number;
  readonly name: string;
  readonly model: string;
  /** Hash of what decides its behaviour; on our own servers the same as on its sessions. */
  readonly config_hash: string;
};

/** One message to one version of an agent, in a session of its own. */
export type Ask = {
  readonly agent: AgentVersion;
  readonly environment_id: string;
  readonly text: string;
  readonly metadata: Metadata;
  readonly takes_tool_calls: boolean;
  readonly timeout_ms: number;
};

export type Answer =
  | { readonly ok: true; readonly outcome: Outcome }
  | {
      readonly ok: false;
      readonly error: CaseError;
      readonly throttled: Throttle | null;
      /** Whether another try is pointless for this case, or for every case of the run. */
      readonly final: Final;
    };

export type Final = 'case' | 'run' | null;

/** The endpoint took less than was asked of it. */
export type Throttle = { readonly retry_after_ms: number | null };

/**
 * The part of a Managed Agents API that evaluation needs. Every call goes through the official SDK; one that is
 * refused rejects with an EndpointError.
 */
export type Endpoint = {
  /** The version with this number, or the latest. */
  agentVersion(agentId: string, version: number | null): Promise<AgentVersion>;
  /** Makes an environment and gives its id. */
  createEnvironment(name: string): Promise<string>;
  /** Whether an environment is there and takes sessions. */
  hasEnvironment(id: string): Promise<boolean>;
  createAgent(fields: {
    readonly name: string;
    readonly model: string;
    readonly system: string;
  }): Promise<AgentVersion>;
  /** Makes the next version of an agent, or gives the latest when nothing changes. */
  updateAgent(id: string, fields: { readonly model: string; readonly system: string }): Promise<AgentVersion>;
  /** Resolves whatever happens to the session; rejects only with the signal's reason. */
  ask(ask: Ask, signal: AbortSignal): Promise<Answer>;
  /** Waits a few seconds for what is still being put in order, such as the archiving of finished sessions. */
  settle(): Promise<void>;
};

type Deps = {
  readonly address: EndpointAddress;
  readonly prices: readonly Price[];
  /** Milliseconds of a clock that only runs forward. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when the endpoint reports in mid-turn that its model is asked too much. */
  readonly onThrottled: () => void;
};

type Agent = Anthropic.Beta.BetaManagedAgentsAgent;

/** An open stream of a session's events, until the signal is aborted. */
type Line = {
  readonly heard: AsyncIterator<SessionEvent>;
  readonly signal: AbortSignal;
  cut(): void;
};

const requestTimeoutMs = 60_000;
const listEveryMs = 500;
/** How often an interrupted session is archived until it has stopped, and how long a run waits for that. */
const mostArchivings = 5;
const settleMs = 3000;
/** How long the stream of a session that was put away may take to end. */
const hangUpMs = 1000;

/** Opens an endpoint. No request is made before something is asked of it. */
export function openEndpoint({ address, prices, now, wait, onThrottled }: Deps): Endpoint {
  const { base_url, api_key } = address;
  const client = new Anthropic({
    baseURL: base_url,
    apiKey: api_key,
    authToken: null,
    // Refusals have to be seen here, so that fewer cases are sent.
    maxRetries: 0,
    timeout: requestTimeoutMs,
    logLevel: 'off',
    openTelemetry: false,
    fetch: endpointFetch(),
  });
  const closing = new Set<Promise<unknown>>();
  const { agents, environments, sessions } = client.beta;

  /** The turn's events, from the stream, or from the list where the stream breaks off. */
  async function converse(sessionId: string, text: string, { heard, signal }: Line): Promise<SessionEvent[]> {
    const content = [{ type: 'text' as const, text }];
    await sessions.events.send(sessionId, { events: [{ type: 'user.message', content }] }, { signal });
    const events: SessionEvent[] = [];
    try {
      for (let next = await heard.next(); next.done !== true; next = await heard.next()) {
        const event = next.value;
        events.push(event);
        if (saysThrottled(event)) onThrottled();
        // The stream stays open until the session is put away: see `hangUp`.
        if (endsTurn(event)) return events;
      }
    } catch {
      // A connection that was cut says nothing about the session.
    }
    for (;;) {
      signal.throwIfAborted();
      const listed: SessionEvent[] = [];
      for await (const event of sessions.events.list(sessionId, {}, { signal })) listed.push(event);
      const last = listed.at(-1);
      if (last !== undefined && endsTurn(last)) return listed;
      await wait(listEveryMs, signal);
    }
  }

  /** Puts a session away. One that still runs has to be stopped first; one that cannot be is left as it is. */
  async function retire(sessionId: string, stopFirst: boolean): Promise<void> {
    if (stopFirst) {
      await sessions.events.send(sessionId, { events: [{ type: 'user.interrupt' }] }).catch(() => {});
    }
    for (let attempt = 1; attempt <= mostArchivings; attempt++) {
      const archived = await sessions.archive(sessionId).then(
        () => true,
        () => false,
      );
      if (archived || !stopFirst) return;
      await wait(listEveryMs, AbortSignal.timeout(requestTimeoutMs));
    }
  }

  /** Listens to a session. */
  async function listen(sessionId: string, signal: AbortSignal): Promise<Line> {
    const stream = await sessions.events.stream(sessionId, {}, { signal, timeout: 2 ** 31 - 1 });
    return { heard: stream[Symbol.asyncIterator](), signal, cut: () => stream.controller.abort() };
  }

  function later(work: Promise<void>): void {
    const closed = work.catch(() => {}).finally(() => closing.delete(closed));
    closing.add(closed);
  }

  /** Opens a session. One that nobody waits for any more when it comes is put away. */
  async function open({ agent, environment_id, metadata }: Ask, signal: AbortSignal) {
    signal.throwIfAborted();
    const pinned = { type: 'agent', id: agent.agent_id, version: agent.version } as const;
    const opening = sessions.create({ agent: pinned, environment_id, metadata });
    const givenUp = Promise.withResolvers<never>();
    const giveUp = (): void => givenUp.reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp);
    try {
      return await Promise.race([opening, givenUp.promise]);
    } catch (error) {
      if (signal.aborted) later(opening.then(({ id }) => retire(id, false)));
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async function ask(ask: Ask, outer: AbortSignal): Promise<Answer> {
    // A signal of its own that is taken apart at the end: thousands of pending time-outs would hold on to memory.
    const stop = new AbortController();
    const { signal } = stop;
    const giveUp = (): void => stop.abort(outer.reason);
    let late = false;
    const patience = setTimeout(() => {
      late = true;
      stop.abort(new Error('Time is up'));
    }, ask.timeout_ms);
    outer.addEventListener('abort', giveUp);
    if (outer.aborted) giveUp();
    let sessionId: string | null = null;
    let line: Line | null = null;
    let finished = false;
    const failed = (kind: CaseError['kind'], message: string, final: Final = null): Answer => ({
      ok: false,
      error: { kind, message, session_id: sessionId },
      throttled: null,
      final,
    });
    try {
      const { agent } = ask;
      const session = await open(ask, signal);
      sessionId = session.id;
      if (session.agent.version !== agent.version) {
        const message = `the endpoint opened the session at version ${session.agent.version}, not at ${agent.version}`;
        return failed('wrong_version', message, 'run');
      }
      const began = now();
      line = await listen(session.id, signal);
      const events = await converse(session.id, ask.text, line);
      const latency_ms = Math.round((now() - began) * 1000) / 1000;
      finished = true;
      const turn = readTurn(events, { model: agent.model, takes_tool_calls: ask.takes_tool_calls });
      if (!turn.ok) {
        const { kind, message } = turn.error;
        if (kind !== 'needs_action') return failed(kind, message);
        return failed(kind, `${message}; in an eval, nobody does`, 'case');
      }
      const cost_usd = caseCost(turn.outcome, prices);
      return { ok: true, outcome: { ...turn.outcome, session_id: session.id, latency_ms, cost_usd } };
    } catch (error) {
      outer.throwIfAborted();
      if (late) {
        return failed('timeout', `the turn was not over within ${ask.timeout_ms / 1000} seconds`);
      }
      const { message, throttled, final } = explain(error);
      const failure = { kind: 'endpoint', message, session_id: sessionId } as const;
      // What is refused to an open session, which somebody may have deleted, says nothing about the next one.
      const hopeless = sessionId !== null && final === 'run' ? null : final;
      return { ok: false, error: failure, throttled, final: hopeless };
    } finally {
      clearTimeout(patience);
      outer.removeEventListener('abort', giveUp);
      const heard = line;
      if (sessionId !== null) later(retire(sessionId, !finished).then(() => hangUp(heard)));
    }
  }

  return {
    ask,
    agentVersion: (agentId, version) =>
      explained(async () => versionOf(await agents.retrieve(agentId, version === null ? {} : { version }))),
    createEnvironment: (name) => explained(async () => (await environments.create({ name })).id),
    hasEnvironment: (id) =>
      explained(async () => (await environments.retrieve(id)).archived_at === null).catch(
        (error: unknown) => {
          if (error instanceof EndpointError && error.status === 404) return false;
          throw error;
        },
      ),
    createAgent: (fields) => explained(async () => versionOf(await agents.create(fields))),
    updateAgent: (id, fields) => explained(async () => versionOf(await agents.update(id, fields))),
    async settle() {
      const patience = AbortSignal.timeout(settleMs);
      const enough = new Promise((resolve) => patience.addEventListener('abort', resolve));
      while (closing.size > 0 && !patience.aborted) await Promise.race([Promise.all(closing), enough]);
    },
  };
}

/**
 * Reads what is left on a line, which ends with its session: a connection that is cut cannot be used again, and a new
 * one for each case costs more than the rest of listening.
 */
async function hangUp(line: Line | null): Promise<void> {
  if (line === null) return;
  const patience = setTimeout(line.cut, hangUpMs);
  try {
    while ((await line.heard.next()).done !== true);
  } catch {
  } finally {
    clearTimeout(patience);
  }
}

/** Turns what the SDK throws into an EndpointError. */
async function explained<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const status =
      error instanceof Anthropic.APIError ? ((error.status as number | undefined) ?? null) : null;
    throw new EndpointError(explain(error).message, { status, cause: error });
  }
}

function versionOf(agent: Agent): AgentVersion {
  return {
    agent_id: agent.id,
    version: agent.version,
    name: agent.name,
    model: agent.model.id,
    config_hash: contentHash(effectiveConfig(configOf(agent))),
  };
}

/** The configuration in an answer: all that is not about when it was made and under which number. */
function configOf(agent: Agent): AgentConfig {
  const { id, type, version, created_at, updated_at, archived_at, ...config } = agent as Agent & {
    pawl?: unknown;
  };
  void [id, type, version, created_at, updated_at, archived_at];
  const { pawl: _pawl, ...official } = config;
  return official as unknown as AgentConfig;
}

const statusesOfTooMuch = [429, 503, 529];
const statusesWorthAnotherTry = [408, 409, 500, 502, 504];
/** The key, the agent or the environment is refused: every other case would be as well. */
const statusesOfTheRun = [401, 403, 404];

/** What an error of the SDK says: whether to slow down, and whether the next case would fare no better. */
function explain(error: unknown): {
  readonly message: string;
  readonly throttled: Throttle | null;
  readonly final: Final;
} {
  if (!(error instanceof Anthropic.APIError)) {
    return { message: error instanceof Error ? error.message : String(error), throttled: null, final: null };
  }
  const status = error.status as number | undefined;
  const { error: body } = (error.error ?? {}) as { error?: { message?: unknown } };
  const said = typeof body?.message === 'string' ? body.message : error.message;
  if (status === undefined) return { message: reasonOf(error), throttled: null, final: null };
  const message = `the endpoint answered with status ${status}: ${said}`;
  if (statusesOfTooMuch.includes(status)) {
    const seconds = Number(error.headers?.get('retry-after') ?? Number.NaN);
    return { message, throttled: { retry_after_ms: seconds >= 0 ? seconds * 1000 : null }, final: null };
  }
  if (statusesWorthAnotherTry.includes(status)) return { message, throttled: null, final: null };
  return { message, throttled: null, final: statusesOfTheRun.includes(status) ? 'run' : 'case' };
}

function reasonOf(error: Error): string {
  let root = error;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === 'string') return `the endpoint cannot be reached (${code})`;
    root = cause;
  }
  return root === error ? 'the endpoint cannot be reached' : `the endpoint gave no answer: ${root.message}`;
}
