import type { AuditActor } from '../../core/audit-entry.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { firstLine } from '../../eval/score-values.ts';
import type { ScorerConfig } from '../../eval/scorers/scorers.ts';
import type { OwnedScorer, SessionScorers, SessionScoring } from '../../eval/session-scoring.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import { changeScoring, type DueScoring } from '../../store/online-scorings.ts';
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
 * Has a session scored, and writes down what came of it: once, however often it is tried. Rejects when the database
 * cannot be used; nothing is written then, nor when the signal comes first.
 */
export async function attemptScoring(deps: AttemptDeps, { due, scorers, signal }: Attempt): Promise<void> {
  const { store, log } = deps;
  const found = await find(store.db, due);
  // Its row goes with the session.
  if (found === null) return;
  if (!found.ok) return giveUp(deps, due, found.reason);
  const { session, owned } = found;
  const scoring = await scorers.score(session, owned, signal).catch((error: unknown): SessionScoring => {
    if (isUnavailable(error)) throw error;
    return { kind: 'unscored', reason: firstLine(error) };
  });
  if (signal.aborted) return;
  switch (scoring.kind) {
    case 'scored':
      return keep(deps, { due, session }, scoring);
    case 'no_answer':
      return giveUp(deps, due, scoring.reason);
    case 'unscored': {
      const { session_id, name: scorer, attempts } = due;
      const pause = pausesUs[attempts];
      if (pause === undefined) {
        log.warn({ session_id, scorer, reason: scoring.reason }, 'A session could not be scored');
        return giveUp(deps, due, scoring.reason);
      }
      const due_at = formatTime(deps.clock.now() + pause);
      await change(store, due, { attempts: attempts + 1, due_at, error: scoring.reason });
    }
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
  { value, reason }: Extract<SessionScoring, { kind: 'scored' }>,
): Promise<void> {
  const { store, recordScore, actor } = deps;
  const { session_id, name, turns } = due;
  const scored = { turns: Math.max(turns, session.turns), attempts: 0, due_at: null, error: null };
  try {
    await store.write(async (tx) => {
      // First, in the order in which looks lock as well.
      if ((await lockSession(tx, store.dialect, session_id)) === null) return;
      // Asked for again since, it will be scored with its newest turn.
      if (!(await changeScoring(tx, due, scored))) return;
      await recordScore(tx, { session_id }, { name, value, comment: reason, source: 'scorer', actor });
    });
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    await giveUp(deps, due, error.message);
  }
}

async function giveUp({ store }: AttemptDeps, due: DueScoring, error: string): Promise<void> {
  await change(store, due, { due_at: null, error });
}

async function change(
  store: Store,
  due: DueScoring,
  changes: Parameters<typeof changeScoring>[2],
): Promise<void> {
  await store.write((tx) => changeScoring(tx, due, changes));
}
