import { sha256 } from '../../core/canonical.ts';
import { PawlError } from '../../core/errors.ts';
import type { Json, Recording } from '../../core/evaluation.ts';
import type { Price } from '../../model/price-table.ts';
import type { Store } from '../../store/dialect.ts';
import { findSession } from '../../store/sessions.ts';
import type { Case } from '../case.ts';
import { caseCost } from '../case-price.ts';
import type { Answer } from '../endpoint.ts';
import type { Message } from '../message.ts';
import { longestHistory, readSessionTurns } from './read-session.ts';

/** Where the answer to a case is: in a session, and there in a turn, counted from 1. */
type RecordedAt = { readonly session_id: string; readonly turn: number };

/** The fields of a case that say where its answers were recorded. */
export type RecordedFields = {
  readonly session_id: string;
  /** The candidate's copy; only where a shadow has made one. */
  readonly shadow_session_id?: string;
  /** The session in a copy of which the candidate is asked; only where it is asked. */
  readonly pawl_copy_of?: string;
  readonly turn: number;
};

/**
 * What stands for the message of a case whose answer is recorded: nothing is sent, and its hash says which answer is
 * meant.
 * @throws PawlError `invalid_request` when the case does not say where its answer is.
 */
export function recordedMessage(one: Case, of: Recording): Message {
  const { session_id, turn } = recordedAt(one, of);
  // No message has this hash: none holds the character NUL.
  return { text: '', hash: sha256(`recorded\0${session_id}\0${turn}`), copy_of: null };
}

type Deps = { readonly store: Store; readonly prices: () => readonly Price[] };

/** Reads answers out of the sessions that they were given in. */
export function createReplay({ store, prices }: Deps) {
  return async (one: Case, of: Recording): Promise<Answer> => {
    const { session_id, turn } = recordedAt(one, of);
    const failed = (message: string): Answer => ({
      ok: false,
      error: { kind: 'endpoint', message, session_id },
      throttled: null,
      final: 'case',
    });
    const session = await findSession(store.db, session_id);
    if (session === null) return failed(`session ${session_id} was deleted`);
    const turns = await readSessionTurns(store.db, session);
    if (turns === null) return failed(`session ${session_id} is longer than ${longestHistory} characters`);
    const found = turns[turn - 1];
    if (found === undefined) return failed(`session ${session_id} has no turn ${turn}`);
    if (!found.end.ok) return failed(found.end.error.message);
    const { outcome } = found.end;
    const cost_usd = caseCost(outcome, prices());
    return { ok: true, outcome: { ...outcome, session_id, latency_ms: found.latency_ms, cost_usd } };
  };
}

function recordedAt({ id, fields }: Case, of: Recording): RecordedAt {
  const field = of === 'production' ? 'session_id' : 'shadow_session_id';
  const session_id: Json | undefined = fields[field];
  const turn = fields['turn'];
  if (typeof session_id === 'string' && typeof turn === 'number') return { session_id, turn };
  throw new PawlError('invalid_request', `case ${id}: it does not say where its answer was recorded`);
}
