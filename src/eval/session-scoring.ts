import { contentHash } from '../core/canonical.ts';
import type { Price } from '../model/price-table.ts';
import type { Store } from '../store/dialect.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { OpenEndpoint } from './endpoint-threads.ts';
import { readLastTurn } from './last-turn.ts';
import { createPace } from './pace.ts';
import { patientEndpoint } from './patient-ask.ts';
import { createReader } from './reply.ts';
import type { Scorer } from './score.ts';
import type { ContextFields, ScorerContext } from './scorers/context.ts';
import { createScorer, type ScorerConfig } from './scorers/scorers.ts';
import { scoreAll } from './scoring.ts';

/** What came of scoring a session. */
export type SessionScoring =
  /** `value` is from 0 to 1; `reason` is null when a full score needs no words. */
  | ({ readonly kind: 'scored'; readonly value: number; readonly reason: string | null } & ScoringCost)
  /** The scorer could not tell; another time it might. */
  | ({ readonly kind: 'unscored'; readonly reason: string } & ScoringCost)
  /** The session's last turn has no answer, so that there is nothing to score. */
  | { readonly kind: 'no_answer'; readonly reason: string };

/** US dollars that scoring took, null when a price is not known. */
type ScoringCost = { readonly cost_usd: number | null };

/** A scorer, and under whose name its judge is kept: one owner's judges of one name are versions of one agent. */
export type OwnedScorer = { readonly owner: string; readonly config: ScorerConfig };

type Deps = {
  readonly store: Store;
  /** The table as it is now. */
  readonly prices: () => readonly Price[];
  /** This server, where judges are asked. */
  readonly openEndpoint: (onThrottled: () => void) => OpenEndpoint;
  readonly scorerContext: (given: ContextFields) => ScorerContext;
  /** Milliseconds of a clock that only runs forward. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Sessions of judges at a time, so that those of users are not held up. */
const mostJudged = 4;
const timeoutMs = 60_000;
/** For scorers that keep their own time, and may have to wait for others. */
const longestMs = 600_000;
const judgeAttempts = 2;

/**
 * Scorers at work on sessions that nobody runs for them, with the code and the judges that evals have. What it opens
 * is kept open until it is closed.
 */
export function createSessionScorers({ store, prices, openEndpoint, scorerContext, now, wait }: Deps) {
  const pace = createPace({ most: mostJudged, now });
  const throttled = (): void =>
    pace.tell({ type: 'throttled', now: now(), began: now(), retry_after_ms: null });
  const endpoint = openEndpoint(throttled);
  const judged = patientEndpoint(endpoint, { pace, max_attempts: judgeAttempts, now, wait });
  const read = createReader({ read: 'text' }, null);
  const made = new Map<string, Promise<Scorer>>();
  const ready = new Set<Scorer>();
  let hasJudges = false;
  let closed = false;

  function scorerOf({ owner, config }: OwnedScorer): Promise<Scorer> {
    const key = contentHash({ owner, config });
    const known = made.get(key);
    if (known !== undefined) return known;
    const fields = { endpoint_name: '', endpoint: judged, eval_name: owner, timeout_ms: timeoutMs };
    hasJudges ||= config.type === 'judge';
    const making = createScorer(config, scorerContext(fields));
    made.set(key, making);
    making.then(
      async (scorer) => {
        if (closed) await scorer.close?.();
        else ready.add(scorer);
      },
      () => void made.delete(key),
    );
    return making;
  }

  return {
    /**
     * Scores the last answer of a session.
     * @throws PawlError `invalid_request` when this server cannot run the scorer, EndpointError when its judge cannot be
     *   made, or the signal's reason.
     */
    async score(session: SessionRow, owned: OwnedScorer, signal: AbortSignal): Promise<SessionScoring> {
      const turn = await readLastTurn(store.db, session, prices());
      if (!turn.ok) return { kind: 'no_answer', reason: turn.reason };
      const scorer = await unlessStopped(scorerOf(owned), signal);
      const scored = { case: turn.case, outcome: turn.outcome, reading: read(turn.outcome) };
      const timeout_ms = scorer.keeps_time === true ? longestMs : timeoutMs;
      const score = (await scoreAll([scorer], scored, { timeout_ms, signal }))[scorer.name];
      const { value = null, reason = null, cost_usd = 0 } = score ?? {};
      if (value === null)
        return { kind: 'unscored', reason: reason ?? 'the scorer gave no reason', cost_usd };
      return { kind: 'scored', value, reason, cost_usd };
    },

    /** Ends what the scorers keep open, when none is at work any more. */
    async close(): Promise<void> {
      closed = true;
      // An endpoint that was never asked has nothing to put in order.
      if (hasJudges) await endpoint.settle().catch(() => {});
      endpoint.close();
      for (const scorer of ready) await scorer.close?.();
    },
  };
}

export type SessionScorers = ReturnType<typeof createSessionScorers>;

/** What comes, unless the signal comes first. */
async function unlessStopped<T>(coming: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await Promise.race([coming, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
