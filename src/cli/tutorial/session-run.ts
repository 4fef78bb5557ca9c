import { setTimeout as wait } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';

type Event = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents;
type ListedEvent = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEvent;

/** What one turn of a session came to. */
export type TurnResult =
  | { readonly kind: 'replied'; readonly text: string }
  | { readonly kind: 'failed'; readonly why: string };

type Options = {
  readonly client: Anthropic;
  readonly session_id: string;
  readonly text: string;
  readonly timeout_ms: number;
  readonly signal: AbortSignal;
};

const listEveryMs = 500;

/**
 * Sends one message to an idle session and waits until it is idle again. The stream is opened before the
 * message is sent, so that nothing is missed; when it breaks off, the rest is listed until time is up.
 * Rejects when the server refuses a request, or with the signal's reason.
 */
export async function runTurn(options: Options): Promise<TurnResult> {
  const { client, session_id, text, timeout_ms } = options;
  const patience = AbortSignal.timeout(timeout_ms);
  const signal = AbortSignal.any([options.signal, patience]);
  const late: TurnResult = {
    kind: 'failed',
    why: `session ${session_id} was not idle within ${timeout_ms / 1000} seconds`,
  };
  try {
    const stream = await client.beta.sessions.events.stream(session_id, {}, { signal });
    const content = [{ type: 'text' as const, text }];
    await client.beta.sessions.events.send(
      session_id,
      { events: [{ type: 'user.message', content }] },
      { signal },
    );
    const heard = await listen(stream, signal);
    return heard ?? (await listUntilIdle(options, signal));
  } catch (error) {
    options.signal.throwIfAborted();
    if (patience.aborted) return late;
    throw error;
  }
}

/** Null when the stream ended before the turn did. */
async function listen(stream: AsyncIterable<Event>, signal: AbortSignal): Promise<TurnResult | null> {
  const events: Event[] = [];
  try {
    for await (const event of stream) {
      events.push(event);
      if (isLast(event)) return resultOf(events);
    }
  } catch {
    // A connection that was cut says nothing about the session.
  }
  signal.throwIfAborted();
  return null;
}

async function listUntilIdle({ client, session_id }: Options, signal: AbortSignal): Promise<TurnResult> {
  for (;;) {
    const events: ListedEvent[] = [];
    for await (const event of client.beta.sessions.events.list(session_id, {}, { signal }))
      events.push(event);
    const last = events.at(-1);
    if (last !== undefined && isLast(last)) return resultOf(events);
    await wait(listEveryMs, undefined, { signal });
  }
}

function isLast({ type }: { readonly type: string }): boolean {
  return type === 'session.status_idle' || type === 'session.status_terminated' || type === 'session.deleted';
}

function resultOf(events: readonly (Event | ListedEvent)[]): TurnResult {
  let text = '';
  let why: string | null = null;
  for (const event of events) {
    switch (event.type) {
      case 'agent.message':
        text += event.content.map((block) => ('text' in block ? block.text : '')).join('');
        break;
      case 'session.error':
        // The server goes on by itself after any other.
        if (event.error.retry_status.type !== 'retrying') why = event.error.message;
        break;
      case 'session.status_idle':
        if (event.stop_reason.type !== 'end_turn')
          why ??= `the session stopped with ${event.stop_reason.type}`;
        break;
      case 'session.status_terminated':
      case 'session.deleted':
        why ??= 'somebody ended the session';
        break;
      default:
    }
  }
  return why === null ? { kind: 'replied', text } : { kind: 'failed', why };
}
