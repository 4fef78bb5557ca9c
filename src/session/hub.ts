import type { EventRow } from '../store/events.ts';

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
};

/**
 * Hands what was committed to whoever listens, in the order of the history. Commits can be reported out of
 * order (they come from several connections); a gap is filled from the store.
 */
export function createHub(readAfter: (sessionId: string, seq: number) => Promise<readonly EventRow[]>) {
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
    if (subscription.next !== null && subscription.held.length > 0 && isOpen(subscription))
      fill(subscription);
  }

  function fill(subscription: Subscription): void {
    if (subscription.filling || subscription.next === null) return;
    subscription.filling = true;
    const from = subscription.next;
    readAfter(subscription.sessionId, from - 1).then(
      (rows) => {
        subscription.filling = false;
        if (!isOpen(subscription)) return;
        // A store that has nothing for the gap yet is asked again when the next commit is reported.
        if (rows.some((row) => row.seq === subscription.next)) deliver(subscription, rows);
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

  return {
    /** Reports events that are committed. */
    publish(sessionId: string, rows: readonly EventRow[]): void {
      for (const subscription of listeners(sessionId)) deliver(subscription, rows);
    },

    /** Reads on for whoever listens, after a commit that may not have been reported. */
    catchUp(sessionId: string): void {
      for (const subscription of listeners(sessionId)) fill(subscription);
    },

    /** Reports a client event that is committed to the inbox. */
    publishQueued(sessionId: string, data: string): void {
      for (const subscription of listeners(sessionId)) {
        if (subscription.next === null) subscription.queued.push(data);
        else tell(subscription, (listener) => listener.onQueued(data));
      }
    },

    /** Reports that a session is deleted, and forgets its listeners. */
    publishDeleted(sessionId: string, data: string): void {
      for (const subscription of listeners(sessionId)) {
        if (subscription.next === null) subscription.deleted = data;
        else end(subscription, data);
      }
    },

    /**
     * Listens to a session. Nothing is handed over before `startAfter` has been told the `seq` of the newest
     * event at the time of opening; what is committed in between is held.
     */
    subscribe(sessionId: string, listener: Listener) {
      const subscription: Subscription = {
        ...{ sessionId, listener, next: null, held: [], queued: [], deleted: null, filling: false },
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
