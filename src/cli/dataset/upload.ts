import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { DatasetChangeResponse } from '../../api/wire/datasets.ts';
import { plain } from '../../core/plain-text.ts';
import type { ColumnMapping } from '../../eval/dataset/columns.ts';
import { RefusedError, requestServer, type ServerAccess, textOf } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { noProgress, type Progress, showProgress } from '../progress.ts';

/** A file of cases on its way into a dataset. */
export type DatasetUpload = {
  readonly path: string;
  readonly name: string;
  readonly columns: ColumnMapping;
};

/** The content types of the files that can be imported, by the ending of their names. */
const contentTypes: Readonly<Record<string, string>> = {
  '.jsonl': 'application/x-ndjson',
  '.ndjson': 'application/x-ndjson',
  '.csv': 'text/csv',
};

/** A large file takes its time to be sent and read. */
const timeoutMs = 15 * 60_000;

/**
 * Sends a file to a dataset, showing on standard error how far a large one has come.
 * @throws CommandError when it cannot be read or is refused, with a line for each complaint.
 */
export async function uploadDataset(
  access: ServerAccess,
  { path, name, columns }: DatasetUpload,
): Promise<DatasetChangeResponse> {
  const content_type = contentTypes[extname(path).toLowerCase()];
  if (content_type === undefined)
    throw new CommandError(`${path}: a dataset must end with .jsonl, .ndjson or .csv`);
  const progress = progressOf(path, await sizeOf(path));
  const query = new URLSearchParams({ name });
  for (const [role, column] of Object.entries(columns)) if (column !== undefined) query.set(role, column);
  try {
    const response = await requestServer(access, {
      method: 'POST',
      path: `/pawl/v1/datasets/import?${query}`,
      file: { content_type, bytes: ReadableStream.from(counted(path, progress)) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return JSON.parse(await textOf(access, response)) as DatasetChangeResponse;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const complaints = error.message.split('\n').map(plain);
    throw new CommandError([`${path} is refused:`, ...complaints].join('\n'), { cause: error });
  } finally {
    progress.finish();
  }
}

const mebibyte = 1024 * 1024;
/** Smaller files are there before anybody could look. */
const leastShown = 8 * mebibyte;

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: Error) => {
    throw new CommandError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  if (!found.isFile()) throw new CommandError(`${path} is not a file`);
  return found.size;
}

function progressOf(path: string, size: number): Progress {
  if (size < leastShown) return noProgress;
  return showProgress(`${plain(basename(path))}, MiB`, Math.floor(size / mebibyte), process.stderr);
}

async function* counted(path: string, progress: Progress): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    yield chunk;
    const before = Math.floor(bytes / mebibyte);
    bytes += chunk.length;
    for (let done = before; done < Math.floor(bytes / mebibyte); done++) progress.advance();
  }
}
