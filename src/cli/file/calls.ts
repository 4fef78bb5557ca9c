import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FileDeletedResponse, FileListResponse, FileResponse } from '../../api/wire/files.ts';
import { plain } from '../../core/plain-text.ts';
import { callServer, requestServer, type ServerAccess, textOf } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { listPages } from '../list-items.ts';
import { withServer } from '../open-server.ts';
import { columns, type Format, print, printJson, table } from '../output.ts';
import { saveFile } from '../save-file.ts';

/** What every command about files takes. */
export type CallOptions = { readonly url?: string; readonly output: Format };

/** The options of `pawl file upload`. */
export type UploadOptions = CallOptions & { readonly type?: string; readonly expiresIn?: string };

/** The options of `pawl file download`. */
export type DownloadOptions = { readonly url?: string; readonly file?: string };

const place = '/v1/files';
/** For one file, which may be large. */
const timeoutMs = 15 * 60_000;

/** Uploads a file. @throws CommandError, ConfigError, as all of these do. */
export async function uploadFile(
  path: string,
  { output, type, expiresIn, ...choice }: UploadOptions,
): Promise<void> {
  const form = new FormData();
  form.set('file', await blobOf(path, type), basename(path));
  if (expiresIn !== undefined) form.set('expires_in_seconds', expiresIn);
  const made = await withServer(choice, (server) => send(server, form));
  if (output === 'json') return printJson(made);
  print(`${plain(made.filename)} is ${made.id}: ${made.mime_type}, ${made.size_bytes} bytes.`);
}

/** Lists all files. */
export async function listFiles({ output, ...choice }: CallOptions): Promise<void> {
  const files: FileResponse[] = [];
  await withServer(choice, async (server) => {
    for await (const { data } of listPages<FileListResponse>(server, place)) files.push(...data);
  });
  if (output === 'json') return printJson(files);
  if (files.length === 0) return print('There are no files; `pawl file upload FILE` brings one.');
  const rows = files.map((file) => [
    ...[file.id, file.filename, file.mime_type, String(file.size_bytes)],
    ...[file.created_at, file.expires_at ?? ''],
  ]);
  print(table(['ID', 'NAME', 'TYPE', 'BYTES', 'UPLOADED', 'EXPIRES'], rows));
}

/** Shows one file. */
export async function showFile(id: string, { output, ...choice }: CallOptions): Promise<void> {
  const file = await withServer(choice, (server) =>
    callServer<FileResponse>(server, { method: 'GET', path: pathOf(id) }),
  );
  if (output === 'json') return printJson(file);
  const rows = [
    ['id', file.id],
    ['name', file.filename],
    ['type', file.mime_type],
    ['bytes', String(file.size_bytes)],
    ['uploaded', file.created_at],
    ['expires', file.expires_at ?? ''],
  ];
  print(columns(rows).join('\n'));
}

/** Writes the content of a file to standard output, or into a file. */
export async function downloadFile(id: string, { file, ...choice }: DownloadOptions): Promise<void> {
  await withServer(choice, async (server) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await requestServer(server, { method: 'GET', path: `${pathOf(id)}/content`, signal });
    await saveFile(server, response, file ?? null);
  });
}

/** Deletes a file. */
export async function deleteFile(id: string, { output, ...choice }: CallOptions): Promise<void> {
  const gone = await withServer(choice, (server) =>
    callServer<FileDeletedResponse>(server, { method: 'DELETE', path: pathOf(id) }),
  );
  if (output === 'json') return printJson(gone);
  print(`${gone.id} is deleted.`);
}

async function send(server: ServerAccess, form: FormData): Promise<FileResponse> {
  // It knows how to write a form, piece by piece.
  const written = new Response(form);
  const content_type = written.headers.get('content-type') ?? '';
  const bytes = written.body ?? new ReadableStream();
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await requestServer(server, {
    ...{ method: 'POST', path: place, file: { content_type, bytes }, signal },
  });
  return JSON.parse(await textOf(server, response)) as FileResponse;
}

async function blobOf(path: string, type: string | undefined): Promise<Blob> {
  try {
    // The content of a folder cannot be read, which would be noticed too late to be said in a sentence.
    if (!(await stat(path)).isFile()) throw new Error('it is no file');
    return await openAsBlob(path, type === undefined ? {} : { type });
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : 'no file'}`, {
      cause: error,
    });
  }
}

function pathOf(id: string): string {
  return `${place}/${encodeURIComponent(id)}`;
}
