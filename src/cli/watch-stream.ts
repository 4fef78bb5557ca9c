import { RefusedError, requestServer, type ServerAccess } from './api-client.ts';
import { CommandError, sentenceOf } from './command-error.ts';
import { note } from './eval/note.ts';
import { serverEvents } from './eval/server-events.ts';

/** Something on a server that changes until it is over, and that has a stream of its states. */
export type Watched<T> = {
  readonly path: string;
  /** What its states are called in the stream. */
  readonly event: string;
  /** Whether nobody has to wait for more. */
  readonly isOver: (state: T) => boolean;
  /** What to say when the server stays away: what becomes of it, and how to watch it again. Without a full stop. */
  readonly left: string;
};

export type WatchOptions<T> = {
  /** Called with every state that is heard of, the last one included. */
  readonly onState: (state: T) => void;
  /** Waits so many milliseconds, and rejects when the user stops the command. */
  readonly pause: (ms: number) => Promise<void>;
};

/** A server pings every 15 seconds; after this long a silence, its stream is taken for broken. */
const silenceMs = 60_000;
/** Where several processes serve, another one may have changed it and told nobody here: so it is asked for anew. */
const mostPings = 4;
const longestPauseMs = 10_000;
/** With the pauses between them, these are about five minutes. */
const mostFailures = 35;
/** A server that is started again is back by then; for anything longer, whoever waits wants to know. */
const toldAfter = 4;

/**
 * Follows something to its end and gives its last state. A stream that breaks off is opened again, after pauses that
 * grow as long as there is nothing new.
 * @throws CommandError when the server refuses, or cannot be reached for five minutes.
 */
export async function watchStream<T>(
  access: ServerAccess,
  watched: Watched<T>,
  { onState, pause }: WatchOptions<T>,
): Promise<T> {
  let last = '';
  let failures = 0;
  let idle = 0;
  for (;;) {
    try {
      for await (const text of states(access, watched)) {
        failures = 0;
        if (text === last) continue;
        last = text;
        idle = 0;
        const state = JSON.parse(text) as T;
        onState(state);
        if (watched.isOver(state)) return state;
      }
    } catch (error) {
      if (isFinal(error)) throw error;
      access.signal?.throwIfAborted();
      if (++failures >= mostFailures) {
        throw new CommandError(`${sentenceOf(error)} ${watched.left}`, { cause: error });
      }
      if (failures === toldAfter) note(`${sentenceOf(error)} It is asked again for about five minutes.`);
    }
    await pause(Math.min(longestPauseMs, 250 * 2 ** idle++));
  }
}

async function* states(
  access: ServerAccess,
  { path, event: name }: { readonly path: string; readonly event: string },
): AsyncGenerator<string> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  let pings = 0;
  try {
    const response = await requestServer(access, { method: 'GET', path, signal: silence.signal });
    if (response.body === null) return;
    for await (const { event, data } of serverEvents(response.body)) {
      timer.refresh();
      pings = event === name ? 0 : pings + 1;
      if (event === name) yield data;
      else if (pings === mostPings) return;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Whether it would be no use to ask again. */
function isFinal(error: unknown): boolean {
  return error instanceof RefusedError && error.status < 500 && error.status !== 429;
}
