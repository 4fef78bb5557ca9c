import type Anthropic from '@anthropic-ai/sdk';
import type {
  BetaManagedAgentsStreamSessionEvents,
  EventStreamParams,
} from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { eventually } from './story.ts';

/** An open event stream of the SDK, and what has come out of it so far. */
export type Listening = {
  readonly events: readonly BetaManagedAgentsStreamSessionEvents[];
  /** Whether the server has ended the stream. */
  readonly ended: () => boolean;
  /** Waits for the so-manieth event of a type. */
  until(type: string, count?: number): Promise<void>;
  close(): void;
};

/** Opens a stream, and resolves once the server has answered. */
export async function listen(
  client: Anthropic,
  sessionId: string,
  query: EventStreamParams = {},
): Promise<Listening> {
  const stream = await client.beta.sessions.events.stream(sessionId, query);
  const events: BetaManagedAgentsStreamSessionEvents[] = [];
  let ended = false;
  const reading = (async () => {
    for await (const event of stream) events.push(event);
  })();
  // A stream that the test closes ends with an error, which is not news.
  void reading
    .catch(() => undefined)
    .finally(() => {
      ended = true;
    });
  return {
    events,
    ended: () => ended,
    until: async (type, count = 1) => {
      await eventually(`${count} × ${type} on a stream of ${sessionId}`, () => {
        return events.filter((event) => event.type === type).length >= count;
      });
    },
    close: () => stream.controller.abort(),
  };
}
