import { setTimeout as wait } from 'node:timers/promises';
import type { SessionErrorType } from '../core/events.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { ModelError } from '../model/model.ts';
import type { Prices } from '../model/prices.ts';
import { nextRetry, type RetryLimits } from '../model/retry.ts';
import type { Router } from '../model/router.ts';
import type { Ending } from './ending.ts';
import type { RequestPlan } from './plan.ts';
import type { Previews } from './previews.ts';
import type { Reply } from './reply.ts';
import type { TurnRecord } from './turn-record.ts';
import { type NextStep, type Run, type Stop, toldToStop } from './turn-work.ts';

/** What came of asking a model, with all attempts. */
export type Asked =
  | ({ readonly kind: 'replied' } & Reply)
  /** The request held more than the model can read. It is still open. */
  | { readonly kind: 'too_long'; readonly plan: RequestPlan; readonly error: unknown }
  /** The turn is over, or has to stop. */
  | { readonly kind: 'over'; readonly step: NextStep };

export type TooLong = Extract<Asked, { kind: 'too_long' }>;

type Attempt =
  | ({ readonly kind: 'replied' } & Reply)
  | { readonly kind: 'failed'; readonly error: unknown }
  | Stop;

/** How the log tells of a request that is made again. */
type Retry = { readonly attempt: number; readonly delay_ms: number; readonly error: SessionErrorType };

type Deps = {
  readonly router: Pick<Router, 'provider'>;
  readonly previews: Previews;
  readonly ids: Ids;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly retries: RetryLimits;
  /** What a model request costs at list prices. */
  readonly costOf: Prices['costOf'];
  /** A number in [0, 1), new at each call. */
  readonly random: () => number;
  readonly record: TurnRecord;
};

/** A request to make: what, and the id of its start in the history; null when it is not open. */
export type OpenRequest = {
  readonly plan: RequestPlan;
  readonly span_id: string | null;
  /** Whether nobody is to see the reply while it is written. */
  readonly silent?: boolean;
};

/** Makes requests to models, again and again where that may help. */
export function createAsking(deps: Deps) {
  const { router, previews, ids, log, telemetry, retries, costOf, random, record } = deps;

  async function attempt(run: Run, { plan, span_id, silent = false }: OpenRequest): Promise<Attempt> {
    const { request, provider } = plan;
    const message_id = ids.next('event');
    const isShown = span_id !== null && !silent;
    const preview = isShown ? previews.open(run.sessionId, { span_id, event_id: message_id }) : null;
    const blocks: string[] = [];
    try {
      if (provider === null) throw unserved(request.model);
      const client = await router.provider(provider);
      const reply = await client.send(request, {
        signal: run.signal,
        agent_id: plan.agent_id,
        onText: (piece, index) => {
          blocks[index] = (blocks[index] ?? '') + piece;
          preview?.text(piece, index);
        },
      });
      const { usage, served_model: model } = reply;
      const cost_usd = costOf({ agent_model: run.config.model.id, provider, model, usage });
      if (cost_usd !== null) telemetry.metrics.modelPaid({ provider, model: request.model }, cost_usd);
      return { kind: 'replied', reply, provider, message_id, cost_usd };
    } catch (error) {
      if (!run.signal.aborted) return { kind: 'failed', error };
      if (silent) return toldToStop(run);
      const content = blocks.map((text) => ({ type: 'text', text }) as const);
      return toldToStop(run, content.length === 0 ? null : { content, message_id });
    } finally {
      preview?.close();
    }
  }

  /** How long to wait before the request is made again; null when that would not help. */
  function retryDelay({ sessionId }: Run, error: unknown, made: number): number | null {
    if (error instanceof ModelError) {
      const next = nextRetry({ attempt: made, error, limits: retries, jitter: random() });
      return next.type === 'retry' ? next.delay_ms : null;
    }
    log.error(
      { session_id: sessionId, err: error },
      'A model request failed in a way that no provider reports',
    );
    return null;
  }

  function tellRetry({ sessionId }: Run, { plan }: OpenRequest, about: Retry): void {
    const { provider, request } = plan;
    const asked = { provider: provider ?? 'none', model: request.model };
    telemetry.metrics.modelRetried(asked);
    log.debug({ session_id: sessionId, ...asked, ...about }, 'A model request failed, and is made again');
  }

  /** Waits before a retry; says whether the turn was told to stop meanwhile. */
  async function pause(run: Run, ms: number): Promise<Stop | null> {
    try {
      await wait(ms, undefined, { signal: run.signal });
      return null;
    } catch {
      return toldToStop(run);
    }
  }

  async function over(run: Run, stop: Stop | Ending): Promise<Asked> {
    return { kind: 'over', step: stop.kind === 'stopped' ? 'stopped' : await record.end(run, stop) };
  }

  /** Makes a request that is open. */
  return async (run: Run, open: OpenRequest): Promise<Asked> => {
    for (let made = 1, { span_id } = open; ; made++) {
      const got = await attempt(run, { ...open, span_id });
      if (got.kind === 'replied') return got;
      if (got.kind !== 'failed') return over(run, got);
      if (isTooLong(got.error)) return { kind: 'too_long', plan: open.plan, error: got.error };
      const delayMs = retryDelay(run, got.error, made);
      if (delayMs === null) return over(run, failedFor(got.error));
      tellRetry(run, open, { attempt: made, delay_ms: delayMs, error: describe(got.error).type });
      await record.reschedule(run, { ...describe(got.error), retry_status: { type: 'retrying' } });
      const stop = await pause(run, delayMs);
      if (stop !== null) return over(run, stop);
      span_id = await record.begin(run);
    }
  };
}

export type Asking = ReturnType<typeof createAsking>;

/** The end of a turn whose model could not be asked. */
export function failedFor(error: unknown): Ending {
  return { kind: 'exhausted', error: { ...describe(error), retry_status: { type: 'exhausted' } } };
}

function isTooLong(error: unknown): boolean {
  return error instanceof ModelError && error.too_long;
}

function unserved(model: string): ModelError {
  return new ModelError({
    type: 'model_request_failed_error',
    message: `No model route serves ${model} any more`,
    retryable: false,
  });
}

function describe(error: unknown): { readonly type: SessionErrorType; readonly message: string } {
  if (error instanceof ModelError) return { type: error.type, message: error.message };
  return {
    type: 'unknown_error',
    message: 'The model request failed for a reason that the server log names',
  };
}
