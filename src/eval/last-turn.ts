import type { Price } from '../model/price-table.ts';
import type { Handle } from '../store/dialect.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { Case } from './case.ts';
import { caseCost } from './case-price.ts';
import { inputOf } from './dataset/session-case.ts';
import { longestHistory, readSessionTurns } from './recorded/read-session.ts';
import type { SessionTurn } from './recorded/session-turns.ts';
import type { Outcome } from './score.ts';

/** What a session was asked last and what it answered, as scorers look at it; or why there is no answer to look at. */
export type LastTurn =
  | { readonly ok: true; readonly case: Case; readonly outcome: Outcome }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads the last turn of a session that has come to its end, as the session's row knows it. The case has no target; its
 * input is all that was said up to the answer. A turn that failed or was interrupted has no answer.
 */
export async function readLastTurn(
  db: Handle,
  session: SessionRow,
  prices: readonly Price[],
): Promise<LastTurn> {
  const turns = await readSessionTurns(db, session);
  if (turns === null) return nothing(`it is longer than ${longestHistory} characters`);
  const last = turns.at(-1);
  if (last === undefined) return nothing('no turn of it has ended');
  if (!last.end.ok) return nothing(last.end.error.message);
  const input = inputOf(turns.flatMap(saidIn));
  if (input === null) return nothing('the user has said nothing');
  const { outcome } = last.end;
  return {
    ok: true,
    case: {
      ...{ id: session.id, input, target: null, group: null, cluster: null, weight: 1, must_pass: false },
      ...{ split: null, fields: {} },
    },
    outcome: {
      ...outcome,
      session_id: session.id,
      latency_ms: last.latency_ms,
      cost_usd: caseCost(outcome, prices),
    },
  };
}

/** What both sides have said in a turn. */
function saidIn({ messages, end }: SessionTurn): Parameters<typeof inputOf>[0] {
  const asked = messages.map((content) => ({ type: 'user.message', content }) as const);
  if (!end.ok) return asked;
  const content = [{ type: 'text', text: end.outcome.reply } as const];
  return [...asked, { type: 'agent.message', content }];
}

function nothing(reason: string): LastTurn {
  return { ok: false, reason };
}
