import type { NewCaseResponse } from '../../api/wire/datasets.ts';
import { plain } from '../../core/plain-text.ts';
import { callServer } from '../api-client.ts';
import { withServer } from '../open-server.ts';
import { type Format, print, printJson } from '../output.ts';
import { datasetPath, shortHash, sizeInWords } from './words.ts';

/** The options of `pawl dataset add-case`. */
export type AddCaseOptions = {
  readonly session: string;
  readonly target: string;
  readonly group?: string;
  readonly cluster?: string;
  readonly id?: string;
  readonly mustPass?: true;
  readonly url?: string;
  readonly output: Format;
};

/** The server copies a whole revision. */
const timeoutMs = 120_000;

/** Makes a labelled case of a session. @throws CommandError, ConfigError */
export async function addCase(name: string, options: AddCaseOptions): Promise<void> {
  const { session: session_id, mustPass: must_pass, output, url, ...label } = options;
  const added = await withServer(url === undefined ? {} : { url }, (server) =>
    callServer<NewCaseResponse>(server, {
      method: 'POST',
      path: datasetPath(name, '/cases'),
      body: { session_id, must_pass, ...label },
      signal: AbortSignal.timeout(timeoutMs),
    }),
  );
  if (output === 'json') return printJson(added);
  const { id, dataset } = added;
  if (dataset.revision === null) return;
  const what = `${plain(id)} ${dataset.unchanged ? 'was' : 'is now'} in ${plain(dataset.name)}`;
  print(`${what}, revision ${shortHash(dataset.revision)}: ${sizeInWords(dataset.revision)}.`);
}
