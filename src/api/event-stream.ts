import type { ServerResponse } from 'node:http';
import type { Entry } from './auth.ts';

type Options = {
  readonly response: ServerResponse;
  /** How the reader was let in. */
  readonly entry: Entry;
  /** How often a stream without events shows that it is alive. */
  readonly ping_ms: number;
};

/** A reader that is this far behind is cut off; it can ask for what it missed. */
const maxBufferedBytes = 8 * 1024 * 1024;

/** One event. The data is JSON, so that it holds no line break and nothing can be slipped into the frame. */
export function frame(type: string, data: string): string {
  return `event: ${type}\ndata: ${data}\n\n`;
}

/** Server-sent events to one reader, for as long as it would be let in. */
export function createEventStream({ response, entry, ping_ms }: Options) {
  /** The largest of the frames that the reader may still be busy with. */
  let largest = 0;

  async function ping(): Promise<void> {
    // A database that does not answer is no reason to hang up.
    const welcome = await entry.isWelcome().catch(() => true);
    if (welcome) stream.write(frame('ping', '{"type":"ping"}'));
    else stream.end();
  }

  const stream = {
    start(requestId: string): void {
      const pings = setInterval(() => void ping(), ping_ms);
      response.once('close', () => clearInterval(pings));
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'request-id': requestId,
      });
      response.flushHeaders();
    },
    /** Writes whole frames; nothing once the stream has ended. */
    write(frames: string): void {
      if (response.writableEnded || response.destroyed) return;
      if (response.writableLength === 0) largest = 0;
      // One event alone may be larger than what a slow reader may owe, and the next one comes right behind it.
      if (response.writableLength > maxBufferedBytes + largest) {
        response.destroy();
        return;
      }
      largest = Math.max(largest, Buffer.byteLength(frames));
      response.write(frames);
    },
    /** Whether the reader has nearly caught up: what is not important can wait for one who has not. */
    isReady: (): boolean => !response.writableNeedDrain,
    end: (): void => void response.end(),
  };
  return stream;
}
