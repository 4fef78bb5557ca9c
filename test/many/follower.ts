import type Anthropic from '@anthropic-ai/sdk';
import type { SessionEvent } from '../story.ts';

/** Somebody who follows a session as the documentation says: open the stream, then list, and again whenever it breaks. */
export type Follower = {
  /** The history as far as it is known, in order. */
  known(): readonly SessionEvent[];
  /** Resolves when more is known than before, and after a while in any case. */
  news(): Promise<void>;
  /** What each stream has told, by the ids of events, in the order in which it came. */
  readonly stretches: readonly (readonly string[])[];
  /** What it is at, and for how many seconds, for whoever wants to know why nothing moves. */
  doing(): string;
  /** Where a list did not agree with what had been told before. */
  readonly complaints: readonly string[];
  stop(): Promise<void>;
};

const newsWithinMs = 2000;
const pauseMs = 50;

/** Follows a session until it is stopped. */
export function followSession(client: Anthropic, sessionId: string): Follower {
  let known: SessionEvent[] = [];
  const ids = new Set<string>();
  const stretches: string[][] = [];
  const complaints: string[] = [];
  const waiting = new Set<() => void>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let step = { name: 'beginning', since: performance.now() };
  const at = (name: string): void => {
    step = { name, since: performance.now() };
  };

  function tell(): void {
    for (const wake of waiting) wake();
    waiting.clear();
  }

  function learn(event: SessionEvent): void {
    if (ids.has(event.id)) return;
    ids.add(event.id);
    known.push(event);
  }

  async function followOnce(): Promise<void> {
    at('opening a stream');
    const stream = await client.beta.sessions.events.stream(sessionId, {}, { signal });
    const stretch: string[] = [];
    stretches.push(stretch);
    const before = known.map(({ id }) => id);
    at('listing');
    const listed = await listAll(client, sessionId);
    const differs = before.findIndex((id, place) => listed[place]?.id !== id);
    if (differs !== -1)
      complaints.push(`event ${before[differs]} was told at place ${differs}, and is not there`);
    known = [];
    ids.clear();
    for (const event of listed) learn(event);
    tell();
    at('reading a stream');
    for await (const event of stream) {
      if (!isProcessed(event)) continue;
      stretch.push(event.id);
      learn(event);
      tell();
    }
  }

  async function follow(): Promise<void> {
    while (!signal.aborted) {
      // Whatever breaks a stream, there is another one.
      await followOnce().catch(() => {});
      if (!signal.aborted) await pause(pauseMs);
    }
  }

  const following = follow();
  return {
    known: () => known,
    ...{ stretches, complaints },
    doing: () => `${step.name} for ${Math.round((performance.now() - step.since) / 1000)} s`,
    news: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, newsWithinMs);
        waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
    async stop() {
      stopping.abort();
      await following;
    },
  };
}

/** The whole history; what waits in the inbox is not a part of it. */
export async function listAll(client: Anthropic, sessionId: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for await (const event of client.beta.sessions.events.list(sessionId, { limit: 1000 })) {
    if (isProcessed(event)) events.push(event);
  }
  return events;
}

function isProcessed(event: object): event is SessionEvent {
  return 'processed_at' in event && event.processed_at !== null && 'id' in event;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
