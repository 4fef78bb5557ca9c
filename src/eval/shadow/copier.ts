import { setTimeout as wait } from 'node:timers/promises';
import { PawlError } from '../../core/errors.ts';
import type { ClientEventBody } from '../../core/events.ts';
import { copyKey, isBusy } from '../../core/session.ts';
import type { Duty } from '../../queue/duties.ts';
import type { Inbox } from '../../session/inbox.ts';
import type { Sessions } from '../../session/sessions.ts';
import type { Store } from '../../store/dialect.ts';
import { findSession, type SessionRow } from '../../store/sessions.ts';
import {
  beginShadowPair,
  findShadow,
  type ShadowPairRow,
  type ShadowRow,
  updateShadowPair,
} from '../../store/shadows.ts';
import { longestHistory, readSessionTurns } from '../recorded/read-session.ts';
import type { SessionTurn } from '../recorded/session-turns.ts';
import { type PairTally, tallyOf } from './tally.ts';

type Deps = {
  readonly store: Store;
  readonly sessions: Pick<Sessions, 'create'>;
  readonly inbox: Pick<Inbox, 'send'>;
  readonly duty: Pick<Duty, 'isMine'>;
};

const firstLookMs = 10;
const lookEveryMs = 250;
/** Longer than any turn takes, with all its retries. */
const mostLooks = 12_000;

/**
 * Puts what users said in a session to the candidate, in a session of its own. What the candidate was sent is read from
 * the copy's own history, so that nothing is sent twice, whatever crashes in between.
 */
export function createCopier({ store, sessions, inbox, duty }: Deps) {
  async function openCopy(shadow: ShadowRow, pair: ShadowPairRow, original: SessionRow): Promise<string> {
    if (pair.shadow_session_id !== null) return pair.shadow_session_id;
    const { row } = await sessions.create({
      agent: { id: shadow.agent_id, alias: null, version: shadow.candidate_version },
      overrides: null,
      environment_id: original.environment_id,
      ...{ title: null, vault_ids: [], budget: null, initial_events: [] },
      metadata: { pawl_shadow: shadow.id, pawl_shadow_of: original.id, [copyKey]: original.id },
    });
    await store.write((tx) => beginShadowPair(tx, pair, row.id));
    return row.id;
  }

  /** Whether anything more is to be sent: somebody may have stopped the shadow meanwhile, or see to it instead. */
  const isRunning = async ({ id }: ShadowRow): Promise<boolean> =>
    (await findShadow(store.db, id))?.status === 'running' && duty.isMine();

  /** The copy's turns, once none is under way; null when the signal came first. */
  async function settled(id: string, signal: AbortSignal): Promise<SessionTurn[] | null> {
    for (let looks = 0; looks < mostLooks; looks++) {
      if (signal.aborted) return null;
      const copy = await findSession(store.db, id);
      if (copy === null) throw new PawlError('session_not_found', 'the copy was deleted');
      if (!isBusy(copy.status)) return requireShort(await readSessionTurns(store.db, copy));
      await wait(Math.min(firstLookMs * 2 ** looks, lookEveryMs), undefined, { signal, ref: false }).catch(
        () => {},
      );
    }
    throw new PawlError('session_running', 'the copy does not come to an end');
  }

  /** Sends what has not been sent; gives whether it came to the end before the signal, or the end of the shadow. */
  async function send(
    shadow: ShadowRow,
    {
      pair,
      copyId,
      turns,
    }: { readonly pair: ShadowPairRow; readonly copyId: string; readonly turns: readonly SessionTurn[] },
    signal: AbortSignal,
  ): Promise<boolean> {
    let copied = await settled(copyId, signal);
    for (let turn = pair.turns; turn < turns.length; turn++) {
      if (copied === null) return false;
      if (copied.length <= turn) {
        if (!(await isRunning(shadow))) return false;
        await inbox.send(copyId, saidIn(turns[turn]));
        copied = await settled(copyId, signal);
        if (copied === null) return false;
        requireTurn(copied, turn);
      }
      const both = turn + 1;
      const tally: PairTally = {
        production: tallyOf(turns.slice(0, both)),
        candidate: tallyOf(copied.slice(0, both)),
      };
      const progress = { turns: both, tally: JSON.stringify(tally) };
      await store.write((tx) => updateShadowPair(tx, pair, progress));
    }
    return true;
  }

  /** Copies the turns that have ended since the last look. Throws what the database says. */
  async function copy(shadow: ShadowRow, pair: ShadowPairRow, signal: AbortSignal): Promise<void> {
    const leave = (status: 'skipped' | 'failed', reason: string): Promise<void> =>
      store.write((tx) => updateShadowPair(tx, pair, { status, reason }));
    const original = await findSession(store.db, pair.session_id);
    if (original === null) return leave('skipped', 'the session was deleted');
    if (original.overrides !== null) return leave('skipped', 'the session has other tools than its version');
    const turns = await readSessionTurns(store.db, original);
    if (turns === null) return leave('skipped', `the session is ${tooLong}`);
    // Where the candidate calls other tools, or none, there is no such middle.
    const told = turns.findIndex(({ told_midway }) => told_midway);
    const copyable = told === -1 ? turns : turns.slice(0, told);
    try {
      if (copyable.length > 0) {
        if (signal.aborted || !(await isRunning(shadow))) return;
        const copyId = await openCopy(shadow, pair, original);
        if (!(await send(shadow, { pair, copyId, turns: copyable }, signal))) return;
      }
    } catch (error) {
      if (!(error instanceof PawlError) || error.entry.status >= 500) throw error;
      return leave('failed', error.message);
    }
    if (told !== -1) return leave('skipped', `turn ${told + 1} was told something in its middle`);
    await store.write((tx) => updateShadowPair(tx, pair, { seen_turns: original.turns }));
  }

  return { copy };
}

export type Copier = ReturnType<typeof createCopier>;

/** What is sent to a copy that rests in the middle of a turn would wait for ever: somebody has taken a hand in it. */
function requireTurn(copied: readonly SessionTurn[], turn: number): void {
  if (copied.length > turn) return;
  throw new PawlError('invalid_request', `in the copy, turn ${turn + 1} has not come to its end`);
}

/** What a turn began with: what the user said, and last what the application told the agent beside that. */
function saidIn(turn: SessionTurn | undefined): ClientEventBody[] {
  const { messages = [], told = [] } = turn ?? {};
  const said = messages.map((content) => ({ type: 'user.message' as const, content }));
  return told.length === 0 ? said : [...said, { type: 'system.message', content: told }];
}

const tooLong = `longer than ${longestHistory} characters`;

function requireShort(turns: SessionTurn[] | null): SessionTurn[] {
  if (turns === null) throw new PawlError('invalid_request', `the copy is ${tooLong}`);
  return turns;
}
