import type { Readable } from 'node:stream';

/**
 * Where the bytes of files lie, each under a name that this server has made. Methods throw what the system or the
 * network says.
 */
export type Blobs = {
  /**
   * Keeps bytes under a name that nothing lies under yet, and gives their number. Once it has resolved, they outlast a
   * crash; when it throws, part of them may lie there. Throws as well what reading them throws.
   */
  put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<number>;
  /** Bytes to be read once; null when nothing lies there. */
  get(name: string): Promise<Readable | null>;
  /** Removes bytes; nothing happens when there are none. */
  remove(name: string): Promise<void>;
  /** Removes all that was not to outlast the server. */
  close(): Promise<void>;
};
