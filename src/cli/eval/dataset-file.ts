import { createReadStream, existsSync } from 'node:fs';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import type { DatasetChangeResponse } from '../../api/wire/datasets.ts';
import { RefusedError, requestServer, type ServerAccess, textOf } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import type { DatasetFile } from './eval-file.ts';

const formats: Readonly<Record<string, { readonly format: string; readonly content_type: string }>> = {
  '.jsonl': { format: 'jsonl', content_type: 'application/x-ndjson' },
  '.ndjson': { format: 'jsonl', content_type: 'application/x-ndjson' },
  '.csv': { format: 'csv', content_type: 'text/csv' },
};

/** A large file takes its time to be sent and read. */
const timeoutMs = 15 * 60_000;

/**
 * Sends a file of cases to the server. Where the dataset has a revision with just these cases, it points to that one
 * again, and `unchanged` says so.
 * @throws CommandError with one complaint on each line when the cases cannot be taken.
 */
export async function importDatasetFile(
  access: ServerAccess,
  { path, name, columns }: DatasetFile,
): Promise<DatasetChangeResponse> {
  const found = formats[extname(path).toLowerCase()];
  if (found === undefined) throw new CommandError(`${path}: a dataset must end with .jsonl, .ndjson or .csv`);
  if (!existsSync(path)) throw new CommandError(`${path}: there is no such file`);
  const query = new URLSearchParams({ ...columns, name, format: found.format });
  try {
    const response = await requestServer(access, {
      method: 'POST',
      path: `/pawl/v1/datasets/import?${query}`,
      file: {
        content_type: found.content_type,
        bytes: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return JSON.parse(await textOf(access, response)) as DatasetChangeResponse;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    throw new CommandError(`${path} is refused.\n${error.message}`, { cause: error });
  }
}
