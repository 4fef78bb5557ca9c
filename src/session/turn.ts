import { setTimeout as wait } from 'node:timers/promises';
import type { Versions } from '../agent/versions.ts';
import { type AgentConfig, type AgentOverrides, applyOverrides } from '../core/agent-config.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { conversationTypes, type EventBody, type EventDraft, type SessionError } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { ModelError, type ModelReply, type ModelRequest, type ProviderName } from '../model/model.ts';
import { nextRetry, type RetryLimits } from '../model/retry.ts';
import type { Router } from '../model/router.ts';
import type { Handle, Store } from '../store/dialect.ts';
import { hasQueuedInterrupt, listEvents, listInbox } from '../store/events.ts';
import { findSession, type SessionRow } from '../store/sessions.ts';
import { requestStart, rescheduled, running } from './choreography.ts';
import { type Ended, type Ending, endTurn, failedRequest } from './ending.ts';
import { type Journal, requireAttempt } from './journal.ts';
import { transcript } from './transcript.ts';

/** Why a turn is told to stop: a client interrupted it, or the process is stopping and will take it up again. */
export type StopSignal = 'interrupt' | 'shutdown';

type Deps = {
  readonly store: Store;
  readonly journal: Journal;
  readonly versions: Versions;
  readonly router: Router;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly retries: RetryLimits;
  /** The most tokens that one reply may have. */
  readonly max_tokens: number;
  /** A number in [0, 1), new at each call. */
  readonly random: () => number;
};

/** One turn of one session, by whoever holds its attempt. */
export type TurnWork = {
  readonly sessionId: string;
  readonly attempt: number;
  /** Whether the first request is open already; otherwise the session was taken over in the middle of a turn. */
  readonly opened: boolean;
  /** Aborted with a {@link StopSignal} as its reason. */
  readonly signal: AbortSignal;
};

type Stop = Extract<Ending, { kind: 'interrupted' }> | { readonly kind: 'stopped' };
type Attempted = Ending | { readonly kind: 'failed'; readonly error: unknown } | Stop;

/** Runs turns: ask the model, try again where that may help, and write down what happened. */
export function createTurns(deps: Deps) {
  const { journal, clock, ids, log } = deps;
  const draft = (body: EventBody): EventDraft => ({ ...body, id: ids.next('event') });

  /** Opens a model request in the history; one that a crash left open is closed as failed. */
  async function begin({ sessionId, attempt }: TurnWork): Promise<void> {
    await journal.write(sessionId, (session) => {
      requireAttempt(session, attempt);
      const resumed = session.status === 'rescheduling' ? running(session).map(draft) : [];
      const start = requestStart(ids);
      return {
        events: [...failedRequest(session).map(draft), ...resumed, start],
        changes: { status: 'running', open_span: start.id },
        result: null,
      };
    });
  }

  async function reschedule({ sessionId, attempt }: TurnWork, error: SessionError): Promise<void> {
    await journal.write(sessionId, (session) => {
      requireAttempt(session, attempt);
      return {
        events: [...failedRequest(session), ...rescheduled(session, error)].map(draft),
        changes: { status: 'rescheduling', open_span: null, updated_at: formatTime(clock.now()) },
        result: null,
      };
    });
  }

  async function end({ sessionId, attempt }: TurnWork, ending: Ending): Promise<Ended> {
    const written = await journal.write(sessionId, async (session, tx) => {
      requireAttempt(session, attempt);
      return endTurn(session, ending, await readInbox(tx, session), { ids, now: clock.now() });
    });
    return written.result;
  }

  async function ask(work: TurnWork, { request, provider }: RequestPlan): Promise<Attempted> {
    let text = '';
    try {
      if (provider === null) throw unserved(request.model);
      const client = await deps.router.provider(provider);
      const reply: ModelReply = await client.send(request, {
        signal: work.signal,
        onText: (piece) => {
          text += piece;
        },
      });
      return { kind: 'replied', reply, provider };
    } catch (error) {
      if (!work.signal.aborted) return { kind: 'failed', error };
      return toldToStop(work, text);
    }
  }

  /** Waits before a retry; says whether the turn was told to stop meanwhile. */
  async function pause(work: TurnWork, ms: number): Promise<Stop | null> {
    try {
      await wait(ms, undefined, { signal: work.signal });
      return null;
    } catch {
      return toldToStop(work, '');
    }
  }

  /** How long to wait before the request is made again; null when that would not help. */
  function retryDelay(error: unknown, attempt: number): number | null {
    if (error instanceof ModelError) {
      const next = nextRetry({ attempt, error, limits: deps.retries, jitter: deps.random() });
      return next.type === 'retry' ? next.delay_ms : null;
    }
    log.error({ err: error }, 'A model request failed in a way that no provider reports');
    return null;
  }

  return {
    /**
     * Runs a turn to its end. Gives `stopped` when the process is stopping: the session stays as it is, to be
     * taken up again.
     * @throws FencedError when somebody else has taken the session on.
     */
    async run(work: TurnWork): Promise<Ended | 'stopped'> {
      const plan = await planRequest(deps, work.sessionId);
      if (plan.interrupted) return end(work, { kind: 'interrupted', text: '' });
      for (let attempt = 1; ; attempt++) {
        if (attempt > 1 || !work.opened) await begin(work);
        const asked = await ask(work, plan);
        if (asked.kind === 'stopped') return 'stopped';
        if (asked.kind !== 'failed') return end(work, asked);
        const delayMs = retryDelay(asked.error, attempt);
        const failure = describe(asked.error);
        if (delayMs === null) {
          return end(work, { kind: 'exhausted', error: { ...failure, retry_status: { type: 'exhausted' } } });
        }
        await reschedule(work, { ...failure, retry_status: { type: 'retrying' } });
        const stop = await pause(work, delayMs);
        if (stop?.kind === 'stopped') return 'stopped';
        if (stop !== null) return end(work, stop);
      }
    },
  };
}

export type Turns = ReturnType<typeof createTurns>;

/** What a session's model is asked, and whom. */
type RequestPlan = {
  readonly request: ModelRequest;
  /** Null when no route serves the model any more. */
  readonly provider: ProviderName | null;
  /** Whether an interrupt was waiting already; one that comes later arrives through the signal. */
  readonly interrupted: boolean;
};

async function planRequest(
  { store, versions, router, max_tokens }: Deps,
  sessionId: string,
): Promise<RequestPlan> {
  const session = await findSession(store.db, sessionId);
  if (session === null) throw new Error(`Session ${sessionId} is gone`);
  const config = await sessionConfig(versions, session);
  const rows = await listEvents(store.db, sessionId, {
    filter: { types: conversationTypes },
    order: 'asc',
    after: null,
    limit: Number.MAX_SAFE_INTEGER,
  });
  const route = router.route(config.model.id);
  return {
    interrupted: session.queued > 0 && (await hasQueuedInterrupt(store.db, sessionId)),
    provider: route?.provider ?? null,
    request: {
      model: route?.model ?? config.model.id,
      system: config.system,
      messages: transcript(rows.map((row) => JSON.parse(row.data))),
      effort: config.model.effort.type,
      max_tokens,
    },
  };
}

/** The configuration that a session runs with: its version, with its overrides laid over. */
export async function sessionConfig(versions: Versions, session: SessionRow): Promise<AgentConfig> {
  const version = await versions.require(session.agent_id, session.agent_version);
  const overrides = session.overrides === null ? null : (JSON.parse(session.overrides) as AgentOverrides);
  return applyOverrides(version.config, overrides);
}

async function readInbox(db: Handle, session: SessionRow): Promise<EventDraft[]> {
  if (session.queued === 0) return [];
  const rows = await listInbox(db, session.id);
  return rows.map((row) => {
    const { processed_at: _unset, ...event } = JSON.parse(row.data) as EventDraft & { processed_at: null };
    return event as EventDraft;
  });
}

/** What becomes of a turn whose signal was aborted; `text` is what had arrived of a reply. */
function toldToStop({ signal }: TurnWork, text: string): Stop {
  return signal.reason === 'interrupt' ? { kind: 'interrupted', text } : { kind: 'stopped' };
}

function unserved(model: string): ModelError {
  return new ModelError({
    type: 'model_request_failed_error',
    message: `No model route serves ${model} any more`,
    retryable: false,
  });
}

function describe(error: unknown): Omit<SessionError, 'retry_status'> {
  if (error instanceof ModelError) return { type: error.type, message: error.message };
  return {
    type: 'unknown_error',
    message: 'The model request failed for a reason that the server log names',
  };
}
