import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Blobs } from './blobs.ts';

/** Keeps bytes in a folder of their owner's alone, which is made when it is first needed. */
export function createFolderBlobs(folder: string): Blobs {
  const pathOf = (name: string): string => {
    // Names are ids of this server. Should anything else ever come here, it must not lead out of the folder.
    if (!/^\w+$/.test(name)) throw new TypeError('Not a name of bytes');
    return join(folder, name);
  };
  return {
    async put(name, bytes) {
      const path = pathOf(name);
      const made = await mkdir(folder, { recursive: true, mode: 0o700 });
      if (made !== undefined) await syncFolder(dirname(made));
      const size = await writeBytes(path, bytes);
      // A file that is on the disk, in a folder that does not know of it, is lost in a crash.
      await syncFolder(folder);
      return size;
    },

    async get(name) {
      try {
        return (await open(pathOf(name))).createReadStream();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },

    remove: (name) => rm(pathOf(name), { force: true }),

    close: async () => {},
  };
}

/** Keeps bytes in a folder of the system's for temporary files, until it is closed. */
export function createTemporaryBlobs(): Blobs {
  const folder = join(tmpdir(), `pawl-files-${randomUUID()}`);
  return { ...createFolderBlobs(folder), close: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Writes bytes into a new file of its owner's alone, down to the disk, and gives their number. Throws what the system
 * says or reading them throws; the file stays.
 */
export async function writeBytes(path: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(
    bytes,
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        size += chunk.length;
        yield chunk;
      }
    },
    file,
  );
  return size;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
