import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { createEventStream, frame } from './event-stream.ts';

type Options<T> = {
  readonly reply: FastifyReply;
  readonly event: string;
  /** Starts the watching and gives the function that ends it. */
  readonly watch: (tell: (value: T) => void) => () => void;
  /** The thing as it is now; rejects when there is none. */
  readonly read: () => Promise<T>;
  readonly isOver: (value: T) => boolean;
};

/** Streams of things that change until they are over: eval runs, comparisons. */
export function createWatchStreams({ ping_ms }: { readonly ping_ms: number }) {
  const open = new Set<ServerResponse>();

  return {
    /**
     * Sends the thing as it is, and again whenever it changes; ends when it is over. A slow reader misses what was
     * overtaken, never the last state.
     */
    async stream<T>({ reply, event, watch, read, isOver }: Options<T>): Promise<void> {
      const first = await read();
      const response = reply.raw;
      reply.hijack();
      if (response.destroyed) return;
      const stream = createEventStream({ response, entry: reply.request.entry, ping_ms });
      let waiting: T | null = null;
      let over = false;
      const write = (value: T): void => {
        stream.write(frame(event, JSON.stringify(value)));
        if (over) stream.end();
      };
      const tell = (value: T): void => {
        if (over) return;
        over = isOver(value);
        if (response.writableNeedDrain) waiting = value;
        else write(value);
      };
      response.on('drain', () => {
        if (waiting === null) return;
        const value = waiting;
        waiting = null;
        write(value);
      });
      const unwatch = watch(tell);
      open.add(response);
      response.once('close', () => {
        unwatch();
        open.delete(response);
      });
      stream.start(reply.request.id);
      tell(first);
      // What changed between the first reading and the watching is seen by this second one.
      tell(await read());
    },

    /** Ends every stream, because the server stops. */
    close(): void {
      for (const response of open) response.end();
    },
  };
}

export type WatchStreams = ReturnType<typeof createWatchStreams>;
