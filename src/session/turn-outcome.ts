import type { EventDraft } from '../core/events.ts';
import type { TurnOutcome } from '../core/telemetry.ts';
import type { Ending } from './ending.ts';

/** How a turn came to rest with these events, of which `ending` has led to the end; null when it goes on. */
export function turnOutcome(events: readonly EventDraft[], ending: Ending | null): TurnOutcome | null {
  // The thread says what became of the turn, also where the session rests because its budget is used up.
  const idle = events.find((event) => event.type === 'session.thread_status_idle');
  if (idle === undefined) return null;
  switch (idle.stop_reason.type) {
    case 'end_turn':
      return ending?.kind === 'replied' ? 'reply' : 'interrupted';
    case 'retries_exhausted':
      return 'error';
    default:
      return idle.stop_reason.type;
  }
}
