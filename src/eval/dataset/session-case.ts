import { PawlError } from '../../core/errors.ts';
import type { Json } from '../../core/evaluation.ts';
import type { EventBody } from '../../core/events.ts';
import { transcript } from '../../session/transcript.ts';
import type { Store } from '../../store/dialect.ts';
import { listEvents } from '../../store/events.ts';
import { findSession } from '../../store/sessions.ts';
import type { CaseMessage } from '../case.ts';
import type { Role } from './columns.ts';
import { type FitCase, readCase } from './read-case.ts';
import type { Row } from './row.ts';

/** What makes a case of an input. What is left out is as in a file that has no such column. */
type Labels = { readonly target: Json } & {
  readonly [R in Exclude<Role, 'input' | 'target'>]?: Json | undefined;
};

/** A session, and what makes a case of it. */
export type SessionLabel = Labels & { readonly session_id: string };

/** A case as somebody writes it. */
export type GivenCase = Labels & { readonly input?: Json | undefined };

/** Reads a case that somebody has written. @throws PawlError `invalid_dataset` */
export function caseByHand(given: GivenCase): FitCase {
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  return fitCase(Object.fromEntries(stated));
}

/**
 * Makes a case of a session: its input is what the user said, or the whole conversation up to the last thing the user
 * said when there were several turns. The fields say which session it was, and which version of its agent.
 * @throws PawlError `session_not_found`, `invalid_request` when the user has said nothing, `invalid_dataset`
 */
export async function caseOfSession(store: Store, label: SessionLabel): Promise<FitCase> {
  const { session_id, ...labels } = label;
  const session = await findSession(store.db, session_id);
  if (session === null) throw new PawlError('session_not_found', `session ${session_id} does not exist`);
  const input = inputOf(await readConversation(store, session_id));
  if (input === null) {
    throw new PawlError(
      'invalid_request',
      'session_id: must be a session in which the user has said something',
    );
  }
  const vars = { session_id, agent_version: session.agent_version };
  return fitCase({ ...labels, input, vars });
}

function fitCase(row: Row): FitCase {
  const reading = readCase(row, { mapping: {}, cells: 'json' });
  if (!reading.ok) throw new PawlError('invalid_dataset', reading.complaints.join('\n'));
  return reading.fit;
}

type SaidEvent = Extract<EventBody, { type: 'user.message' | 'agent.message' }>;

/**
 * What a conversation asks of the agent: what the user said, or all of it up to the last thing the user said when there
 * were several turns; null when the user has said nothing.
 */
export function inputOf(events: readonly SaidEvent[]): string | readonly CaseMessage[] | null {
  const words = events.map((event) => ({ ...event, id: '' }));
  const messages = transcript(words, (_server, tool) => tool).map(
    ({ role, content }): CaseMessage => ({
      role: role === 'assistant' ? role : 'user',
      content: content.flatMap((block) => ('text' in block ? [block.text] : [])).join('\n'),
    }),
  );
  const [first] = messages;
  if (first === undefined) return null;
  return messages.length === 1 ? first.content : messages;
}

const stretch = 50;
/** More than any case may hold. */
const maxLength = 1024 * 1024;

async function readConversation(store: Store, sessionId: string): Promise<SaidEvent[]> {
  const events: SaidEvent[] = [];
  let length = 0;
  for (let after = 0, more = true; more; ) {
    const filter = { types: ['user.message', 'agent.message'] };
    const rows = await listEvents(store.db, sessionId, { filter, order: 'asc', after, limit: stretch });
    for (const { seq, data } of rows) {
      after = seq;
      length += data.length;
      events.push(JSON.parse(data) as SaidEvent);
    }
    more = rows.length === stretch && length <= maxLength;
  }
  return events;
}
