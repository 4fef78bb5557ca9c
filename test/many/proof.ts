import type Anthropic from '@anthropic-ai/sdk';
import type { DatabaseRows } from '../database-rows.ts';
import { eventually, type SessionEvent } from '../story.ts';
import { askedIn, callsIn } from '../tool-story.ts';
import { orderProblems } from '../turn-order.ts';
import { answerText, type Conversation } from './conversation.ts';
import { listAll } from './follower.ts';

const settledWithinMs = 60_000;
const listedTogether = 16;

/** What is wrong with conversations that are over, as each of the clients sees them; empty when nothing is. */
export async function conversationProblems(
  conversations: readonly Conversation[],
  clients: readonly Anthropic[],
): Promise<string[]> {
  const problems: string[] = [];
  const left = [...conversations];
  const lane = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      const [first = [], ...others] = await Promise.all(
        clients.map((client) => listAll(client, sessionOf(one))),
      );
      const found = problemsOf(one, first);
      if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first)))
        found.push('processes list different histories');
      problems.push(...found.map((problem) => `${sessionOf(one)}: ${problem}`));
    }
  };
  await Promise.all(Array.from({ length: listedTogether }, lane));
  return problems;
}

const sessionOf = ({ sessionId }: Conversation): string => sessionId;

function problemsOf(conversation: Conversation, events: readonly SessionEvent[]): string[] {
  const { acknowledged, said, follower, complaints } = conversation;
  const ids = events.map(({ id }) => id);
  const there = new Set(ids);
  const lost = [...acknowledged].filter((id) => !there.has(id));
  const texts = new Set(events.flatMap((event) => (event.type === 'user.message' ? textOf(event) : [])));
  const unheard = said.filter((text) => !texts.has(text));
  return [
    ...complaints,
    ...follower.complaints,
    ...orderProblems(events),
    ...(lost.length === 0 ? [] : [`was acknowledged and is lost: ${lost.join(' ')}`]),
    ...(unheard.length === 0 ? [] : [`was said and is not there: ${unheard.join('; ')}`]),
    ...(events.at(-1)?.type === 'session.status_idle' && askedIn(events) === null
      ? []
      : ['it is not at rest']),
    ...answerProblems(events),
    ...follower.stretches.flatMap((stretch) => stretchProblems(stretch, ids)),
    ...(JSON.stringify(follower.known()) === JSON.stringify(events.slice(0, follower.known().length))
      ? []
      : ['its follower knows another history']),
  ];
}

/** Each call has one answer, and the right one. */
function answerProblems(events: readonly SessionEvent[]): string[] {
  const answers = events.flatMap((event) => (event.type === 'user.custom_tool_result' ? [event] : []));
  return callsIn(events).flatMap(({ id }) => {
    const own = answers.filter(({ custom_tool_use_id }) => custom_tool_use_id === id);
    if (own.length !== 1) return [`call ${id} has ${own.length} answers`];
    return textOf(own[0] ?? { content: [] }).join('') === answerText(id)
      ? []
      : [`call ${id} has a wrong answer`];
  });
}

/** What a stream has told is a stretch of the history: each event once, in order, with none left out. */
function stretchProblems(stretch: readonly string[], ids: readonly string[]): string[] {
  const [first] = stretch;
  if (first === undefined) return [];
  const from = ids.indexOf(first);
  const expected = ids.slice(from, from + stretch.length);
  const wrong = stretch.findIndex((id, place) => from === -1 || id !== expected[place]);
  return wrong === -1 ? [] : [`a stream told ${stretch[wrong]} where ${expected[wrong]} stands`];
}

function textOf({ content = [] }: { readonly content?: readonly object[] }): string[] {
  return content.map((block) => ('text' in block ? String(block.text) : ''));
}

/** What is wrong with what the database holds once everything is at rest. */
export async function databaseProblems(rows: DatabaseRows, isShared: boolean): Promise<string[]> {
  const counts = 'session_id, count(*) as events, min(seq) as first, max(seq) as last';
  const gaps = await rows.query(
    `select ${counts} from events group by session_id having count(*) <> max(seq) or min(seq) <> 1`,
  );
  const twice = await rows.query(
    'select session_id, seq from events group by session_id, seq having count(*) > 1',
  );
  const queued = await rows.query('select session_id from inbox');
  const busy = await rows.query("select id from sessions where status in ('running', 'rescheduling')");
  const problems = { gaps, twice, queued, busy };
  const found = Object.entries(problems).flatMap(([name, some]) =>
    some.length === 0 ? [] : [`${name}: ${JSON.stringify(some.slice(0, 5))}`],
  );
  if (!isShared) return found;
  const left =
    "select name, singleton_key, state from pgboss.job where name <> 'duties' and state < 'completed'";
  let jobs: readonly object[] = [];
  await eventually(
    'no jobs left',
    async () => {
      jobs = await rows.query(left);
      return jobs.length === 0;
    },
    settledWithinMs,
  ).catch(() => found.push(`jobs: ${JSON.stringify(jobs.slice(0, 5))}`));
  return found;
}
