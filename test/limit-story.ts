import type Anthropic from '@anthropic-ai/sdk';
import type { GatedModel, HeldRequest } from './gated-model.ts';
import type { ChatRequest } from './model-requests.ts';
import type { SessionEvent } from './story.ts';

/*
 * Sessions at their limits: a budget that is used up, and a conversation that has outgrown its model.
 */

/** A budget of so many cents. */
export function limit(cents: number): Anthropic.Beta.BetaManagedAgentsBudgetLimit {
  return { type: 'limit', max_list_cost: { amount: String(cents), currency: 'USD' } };
}

/** The newest event of a type. */
export function lastOf<T extends SessionEvent['type']>(
  events: readonly SessionEvent[],
  type: T,
): Extract<SessionEvent, { type: T }> | undefined {
  return events.findLast((event): event is Extract<SessionEvent, { type: T }> => event.type === type);
}

/** Why the thread rests, and why the session does. */
export function restOf(events: readonly SessionEvent[]): readonly (string | undefined)[] {
  return (['session.thread_status_idle', 'session.status_idle'] as const).map(
    (type) => lastOf(events, type)?.stop_reason.type,
  );
}

/** Where a history was summarised, with what this server says of it. */
export function compactionsIn(events: readonly SessionEvent[]) {
  return events.flatMap((event) =>
    event.type === 'agent.thread_context_compacted'
      ? [event as typeof event & { readonly pawl: { readonly summary: string } }]
      : [],
  );
}

/** Whether a request is for a summary. */
export function summarises({ system }: ChatRequest): boolean {
  return system?.startsWith('You keep the notes') ?? false;
}

/** All that a model has been given to read. */
export function readBy({ messages }: ChatRequest): string {
  return messages.flatMap(({ text, results }) => [text, ...results.map((one) => one.text)]).join('\n');
}

/** Answers a session's request that it is too long, and gives the request for a summary that follows. */
export async function untilSummary(gated: GatedModel): Promise<HeldRequest> {
  (await gated.next()).tooLong();
  const request = await gated.next();
  if (!summarises(request)) throw new Error('What follows is no request for a summary');
  return request;
}
