import type { EventRow } from '../store/events.ts';

/** Who is listening to a session. */
export type Listener = {
  /** Events of the history, in order, each exactly once; those of one commit come together. */
  onEvents(rows: readonly EventRow[]): void;
  /** A client event that was accepted and waits; it comes again, processed, through `onEvents`. */
  onQueued(data: string): void;
  /** The session is gone; nothing follows. */
  onDeleted(data: string): void;
};

type Subscription = {
  readonly listener: Listener;
  /** The `seq` that comes next; null until the start is known. */
  next: number | null;
  held: EventRow[];
  filling: boolean;
};

/**
 * Hands what was committed to whoever listens, in the order of the history. Commits can be reported out of
 * order (they come from several connections); a gap is filled from the store.
 */
export function createHub(readAfter: (sessionId: string, seq: number) => Promise<readonly EventRow[]>) {
  const sessions = new Map<string, Set<Subscription>>();

  function deliver(sessionId: string, subscription: Subscription, rows: readonly EventRow[]): void {
    subscription.held.push(...rows);
    if (subscription.next === null) return;
    subscription.held.sort((a, b) => a.seq - b.seq);
    const ready: EventRow[] = [];
    for (const row of subscription.held) {
      if (row.seq > subscription.next) break;
      if (row.seq < subscription.next) continue;
      subscription.next++;
      ready.push(row);
    }
    subscription.held = subscription.held.filter((row) => row.seq >= (subscription.next ?? 0));
    if (ready.length > 0) subscription.listener.onEvents(ready);
    if (subscription.held.length > 0) fill(sessionId, subscription);
  }

  function fill(sessionId: string, subscription: Subscription): void {
    if (subscription.filling || subscription.next === null) return;
    subscription.filling = true;
    readAfter(sessionId, subscription.next - 1).then(
      (rows) => {
        subscription.filling = false;
        if (sessions.get(sessionId)?.has(subscription)) deliver(sessionId, subscription, rows);
      },
      // The next commit of the session tries again.
      () => {
        subscription.filling = false;
      },
    );
  }

  return {
    /** Reports events that are committed. */
    publish(sessionId: string, rows: readonly EventRow[]): void {
      for (const subscription of sessions.get(sessionId) ?? []) deliver(sessionId, subscription, rows);
    },

    /** Reports a client event that is committed to the inbox. */
    publishQueued(sessionId: string, data: string): void {
      for (const { listener } of sessions.get(sessionId) ?? []) listener.onQueued(data);
    },

    /** Reports that a session is deleted, and forgets its listeners. */
    publishDeleted(sessionId: string, data: string): void {
      const subscriptions = sessions.get(sessionId) ?? [];
      sessions.delete(sessionId);
      for (const { listener } of subscriptions) listener.onDeleted(data);
    },

    /**
     * Listens to a session. Nothing is handed over before `startAfter` has been told the `seq` of the newest
     * event at the time of opening; what is committed in between is held.
     */
    subscribe(sessionId: string, listener: Listener) {
      const subscription: Subscription = { listener, next: null, held: [], filling: false };
      const subscriptions = sessions.get(sessionId) ?? new Set();
      sessions.set(sessionId, subscriptions.add(subscription));
      return {
        startAfter(seq: number): void {
          subscription.next = seq + 1;
          deliver(sessionId, subscription, []);
        },
        close(): void {
          subscriptions.delete(subscription);
          if (subscriptions.size === 0 && sessions.get(sessionId) === subscriptions)
            sessions.delete(sessionId);
        },
      };
    },
  };
}

export type Hub = ReturnType<typeof createHub>;
