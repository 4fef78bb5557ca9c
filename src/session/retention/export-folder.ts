import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A folder that lines are written into. */
export type ExportFolder = {
  /**
   * Writes lines into a new file, a gzip of its own in a folder for the day, and gives its path. It is there whole and
   * safe from a power cut when this resolves, and not at all when it rejects.
   * @param at RFC 3339, in UTC.
   */
  write(lines: AsyncIterable<string>, place: { readonly at: string; readonly name: string }): Promise<string>;
};

/** Exports lie in this folder, which is made when it is needed; nobody but the user of the server may read them. */
export function openExportFolder(folder: string): ExportFolder {
  return {
    async write(lines, { at, name }) {
      const day = join(folder, at.slice(0, 10));
      await mkdir(day, { recursive: true, mode: 0o700 });
      const time = at.slice(11).replaceAll(/\D/g, '');
      const path = join(day, `${time}-${name}.jsonl.gz`);
      const part = `${path}.part`;
      try {
        const bytes = createWriteStream(part, { mode: 0o600, flush: true });
        await pipeline(Readable.from(lines, { objectMode: false }), createGzip(), bytes);
        await rename(part, path);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
      // Names are kept by the folders that they stand in.
      for (const one of [day, folder, dirname(resolve(folder))]) await syncFolder(one);
      return path;
    },
  };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
