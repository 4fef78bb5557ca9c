import { requestServer } from '../api-client.ts';
import { withServer } from '../open-server.ts';
import { saveFile } from '../save-file.ts';
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
    await saveFile(server, await requestServer(server, { method: 'GET', path, signal }), file ?? null);
  });
}
