import type { Bus, SignalOf } from '../core/bus.ts';
import type { EventRow } from '../store/events.ts';

/** What a listener sees of a reply while it is written. Never stored, never listed. */
export type PreviewEvent =
  | {
      readonly type: 'event_start';
      /** The id is the one that the whole message will have. */
      readonly event: { readonly type: 'agent.message'; readonly id: string };
    }
  | {
      readonly type: 'event_delta';
      readonly event_id: string;
      readonly delta: {
        readonly type: 'content_delta';
        /** The block of the message's content that the text is added to. */
        readonly index: number;
        readonly content: { readonly type: 'text'; readonly text: string };
      };
    };

/** Who wants to see replies while they are written. One that throws sees no more of them. */
export type PreviewListener = {
  /** Whether it has read what it was given. If not, it is told later, of more at once, or no more of this reply. */
  isReady(): boolean;
  onPreview(events: readonly PreviewEvent[]): void;
};

/** A model request whose reply can be seen while it arrives. */
export type Preview = {
  /** Another piece of text, and the index that its block has in the content of the message. */
  text(text: string, index: number): void;
  /** The request is over, however it ended: what no listener has seen yet, none will. */
  close(): void;
};

type Request = {
  readonly span_id: string;
  readonly event_id: string;
  readonly pieces: { readonly text: string; readonly index: number }[];
  /** How many blocks have begun. */
  blocks: number;
};

type Follower = {
  readonly listener: PreviewListener;
  /** The request that is open by the events that this listener has got so far; null when none is. */
  span: string | null;
  /** How many pieces of that request it has seen. */
  seen: number;
};

/** A session that somebody follows, and the request that they may see. */
type Place = { readonly followers: Set<Follower>; request: Request | null };

type Deps = {
  readonly bus: Bus;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
};

/** How long another process wants to see a session after it has said so, and how often it says so again. */
const wantedForMs = 60_000;
const wantAgainMs = 20_000;
/** Between processes a piece is no longer than this, in UTF-16 units, each of which may take six bytes on the way. */
const longestPiece = 1200;

const unseen: Preview = { text: () => {}, close: () => {} };

/**
 * Shows replies to those who ask for it, while they are written. A listener sees the reply to a request only between
 * the start of that request and what ends it, as both have reached that listener: what comes earlier waits for it.
 * There is one text for all of them, and each has its place in it, so that nobody's slowness costs memory.
 */
export function createPreviews({ bus, elapsed }: Deps) {
  const places = new Map<string, Place>();
  /** Until when other processes want to see which sessions. */
  const wanted = new Map<string, number>();
  let pulse: NodeJS.Timeout | undefined;

  bus.on('followed', ({ session_id }) => {
    for (const [id, until] of wanted) if (until < elapsed()) wanted.delete(id);
    wanted.set(session_id, elapsed() + wantedForMs);
  });
  bus.on('preview', (signal) => {
    const place = places.get(signal.session_id);
    if (place !== undefined) hear(place, signal);
  });

  const isWanted = (sessionId: string): boolean => (wanted.get(sessionId) ?? 0) > elapsed();

  function sayAgain(): void {
    for (const sessionId of places.keys()) bus.send({ type: 'followed', session_id: sessionId });
  }

  return {
    /**
     * A model request begins: `span_id` is the event of its start, which is committed, `event_id` the one that the
     * message will have. Both are new for each request. Nothing is kept when nobody follows the session.
     */
    open(sessionId: string, { span_id, event_id }: { span_id: string; event_id: string }): Preview {
      const isAbroad = isWanted(sessionId);
      const place =
        places.get(sessionId) ?? (isAbroad ? { followers: new Set<Follower>(), request: null } : undefined);
      if (place === undefined) return unseen;
      const request: Request = { span_id, event_id, pieces: [], blocks: 0 };
      place.request = request;
      let sent = 0;
      const say = (text: string, index: number): void => {
        for (const part of partsOf(text)) {
          const piece = { text: part, index, place: sent++ };
          bus.send({ type: 'preview', session_id: sessionId, span_id, event_id, piece });
        }
      };
      const close = (): void => {
        if (place.request !== request) return;
        place.request = null;
        if (isAbroad) bus.send({ type: 'preview', session_id: sessionId, span_id, event_id, piece: null });
      };
      return {
        text(text, index) {
          if (place.request !== request || text === '') return;
          if (!add(place, request, { text, index })) return close();
          if (isAbroad) say(text, index);
        },
        close,
      };
    },

    /** Follows a session from the next model request on, wherever that is made. */
    follow(sessionId: string, listener: PreviewListener) {
      const place = places.get(sessionId) ?? { followers: new Set(), request: null };
      const follower: Follower = { listener, span: null, seen: 0 };
      places.set(sessionId, place);
      place.followers.add(follower);
      pulse ??= setInterval(sayAgain, wantAgainMs).unref();
      return {
        /** Resolves when other processes know that somebody follows. */
        known: bus.sendNow({ type: 'followed', session_id: sessionId }),
        /** To be told of all events of the session, in order, right after the listener has got them. */
        passed(rows: readonly EventRow[]): void {
          for (const row of rows) pass(follower, row);
          show(place, follower);
        },
        close(): void {
          place.followers.delete(follower);
          if (place.followers.size > 0 || places.get(sessionId) !== place) return;
          place.request = null;
          places.delete(sessionId);
          if (places.size > 0) return;
          clearInterval(pulse);
          pulse = undefined;
        },
      };
    },
  };
}

export type Previews = ReturnType<typeof createPreviews>;

/** A text in parts that are short enough, none of which ends within a character. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    const part = text.slice(from, from + longestPiece);
    const isCut = /[\ud800-\udbff]$/.test(part) && part.length > 1;
    parts.push(isCut ? part.slice(0, -1) : part);
    from += isCut ? part.length - 1 : part.length;
  }
  return parts;
}

/** Adds a piece, and shows it. Gives whether readers can place it. */
function add(place: Place, request: Request, { text, index }: { text: string; index: number }): boolean {
  // Readers cannot place a block before those in front of it; the whole message will tell.
  if (index > request.blocks) return false;
  request.blocks = Math.max(request.blocks, index + 1);
  request.pieces.push({ text, index });
  for (const follower of place.followers) show(place, follower);
  return true;
}

/** Takes a piece of a reply that another process reads. Where one was lost on the way, those behind it are of no use. */
function hear(place: Place, { span_id, event_id, piece }: SignalOf<'preview'>): void {
  if (piece?.place === 0) place.request = { span_id, event_id, pieces: [], blocks: 0 };
  const { request } = place;
  if (request === null || request.span_id !== span_id) return;
  const follows = piece !== null && piece.place === request.pieces.length;
  if (!follows || !add(place, request, piece)) place.request = null;
}

function pass(follower: Follower, { type, data }: EventRow): void {
  if (type === 'span.model_request_start') {
    follower.span = (JSON.parse(data) as { id: string }).id;
    follower.seen = 0;
  } else if (type === 'agent.message' || type === 'span.model_request_end') {
    follower.span = null;
  }
}

/** Hands a listener what it has not seen yet of the request that it knows to be open. */
function show({ followers, request }: Place, follower: Follower): void {
  if (request === null || follower.span !== request.span_id) return;
  if (follower.seen === request.pieces.length || !followers.has(follower)) return;
  try {
    if (!follower.listener.isReady()) return;
    const events = eventsFrom(request, follower.seen);
    follower.seen = request.pieces.length;
    follower.listener.onPreview(events);
  } catch {
    // Whoever writes the reply has nothing to do with those who look on.
    followers.delete(follower);
  }
}

/** A request's pieces from one place on; those of one block that follow each other are one event. */
function eventsFrom({ event_id, pieces }: Request, from: number): PreviewEvent[] {
  const joined: { index: number; text: string }[] = [];
  for (const { index, text } of pieces.slice(from)) {
    const last = joined.at(-1);
    if (last?.index === index) last.text += text;
    else joined.push({ index, text });
  }
  return [
    ...(from === 0 ? [{ type: 'event_start', event: { type: 'agent.message', id: event_id } } as const] : []),
    ...joined.map(({ index, text }): PreviewEvent => {
      const delta = { type: 'content_delta', index, content: { type: 'text', text } } as const;
      return { type: 'event_delta', event_id, delta };
    }),
  ];
}
