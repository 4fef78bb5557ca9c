import type { AuditActor } from '../../core/audit-entry.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { firstLine } from '../../eval/score-values.ts';
import type { ScorerConfig } from '../../eval/scorers/scorers.ts';
import type { OwnedScorer, SessionScorers, SessionScoring } from '../../eval/session-scoring.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { addScoringCost, changeScoring, type DueScoring } from '../../store/online-scorings.ts';
import { findRollout } from '../../store/rollouts.ts';
import { findSession, lockSession, type SessionRow } from '../../store/sessions.ts';
import { isUnavailable } from '../../store/unavailable.ts';
import { settingsOf } from '../rollout/rollout.ts';

/** Keeps a score of a session. */
export type RecordScore = (
  tx: Handle,
  session: { readonly session_id: string },
  score: {
    readonly name: string;
    readonly value: number;
    readonly comment: string | null;
    readonly source: 'scorer';
    readonly actor: AuditActor;
  },
) => Promise<unknown>;

export type AttemptDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly recordScore: RecordScore;
  /** In whose name scores are given. */
  readonly actor: AuditActor;
};

type Attempt = {
  readonly due: DueScoring;
  readonly scorers: Pick<SessionScorers, 'score'>;
  readonly signal: AbortSignal;
};

/** How long after each failed attempt the next one is; after as many as there are and one more, it is given up. */
const pausesUs = [30_000_000, 300_000_000];

/**
 * Has a session scored, and writes down what came of it: once, however often it is tried. Gives whether the scorer has
 * scored it; null when it was not asked. Rejects when the database cannot be used; nothing is written then, nor when the
 * signal comes first.
 */
export async function attemptScoring(
  deps: AttemptDeps,
  { due, scorers, signal }: Attempt,
): Promise<boolean | null> {
  const { store } = deps;
  const found = await find(store.db, due);
  // Its row goes with the session.
  if (found === null) return null;
  if (!found.ok) {
    await leave(deps, due, found.reason);
    return null;
  }
  const { session, owned } = found;
  const scoring = await scorers.score(session, owned, signal).catch((error: unknown): SessionScoring => {
    if (isUnavailable(error)) throw error;
    return { kind: 'unscored', reason: firstLine(error), cost_usd: 0 };
  });
  if (signal.aborted) return null;
  switch (scoring.kind) {
    case 'scored':
      await keep(deps, { due, session }, scoring);
      return true;
    case 'no_answer':
      await leave(deps, due, scoring.reason);
      return null;
    case 'unscored':
      await postpone(deps, due, scoring);
      return false;
  }
}

type Found =
  | { readonly ok: true; readonly session: SessionRow; readonly owned: OwnedScorer }
  | { readonly ok: false; readonly reason: string };

/** What is to be scored, and by what; null when the session is gone. */
async function find(db: Handle, { session_id, rollout_id, name }: DueScoring): Promise<Found | null> {
  const session = await findSession(db, session_id);
  if (session === null) return null;
  const rollout = await findRollout(db, rollout_id);
  if (rollout === null || rollout.ended_at !== null) return { ok: false, reason: 'the rollout is over' };
  const scorer = settingsOf(rollout).scorers.find((one) => one.name === name);
  if (scorer === undefined) return { ok: false, reason: `the rollout has no scorer ${name}` };
  const config = scorer.scorer as ScorerConfig;
  return { ok: true, session, owned: { owner: session.agent_id, config } };
}

async function keep(
  deps: AttemptDeps,
  { due, session }: { readonly due: DueScoring; readonly session: SessionRow },
  { value, reason, cost_usd }: Extract<SessionScoring, { kind: 'scored' }>,
): Promise<void> {
  const { store, recordScore, actor } = deps;
  const { session_id, name, turns } = due;
  const scored = { turns: Math.max(turns, session.turns), attempts: 0, due_at: null, error: null };
  try {
    await store.write(async (tx) => {
      // First, in the order in which looks lock as well.
      const isThere = (await lockSession(tx, store.dialect, session_id)) !== null;
      // Asked for again since, it will be scored with its newest turn.
      if (isThere && (await changeScoring(tx, due, scored))) {
        await recordScore(tx, { session_id }, { name, value, comment: reason, source: 'scorer', actor });
      }
      if (cost_usd !== 0) await addScoringCost(tx, due, cost_usd);
    });
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    await giveUp(deps, due, { reason: error.message, cost_usd });
  }
}

/** What came of an attempt without a score. */
type Unscored = Pick<Extract<SessionScoring, { kind: 'unscored' }>, 'reason' | 'cost_usd'>;

async function postpone(deps: AttemptDeps, due: DueScoring, unscored: Unscored): Promise<void> {
  const { attempts } = due;
  const pause = pausesUs[attempts];
  if (pause === undefined) return giveUp(deps, due, unscored);
  const due_at = formatTime(deps.clock.now() + pause);
  const changes = { attempts: attempts + 1, due_at, error: unscored.reason };
  await change(deps.store, due, changes, unscored.cost_usd);
}

/** Does nothing more about a session, though it has something to score, until it has another turn. */
async function giveUp({ store, log }: AttemptDeps, due: DueScoring, unscored: Unscored): Promise<void> {
  const { rollout_id, session_id, name: scorer } = due;
  const { reason: error, cost_usd } = unscored;
  log.warn({ rollout_id, session_id, scorer, reason: error }, 'A session could not be scored');
  await change(store, due, { due_at: null, error, given_up: 1 }, cost_usd);
}

/** Leaves a session that there is nothing to do about. */
async function leave({ store }: AttemptDeps, due: DueScoring, error: string): Promise<void> {
  await change(store, due, { due_at: null, error }, 0);
}

async function change(
  store: Store,
  due: DueScoring,
  changes: Parameters<typeof changeScoring>[2],
  costUsd: number | null,
): Promise<void> {
  await store.write(async (tx) => {
    await changeScoring(tx, due, changes);
    if (costUsd !== 0) await addScoringCost(tx, due, costUsd);
  });
}
