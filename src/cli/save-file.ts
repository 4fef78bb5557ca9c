import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ServerAccess } from './api-client.ts';
import { CommandError, networkReason } from './command-error.ts';
import { printFile } from './output.ts';

/**
 * Writes what a server answers with into a file, or to standard output where there is none.
 * @throws CommandError when it does not come whole or cannot be written; no part of a file stays.
 */
export async function saveFile(server: ServerAccess, { body }: Response, path: string | null): Promise<void> {
  if (body === null) throw new CommandError(`The server at ${server.url} sent no file`);
  if (path === null) return printFile(body);
  await pipeline(body, createWriteStream(path)).catch(async (error: unknown) => {
    // Half a file looks like a whole one.
    await rm(path, { force: true });
    throw new CommandError(`${path} cannot be written: ${networkReason(error)}`, { cause: error });
  });
}
