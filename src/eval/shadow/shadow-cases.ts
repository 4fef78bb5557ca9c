import type { Store } from '../../store/dialect.ts';
import { findSession } from '../../store/sessions.ts';
import { listShadowPairs, type ShadowPairRow } from '../../store/shadows.ts';
import type { CaseMessage } from '../case.ts';
import { readSessionTurns } from '../recorded/read-session.ts';
import type { RecordedCase } from '../recorded/recorded-comparisons.ts';
import { type SessionTurn, textOfMessage } from '../recorded/session-turns.ts';
import type { Taking } from '../recorded/taking.ts';
import { clusterOf } from '../recorded/window.ts';

const pairsPerPage = 200;

/** All pairs of a shadow, in order of their sessions. */
export async function* readPairs(store: Store, shadowId: string): AsyncGenerator<ShadowPairRow> {
  for (let after = ''; ; ) {
    const rows = await listShadowPairs(store.db, shadowId, { after, limit: pairsPerPage });
    yield* rows;
    const last = rows.at(-1);
    if (rows.length < pairsPerPage || last === undefined) return;
    after = last.session_id;
  }
}

/** The turns that users were answered and the candidate was asked, each as a case; where it failed, its case breaks. */
export async function* findPaired(
  store: Store,
  shadowId: string,
  taking: Taking,
): AsyncGenerator<RecordedCase> {
  for await (const pair of readPairs(store, shadowId)) {
    if (pair.shadow_session_id === null) continue;
    const original = await findSession(store.db, pair.session_id);
    const copy = await findSession(store.db, pair.shadow_session_id);
    if (original === null || copy === null) {
      taking.leave('deleted');
      continue;
    }
    const theirs = await readSessionTurns(store.db, copy);
    const ours = await readSessionTurns(store.db, original);
    if (theirs === null || ours === null) {
      taking.leave('too_long');
      continue;
    }
    for (const [i, turn] of ours.slice(0, pair.turns).entries()) {
      const answer = theirs[i];
      if (!turn.end.ok) taking.leave('failed_in_production');
      else if (answer === undefined) taking.leave('not_copied');
      else
        yield {
          id: `${original.id}.${i + 1}`,
          input: inputOf(ours.slice(0, i + 1)),
          answer: turn.end.outcome,
          cluster: clusterOf(original) ?? original.id,
          fields: {
            ...{ session_id: original.id, shadow_session_id: copy.id, turn: i + 1 },
            agent_version: original.agent_version,
          },
        };
    }
  }
}

/** What the user said last, after all that was said before in the session of users. */
function inputOf(turns: readonly SessionTurn[]): string | readonly CaseMessage[] {
  const messages = turns.flatMap(({ messages, end }, i): CaseMessage[] => {
    const said = { role: 'user' as const, content: messages.map(textOfMessage).join('\n') };
    const reply = end.ok && i < turns.length - 1 ? end.outcome.reply : '';
    return reply.trim() === '' ? [said] : [said, { role: 'assistant', content: reply }];
  });
  const [first, second] = messages;
  return first !== undefined && second === undefined ? first.content : messages;
}
