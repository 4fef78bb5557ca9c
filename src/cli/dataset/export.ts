import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { requestServer } from '../api-client.ts';
import { CommandError, networkReason } from '../command-error.ts';
import { withServer } from '../open-server.ts';
import { printFile } from '../output.ts';
import { datasetPath } from './words.ts';

/** The options of `pawl dataset export`. */
export type ExportOptions = {
  readonly revision?: string;
  readonly format: 'jsonl' | 'csv';
  readonly file?: string;
  readonly url?: string;
};

/** For the whole file; whoever reads standard output may take their time. */
const timeoutMs = 60 * 60_000;

/** Writes the cases of a dataset into a file or to standard output. @throws CommandError, ConfigError */
export async function exportDataset(name: string, options: ExportOptions): Promise<void> {
  const { revision, format, file, ...choice } = options;
  const path = datasetPath(name, '/export', { revision, format });
  await withServer(choice, async (server) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const { body } = await requestServer(server, { method: 'GET', path, signal });
    if (body === null) throw new CommandError(`The server at ${server.url} sent no file`);
    if (file === undefined) return printFile(body);
    await pipeline(body, createWriteStream(file)).catch(async (error: unknown) => {
      // Half a file looks like a whole one.
      await rm(file, { force: true });
      throw new CommandError(`${file} cannot be written: ${networkReason(error)}`, { cause: error });
    });
  });
}
