import { useState } from 'react';
import { read } from '../http/client.ts';
import { type Liveness, useFollow } from '../http/follow.ts';
import type { ServerPage } from '../parts/list.tsx';
import type { SessionEvent } from './transcript-items.ts';

type Live = {
  /** Oldest first; null until they are there. */
  readonly events: readonly SessionEvent[] | null;
  /** What the agent is saying before it is an event. */
  readonly preview: string;
  readonly liveness: Liveness;
};

const perPage = 1000;
/** More than these are not shown; a session that long is read through the API. */
const mostPages = 10;

/** The events of a session as they happen. An id of null has none. */
export function useSessionEvents(id: string | null): Live {
  const [events, setEvents] = useState<readonly SessionEvent[] | null>(null);
  const [preview, setPreview] = useState('');

  /** Everything there is, in its order; what the stream has told meanwhile comes behind. */
  async function catchUp(session: string): Promise<void> {
    const listed: SessionEvent[] = [];
    let page: string | null = null;
    for (let n = 0; n < mostPages; n++) {
      const query = { limit: perPage, page };
      const answer: ServerPage<SessionEvent> = await read(`/v1/sessions/${session}/events`, query);
      listed.push(...answer.data);
      page = answer.next_page;
      if (page === null) break;
    }
    setEvents((told) => merge(listed, told ?? []));
  }

  const stream = id === null ? null : `/v1/sessions/${id}/events/stream?event_deltas[]=agent.message`;
  const liveness = useFollow(stream, {
    // The stream has no past; what broke off the listing breaks off the stream as well, and both begin anew.
    onOpen: () => void catchUp(id ?? '').catch(() => setEvents((told) => told ?? [])),
    onEvent: (data, name) => {
      const delta = deltaOf(data);
      if (delta !== null) {
        setPreview((text) => text + delta);
        return;
      }
      if (name === 'event_start') return;
      const event = data as SessionEvent;
      if (event.type === 'agent.message' || event.type === 'span.model_request_end') setPreview('');
      if ('id' in event) setEvents((old) => merge(old ?? [], [event]));
    },
    isOver: (data) => (data as SessionEvent).type === 'session.status_terminated',
  });
  return { events, preview, liveness };
}

/** Events that are known stay where they are, fresh ones come behind; a fresh copy replaces the old one. */
function merge(old: readonly SessionEvent[], fresh: readonly SessionEvent[]): SessionEvent[] {
  const all = new Map(old.map((event) => [event.id, event]));
  for (const event of fresh) all.set(event.id, event);
  return [...all.values()];
}

function deltaOf(data: unknown): string | null {
  const { type, delta } = data as { type?: string; delta?: { content?: { text?: string } } };
  return type === 'event_delta' ? (delta?.content?.text ?? '') : null;
}
