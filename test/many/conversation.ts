import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import { say } from '../story.ts';
import { answerTo, askedIn } from '../tool-story.ts';
import { type Follower, followSession } from './follower.ts';

/** A user who talks to one session, and answers its calls, whatever happens to the servers. */
export type Conversation = {
  readonly sessionId: string;
  readonly follower: Follower;
  /** The ids of events that a server has acknowledged. */
  readonly acknowledged: ReadonlySet<string>;
  /** What was said, whether or not its acknowledgement has arrived. */
  readonly said: readonly string[];
  /** What no server of ours should have answered. */
  readonly complaints: readonly string[];
};

/** How long a session may stand still before its user gives up. */
const patienceMs = 90_000;

/** The only content of an answer to a call. */
export const answerText = (callId: string): string => `answer to ${callId}`;

/**
 * Says one thing after another, each when the turn before it has ended, until there is `enough`; answers whatever is asked.
 * Resolves when its last turn has ended, or when nothing moves any more, which is a complaint.
 */
export async function converseOn(
  client: Anthropic,
  sessionId: string,
  enough: (turns: number) => boolean,
): Promise<Conversation> {
  const follower = followSession(client, sessionId);
  const acknowledged = new Set<string>();
  const said: string[] = [];
  const complaints: string[] = [];
  const answered = new Set<string>();
  const conversation = { sessionId, follower, acknowledged, said, complaints };

  /** Sends events; gives whether it is known that they have arrived. */
  async function send(
    events: Parameters<typeof client.beta.sessions.events.send>[1]['events'],
  ): Promise<boolean> {
    try {
      const { data } = await client.beta.sessions.events.send(sessionId, { events });
      for (const { id } of data ?? []) acknowledged.add(id);
      return true;
    } catch (error) {
      if (!(error instanceof APIError)) throw error;
      // A request that was made again, because its first answer was lost, is told that it has been answered.
      const isTold = error.status === 400 && events.every(({ type }) => type === 'user.custom_tool_result');
      if (error.status !== undefined && error.status < 500 && !isTold) complaints.push(error.message);
      return isTold;
    }
  }

  async function sayOne(): Promise<void> {
    const text = `${sessionId} says ${said.length + 1}`;
    said.push(text);
    while (!(await send([say(text)]))) {
      await follower.news();
      if (saidIn(follower).includes(text)) return;
    }
  }

  async function untilRested(): Promise<boolean> {
    let moved = performance.now();
    let length = -1;
    for (;;) {
      const known = follower.known();
      // While processes are being disturbed, it may well stand.
      if (known.length !== length || !enough(said.length)) {
        length = known.length;
        moved = performance.now();
      }
      if (performance.now() - moved > patienceMs) return false;
      const rests = known.at(-1)?.type === 'session.status_idle';
      const asked = rests ? askedIn(known)?.filter((id) => !answered.has(id)) : undefined;
      if (asked !== undefined && asked.length > 0) {
        if (await send(asked.map((id) => answerTo(id, answerText(id)))))
          for (const id of asked) answered.add(id);
        // However long that took, what it has set in motion has only begun.
        moved = performance.now();
        continue;
      }
      const hasAll = saidIn(follower).includes(said.at(-1) ?? '') && isKnown(acknowledged, known);
      if (rests && hasAll && askedIn(known) === null) return true;
      await follower.news();
    }
  }

  do {
    await sayOne();
    if (!(await untilRested())) {
      const last = follower.known().at(-1);
      complaints.push(`it stands still at ${last?.type} (${last?.processed_at}), ${follower.doing()}`);
      break;
    }
  } while (!enough(said.length));
  return conversation;
}

/** Whether the history has everything that was acknowledged: what was sent twice, because an answer was lost, as well. */
function isKnown(acknowledged: ReadonlySet<string>, known: readonly { readonly id: string }[]): boolean {
  const ids = new Set(known.map(({ id }) => id));
  return [...acknowledged].every((id) => ids.has(id));
}

/** What the user has said, as the history has it. */
function saidIn(follower: Follower): string[] {
  return follower
    .known()
    .flatMap((event) =>
      event.type === 'user.message'
        ? event.content.map((block) => ('text' in block && block.type === 'text' ? block.text : ''))
        : [],
    );
}
