import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import type {
  BetaManagedAgentsAgent,
  BetaManagedAgentsSession,
  SessionCreateParams,
} from '@anthropic-ai/sdk/resources/beta';
import type {
  BetaManagedAgentsSessionEvent,
  BetaManagedAgentsUserMessageEventParams,
} from '@anthropic-ai/sdk/resources/beta/sessions/events';

/*
 * The steps that most tests begin with, through the official SDK: an agent, a session, a message, and waiting
 * for something to become true. Waiting has a deadline and never a fixed length.
 */

export type SessionEvent = BetaManagedAgentsSessionEvent;

/** An agent and an environment, which is what a session needs. */
export type Setting = { readonly agent: BetaManagedAgentsAgent; readonly environment_id: string };

const patienceMs = 15_000;
/** Many who ask all the time would keep the server, and the tests beside this one, from what they wait for. */
const longestPauseMs = 100;

export async function makeSetting(
  client: Anthropic,
  fields: { readonly model?: string; readonly system?: string } = {},
): Promise<Setting> {
  const environment = await client.beta.environments.create({ name: 'env' });
  const agent = await client.beta.agents.create({ name: 'triage', model: 'claude-test', ...fields });
  return { agent, environment_id: environment.id };
}

/** A session on the latest version of the agent. */
export function openSession(
  client: Anthropic,
  { agent, environment_id }: Setting,
  fields: Partial<SessionCreateParams> = {},
): Promise<BetaManagedAgentsSession> {
  return client.beta.sessions.create({ agent: agent.id, environment_id, ...fields });
}

export function say(text: string): BetaManagedAgentsUserMessageEventParams {
  return { type: 'user.message', content: [{ type: 'text', text }] };
}

/** The first page of a history, which holds a thousand events. */
export async function history(client: Anthropic, sessionId: string): Promise<SessionEvent[]> {
  return (await client.beta.sessions.events.list(sessionId)).data;
}

export function typesOf(events: readonly { readonly type: string }[]): string[] {
  return events.map((event) => event.type);
}

/** What the agent said, message by message. */
export function answersIn(events: readonly SessionEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'agent.message'
      ? [event.content.map((block) => ('text' in block ? block.text : '')).join('')]
      : [],
  );
}

/** Asks again and again until there is an answer, and gives it. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  withinMs = patienceMs,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(1.5 * pauseMs, longestPauseMs)) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Waits for the end of the turn that is under way, and gives the history. */
export async function untilIdle(client: Anthropic, sessionId: string): Promise<SessionEvent[]> {
  return eventually(`session ${sessionId} idle`, async () => {
    const events = await history(client, sessionId);
    return events.at(-1)?.type === 'session.status_idle' ? events : null;
  });
}

/** Sends messages, waits for the end of the turn, and gives the history. */
export async function converse(
  client: Anthropic,
  sessionId: string,
  ...texts: string[]
): Promise<SessionEvent[]> {
  await client.beta.sessions.events.send(sessionId, { events: texts.map(say) });
  return untilIdle(client, sessionId);
}

/** The error that a call ends with; a call that succeeds fails the test. */
export async function errorOf(call: PromiseLike<unknown>): Promise<APIError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof APIError) return error;
  throw new Error('The call did not end with an error of the API', { cause: error });
}
