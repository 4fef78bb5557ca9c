import { useEffect, useEffectEvent, useState } from 'react';
import { ApiError } from './client.ts';
import { readEventStream } from './event-stream.ts';

/** Whether what is shown is as it is now: `lost` while the stream is away and is tried again. */
export type Liveness = 'live' | 'lost' | 'over';

const firstPauseMs = 500;
const longestPauseMs = 10_000;

/** Who follows a stream. */
export type Follower = {
  /** Is called each time that the stream has begun, also again: what happened before was not told. */
  readonly onOpen?: () => void;
  readonly onEvent: (data: unknown, name: string) => void;
  /** After which event there is nothing more to wait for. */
  readonly isOver: (data: unknown, name: string) => boolean;
};

/** Follows a stream for as long as a page is open, and takes it up again when it breaks off. A path of null follows nothing. */
export function useFollow(path: string | null, { onOpen, onEvent, isOver }: Follower): Liveness {
  const [liveness, setLiveness] = useState<Liveness>('live');
  const begin = useEffectEvent((): void => {
    setLiveness('live');
    onOpen?.();
  });
  const tell = useEffectEvent((data: unknown, name: string): boolean => {
    // Only says that the other side is there.
    if (name === 'ping') return false;
    onEvent(data, name);
    return isOver(data, name);
  });

  useEffect(() => {
    if (path === null) return;
    const leaving = new AbortController();
    void keepFollowing(path, { signal: leaving.signal, begin, tell, onChange: setLiveness });
    return () => leaving.abort();
  }, [path]);
  return liveness;
}

type Following = {
  readonly signal: AbortSignal;
  readonly begin: () => void;
  readonly tell: (data: unknown, name: string) => boolean;
  readonly onChange: (liveness: Liveness) => void;
};

async function keepFollowing(path: string, { signal, begin, tell, onChange }: Following): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    let over = false;
    try {
      await readEventStream(path, {
        signal,
        onOpen: () => {
          pauseMs = firstPauseMs;
          begin();
        },
        onEvent: (data, name) => {
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
