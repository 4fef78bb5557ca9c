import { silentBus } from '../src/core/bus.ts';
import { createHub, type Hub } from '../src/session/hub.ts';
import type { EventRow } from '../src/store/events.ts';

/** The hub of a process that is alone, with what it reads where a history has a gap. */
export function ownHub(
  readAfter: (sessionId: string, seq: number) => Promise<readonly EventRow[]> = async () => [],
): Hub {
  return createHub({ bus: silentBus, readAfter, readQueued: async () => [] });
}
