import { useEffect, useEffectEvent, useState } from 'react';
import { ApiError } from './client.ts';
import { readEventStream } from './event-stream.ts';

/** Whether what is shown is as it is now: `lost` while the stream is away and is tried again. */
export type Liveness = 'live' | 'lost' | 'over';

const firstPauseMs = 500;
const longestPauseMs = 10_000;

/**
 * Follows a stream for as long as a page is open, and takes it up again when it breaks off. `onEvent` is told each event;
 * `isOver` says after which one there is nothing more to wait for. A path of null follows nothing.
 */
export function useFollow(
  path: string | null,
  {
    onEvent,
    isOver,
  }: {
    readonly onEvent: (data: unknown, name: string) => void;
    readonly isOver: (data: unknown, name: string) => boolean;
  },
): Liveness {
  const [liveness, setLiveness] = useState<Liveness>('live');
  const tell = useEffectEvent((data: unknown, name: string): boolean => {
    setLiveness('live');
    onEvent(data, name);
    return isOver(data, name);
  });

  useEffect(() => {
    if (path === null) return;
    const leaving = new AbortController();
    void keepFollowing(path, { signal: leaving.signal, tell, onChange: setLiveness });
    return () => leaving.abort();
  }, [path]);
  return liveness;
}

type Following = {
  readonly signal: AbortSignal;
  readonly tell: (data: unknown, name: string) => boolean;
  readonly onChange: (liveness: Liveness) => void;
};

async function keepFollowing(path: string, { signal, tell, onChange }: Following): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    let over = false;
    try {
      await readEventStream(path, {
        signal,
        onEvent: (data, name) => {
          pauseMs = firstPauseMs;
          over = tell(data, name) || over;
        },
      });
    } catch (error) {
      // Whoever may not read it, or asks for what is not there, gains nothing by asking again.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429)
        return;
    }
    if (over) return onChange('over');
    if (signal.aborted) return;
    onChange('lost');
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
