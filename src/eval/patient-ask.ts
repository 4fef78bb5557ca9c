import type { Answer, Ask, Endpoint } from './endpoint.ts';
import type { Pace } from './pace.ts';

/** A place among those that a pace lets start; giving it up twice gives it up once. */
export type Place = {
  leave(): void;
  /** Gives it away, and waits for another. Rejects with the signal's reason, and then holds none. */
  retake(signal: AbortSignal): Promise<void>;
};

/** Waits for a place. Rejects with the signal's reason. */
export async function takePlace(pace: Pace, signal: AbortSignal): Promise<Place> {
  await pace.enter(signal);
  let held = true;
  const leave = (): void => {
    if (held) pace.leave();
    held = false;
  };
  return {
    leave,
    async retake(signal) {
      leave();
      await pace.enter(signal);
      held = true;
    },
  };
}

/** How an endpoint is asked, and how often. */
export type Patience = {
  readonly endpoint: Pick<Endpoint, 'ask'>;
  readonly pace: Pace;
  /** How often a session is tried that breaks; refusals because it is too much are counted apart. */
  readonly max_attempts: number;
  /** Milliseconds of a clock that only runs forward. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

const firstRetryMs = 250;
const mostThrottles = 50;

/**
 * Asks until there is an answer, another try is pointless, or the tries are used up. The place is given away while
 * the endpoint recovers, and held again at the end. Rejects only with the signal's reason.
 */
export async function askPatiently(
  ask: Ask,
  {
    endpoint,
    pace,
    max_attempts,
    now,
    wait,
    place,
    signal,
  }: Patience & { place: Place; signal: AbortSignal },
): Promise<Answer> {
  let throttles = 0;
  for (let attempt = 1; ; ) {
    const began = now();
    const answer = await endpoint.ask(ask, signal);
    if (answer.ok) {
      pace.tell({ type: 'succeeded' });
      return answer;
    }
    if (answer.throttled !== null && ++throttles <= mostThrottles) {
      pace.tell({ type: 'throttled', now: now(), began, retry_after_ms: answer.throttled.retry_after_ms });
      await place.retake(signal);
      continue;
    }
    if (answer.final !== null || attempt >= max_attempts) return answer;
    await wait(firstRetryMs * 2 ** (attempt - 1), signal);
    attempt++;
  }
}

/** The endpoint for those who have no place of their own: every question of theirs waits for one, and is patient. */
export function patientEndpoint(endpoint: Endpoint, patience: Omit<Patience, 'endpoint'>): Endpoint {
  return {
    ...endpoint,
    async ask(ask, signal) {
      const place = await takePlace(patience.pace, signal);
      try {
        return await askPatiently(ask, { ...patience, endpoint, place, signal });
      } finally {
        place.leave();
      }
    },
  };
}
