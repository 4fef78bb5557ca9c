import type { Bus } from '../core/bus.ts';
import type { EventRow } from '../store/events.ts';
import { inTime } from './patience.ts';

/** Who is listening to a session. One that throws is heard no more. */
export type Listener = {
  /** Events of the history, in order, each exactly once; those of one commit come together. */
  onEvents(rows: readonly EventRow[]): void;
  /** A client event that was accepted and waits; it comes again, processed, through `onEvents`. */
  onQueued(data: string): void;
  /** The session is gone; nothing follows. */
  onDeleted(data: string): void;
};

type Subscription = {
  readonly sessionId: string;
  readonly listener: Listener;
  /** The `seq` that comes next; null until the start is known. */
  next: number | null;
  /** Events that came before the start was known, or behind a gap. */
  held: EventRow[];
  /** What else came before the start was known. */
  readonly queued: string[];
  deleted: string | null;
  filling: boolean;
  /** The newest `seq` that is known to be committed. */
  known: number;
};

/** Where a process hears what others have committed, and says what it has. */
type Deps = {
  readonly bus: Bus;
  /** A stretch of a history behind a `seq`. */
  readonly readAfter: (sessionId: string, seq: number) => Promise<readonly EventRow[]>;
  /** What waits in an inbox between two positions. */
  readonly readQueued: (
    sessionId: string,
    between: { readonly from: number; readonly to: number },
  ) => Promise<readonly { readonly data: string }[]>;
};

/**
 * Hands what was committed to whoever listens, in the order of the history, whichever process has committed it. Commits can be
 * reported out of order (they come from several connections); a gap is filled from the store.
 */
export function createHub({ bus, readAfter, readQueued }: Deps) {
  const sessions = new Map<string, Set<Subscription>>();

  const isOpen = (subscription: Subscription): boolean =>
    sessions.get(subscription.sessionId)?.has(subscription) === true;

  function close(subscription: Subscription): void {
    const subscriptions = sessions.get(subscription.sessionId);
    subscriptions?.delete(subscription);
    if (subscriptions?.size === 0) sessions.delete(subscription.sessionId);
  }

  function tell(subscription: Subscription, say: (listener: Listener) => void): void {
    try {
      say(subscription.listener);
    } catch {
      close(subscription);
    }
  }

  function deliver(subscription: Subscription, rows: readonly EventRow[]): void {
    subscription.held = [...subscription.held, ...rows];
    const ready = takeReady(subscription);
    if (ready.length > 0) tell(subscription, (listener) => listener.onEvents(ready));
    if (isBehind(subscription) && isOpen(subscription)) fill(subscription);
  }

  function fill(subscription: Subscription): void {
    if (subscription.filling || subscription.next === null) return;
    subscription.filling = true;
    const { next: from, known } = subscription;
    inTime(readAfter(subscription.sessionId, from - 1)).then(
      (rows) => {
        subscription.filling = false;
        if (!isOpen(subscription)) return;
        // A store that has nothing for the gap yet is asked again when the next commit is reported.
        if (rows.some((row) => row.seq === subscription.next)) deliver(subscription, rows);
        // Meanwhile more may have been told of.
        else if (subscription.known > known) fill(subscription);
      },
      () => {
        subscription.filling = false;
      },
    );
  }

  function end(subscription: Subscription, data: string): void {
    tell(subscription, (listener) => listener.onDeleted(data));
    close(subscription);
  }

  const listeners = (sessionId: string): Subscription[] => [...(sessions.get(sessionId) ?? [])];

  /** Notes that a history goes up to a `seq`, and reads what of it is missing. */
  function learn(sessionId: string, seq: number): void {
    for (const subscription of listeners(sessionId)) {
      subscription.known = Math.max(subscription.known, seq);
      if (isBehind(subscription)) fill(subscription);
    }
  }

  function tellQueued(sessionId: string, queued: readonly string[]): void {
    for (const subscription of listeners(sessionId)) {
      if (subscription.next === null) subscription.queued.push(...queued);
      else for (const data of queued) tell(subscription, (listener) => listener.onQueued(data));
    }
  }

  function tellDeleted(sessionId: string, data: string): void {
    for (const subscription of listeners(sessionId)) {
      if (subscription.next === null) subscription.deleted = data;
      else end(subscription, data);
    }
  }

  bus.on('events', ({ session_id, seq }) => learn(session_id, seq));
  bus.on('deleted', ({ session_id, event }) => tellDeleted(session_id, event));
  bus.on('queued', ({ session_id, from, to }) => {
    if (!sessions.has(session_id)) return;
    // What has left the inbox meanwhile comes as a part of the history.
    const tellAll = (rows: readonly { readonly data: string }[]): void =>
      tellQueued(
        session_id,
        rows.map(({ data }) => data),
      );
    readQueued(session_id, { from, to }).then(tellAll, () => {});
  });

  return {
    /** Reports events that are committed. */
    publish(sessionId: string, rows: readonly EventRow[]): void {
      for (const subscription of listeners(sessionId)) deliver(subscription, rows);
      bus.send({ type: 'events', session_id: sessionId, seq: rows.at(-1)?.seq ?? 0 });
    },

    /** Reads on for whoever listens, after a commit that may not have been reported. */
    catchUp(sessionId: string): void {
      for (const subscription of listeners(sessionId)) fill(subscription);
    },

    /** Reports client events that are committed to the inbox, up to a position of it. */
    publishQueued(sessionId: string, queued: readonly string[], to: number): void {
      tellQueued(sessionId, queued);
      bus.send({ type: 'queued', session_id: sessionId, from: to - queued.length + 1, to });
    },

    /** Reports that a session is deleted, and forgets its listeners. */
    publishDeleted(sessionId: string, event: string): void {
      tellDeleted(sessionId, event);
      bus.send({ type: 'deleted', session_id: sessionId, event });
    },

    /** The sessions that somebody listens to. */
    followed: (): readonly string[] => [...sessions.keys()],

    /** Reports how far a history goes, as the store has it. */
    learn,

    /**
     * Listens to a session. Nothing is handed over before `startAfter` has been told the `seq` of the newest
     * event at the time of opening; what is committed in between is held.
     */
    subscribe(sessionId: string, listener: Listener) {
      const subscription: Subscription = {
        ...{ sessionId, listener, next: null, held: [], queued: [], deleted: null, filling: false, known: 0 },
      };
      const subscriptions = sessions.get(sessionId) ?? new Set();
      sessions.set(sessionId, subscriptions.add(subscription));
      return {
        startAfter(seq: number): void {
          if (!isOpen(subscription)) return;
          subscription.next = seq + 1;
          for (const data of subscription.queued) tell(subscription, (one) => one.onQueued(data));
          deliver(subscription, []);
          if (subscription.deleted !== null) end(subscription, subscription.deleted);
        },
        close: () => close(subscription),
      };
    },
  };
}

export type Hub = ReturnType<typeof createHub>;

/** Whether something is committed that a listener has not got, and could. */
function isBehind({ next, held, known }: Subscription): boolean {
  return next !== null && (held.length > 0 || known >= next);
}

/** Takes what follows on without a gap out of what is held, and drops what was handed over before. */
function takeReady(subscription: Subscription): EventRow[] {
  if (subscription.next === null) return [];
  const ready: EventRow[] = [];
  let { next } = subscription;
  const behind: EventRow[] = [];
  for (const row of subscription.held.toSorted((a, b) => a.seq - b.seq)) {
    if (row.seq > next) behind.push(row);
    if (row.seq !== next) continue;
    next++;
    ready.push(row);
  }
  subscription.next = next;
  subscription.held = behind;
  return ready;
}
