import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loadConfig, processEnvironment } from '../../config.ts';
import { requestServer, serverAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { settingsHere } from '../environment.ts';
import { type Format, print, printJson } from '../output.ts';
import { interruptible } from './interruptible.ts';
import { showBytes } from './show-amount.ts';
import { describeTotals, remarks } from './totals.ts';

/** The options of `pawl backup`. */
export type BackupOptions = { readonly url?: string; readonly output: Format };

/**
 * Writes a backup beside the file, reads it back from the disk, and only then gives it its name.
 * @throws CommandError, ConfigError, DatabaseError, InterruptedError
 */
export async function backUp(file: string, { url, output }: BackupOptions): Promise<void> {
  const { checkBackup } = await import('../../transfer.ts');
  const part = `${file}.part`;
  const totals = await interruptible(async (signal) => {
    try {
      await write(await bytesOf(url, signal), part, signal);
      const { size } = await stat(part);
      const checking = showBytes('Reading it back', size);
      const found = await checkBackup(checking.counting(createReadStream(part, { signal })));
      checking.finish();
      await rename(part, file);
      return { ...found, bytes: size };
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  });
  if (output === 'json') return printJson({ file, ...totals });
  const { bytes, ...what } = totals;
  print(
    [`${file} has ${describeTotals(what)}, in ${bytes} bytes. It was read back.`, ...remarks(what)].join(
      '\n',
    ),
  );
}

/** From a server that somebody has named, or else straight from the data that are configured here. */
async function bytesOf(flag: string | undefined, signal: AbortSignal): Promise<Readable> {
  const settings = settingsHere();
  if (flag === undefined && settings.url === null) {
    const { config } = loadConfig({ flags: {}, env: processEnvironment(), folder: process.cwd() });
    const { backUpData } = await import('../../transfer.ts');
    return backUpData(config);
  }
  const server = serverAccess(flag, settings);
  const { body } = await requestServer(server, { method: 'GET', path: '/pawl/v1/backup', signal });
  if (body === null) throw new CommandError(`The server at ${server.url} sent no backup`);
  // Nothing but the types of the two kinds of streams differs.
  return Readable.fromWeb(body as never);
}

async function write(bytes: Readable, part: string, signal: AbortSignal): Promise<void> {
  const writing = showBytes('Backing up', null);
  // Readable by its owner alone, also where there was such a file: it holds all that users said.
  await rm(part, { force: true });
  const out = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(writing.counting(bytes), out, { signal });
  writing.finish();
}
