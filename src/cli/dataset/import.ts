import { plain } from '../../core/plain-text.ts';
import { withServer } from '../open-server.ts';
import { type Format, print, printJson } from '../output.ts';
import { uploadDataset } from './upload.ts';
import { shortHash, sizeInWords } from './words.ts';

/** The options of `pawl dataset import`: for each role, the column that plays it. */
export type ImportOptions = {
  readonly name: string;
  readonly id?: string;
  readonly input?: string;
  readonly target?: string;
  readonly group?: string;
  readonly cluster?: string;
  readonly weight?: string;
  readonly mustPass?: string;
  readonly split?: string;
  readonly url?: string;
  readonly output: Format;
};

/** Makes a file the newest revision of a dataset. @throws CommandError, ConfigError */
export async function importDataset(file: string, options: ImportOptions): Promise<void> {
  const { url, output, name, mustPass: must_pass, ...columns } = options;
  const { revision, unchanged, ...dataset } = await withServer(url === undefined ? {} : { url }, (server) =>
    uploadDataset(server, { path: file, name, columns: { ...columns, must_pass } }),
  );
  if (output === 'json') return printJson({ ...dataset, revision, unchanged });
  if (revision === null) return;
  const which = `revision ${shortHash(revision)}: ${sizeInWords(revision)}`;
  print(`${plain(dataset.name)} ${unchanged ? 'had these cases before, in' : 'is now at'} ${which}.`);
}
