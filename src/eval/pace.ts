/** How many cases may be under way, and until when none may start. Times are in milliseconds. */
export type PaceState = {
  readonly limit: number;
  /** No case starts before this time. */
  readonly closed_until: number;
  /** A refusal of what began before the last cut says nothing new. */
  readonly cut_at: number;
};

export type PaceEvent =
  | { readonly type: 'succeeded' }
  | {
      readonly type: 'throttled';
      readonly now: number;
      readonly began: number;
      readonly retry_after_ms: number | null;
    };

const pauseMs = 500;
const longestPauseMs = 60_000;

/**
 * The next state: halved when the endpoint says that it is too much, once per wave of refusals, and grown by about
 * one per round of successes (additive increase, multiplicative decrease, as TCP does it).
 */
export function nextPace(state: PaceState, event: PaceEvent, most: number): PaceState {
  if (event.type === 'succeeded') return { ...state, limit: Math.min(most, state.limit + 1 / state.limit) };
  const pause = Math.min(longestPauseMs, Math.max(pauseMs, event.retry_after_ms ?? 0));
  const closed_until = Math.max(state.closed_until, event.now + pause);
  if (event.began < state.cut_at) return { ...state, closed_until };
  return { limit: Math.max(1, Math.floor(state.limit / 2)), closed_until, cut_at: event.now };
}

/** Lets cases start, as many at a time as the endpoint takes. */
export type Pace = {
  /** Waits for a place. Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<void>;
  leave(): void;
  tell(event: PaceEvent): void;
  /** How many may be under way now. */
  readonly limit: number;
};

type Deps = { readonly most: number; readonly now: () => number };

/** A pace that starts at `most` and never goes above it. */
export function createPace({ most, now }: Deps): Pace {
  let state: PaceState = { limit: most, closed_until: 0, cut_at: Number.NEGATIVE_INFINITY };
  let underway = 0;
  let timer: NodeJS.Timeout | null = null;
  const waiting = new Set<() => void>();

  function admit(): void {
    const closedFor = state.closed_until - now();
    if (closedFor > 0) {
      timer ??= setTimeout(() => {
        timer = null;
        admit();
      }, closedFor);
      return;
    }
    for (const start of waiting) {
      if (underway >= Math.floor(state.limit)) return;
      waiting.delete(start);
      underway++;
      start();
    }
  }

  return {
    enter(signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const stop = (): void => {
        if (waiting.delete(start)) reject(signal.reason as Error);
        if (waiting.size === 0 && timer !== null) {
          clearTimeout(timer);
          timer = null;
        }
      };
      const start = (): void => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      waiting.add(start);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      else admit();
      return promise;
    },
    leave() {
      underway--;
      admit();
    },
    tell(event) {
      state = nextPace(state, event, most);
      admit();
    },
    get limit() {
      return Math.floor(state.limit);
    },
  };
}
