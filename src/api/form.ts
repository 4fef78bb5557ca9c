import type { IncomingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { PawlError } from '../core/errors.ts';
import { tooLarge } from './upload.ts';

/** What stands in a form besides the bytes of its file. */
export type Form = {
  /** What the part of the file says of itself. */
  readonly file: { readonly filename: string | null; readonly mime_type: string };
  /** All other parts by name. */
  readonly fields: Readonly<Record<string, string>>;
};

type Incoming = {
  readonly headers: IncomingHttpHeaders;
  /** The body. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** The most bytes that the file may have. */
  readonly max_file_bytes: number;
};

/** The name of the part that is the file. */
const filePart = 'file';
/** No part but the file is anything but a few digits. */
const maxFieldBytes = 1000;
const maxParts = 10;
const maxHeaderBytes = 16 * 1024;

/**
 * Reads a `multipart/form-data` body with one file, whose bytes go to `receive` as they arrive. It ends, also by an
 * error, when `receive` has.
 * @throws PawlError `invalid_request`, `request_too_large`, and whatever the body or `receive` throws.
 */
export async function readForm(
  { headers, bytes, max_file_bytes }: Incoming,
  receive: (bytes: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<Form> {
  const form = parserFor(headers, max_file_bytes);
  const ending = new AbortController();
  const fields: Record<string, string> = Object.create(null);
  let file: Form['file'] | null = null;
  let stream: BusboyFileStream | null = null;
  let receiving: Promise<void> = Promise.resolve();

  form.on('file', (_name, part, filename: string | undefined, _encoding, mime_type) => {
    file = { filename: filename === undefined ? null : asNamed(filename), mime_type };
    stream = part;
    // It may fail when nobody reads it any more, and an error that nobody hears ends the process.
    part.on('error', () => {});
    // It would end there, as if that were all.
    part.on('limit', () => ending.abort(tooLarge(max_file_bytes)));
    receiving = receive(part);
    receiving.catch((error: unknown) => ending.abort(error));
  });
  form.on('field', (name: string | undefined, value, _nameCut, isCut) => {
    if (name === undefined) ending.abort(unreadable(new Error('A part has no name')));
    else if (isCut) ending.abort(new PawlError('invalid_request', `${name.slice(0, 100)}: is too long`));
    else fields[name] = value;
  });
  for (const limit of ['partsLimit', 'filesLimit'] as const) {
    form.on(limit, () => {
      const message = `the form may have one part ${filePart}, and ${maxParts} parts in all`;
      ending.abort(new PawlError('invalid_request', message));
    });
  }
  form.on('error', (error) => ending.abort(unreadable(error)));

  try {
    await pipeline(bytes, form, { signal: ending.signal });
    await receiving;
    // Of what the last bytes were refused for, the two may not have heard.
    ending.signal.throwIfAborted();
  } catch (error) {
    const reason: unknown = ending.signal.aborted ? ending.signal.reason : error;
    // Whoever reads the part would wait for ever for the rest of it.
    (stream as BusboyFileStream | null)?.destroy(reason as Error);
    await receiving.catch(() => {});
    throw reason;
  }
  if (file === null) throw new PawlError('invalid_request', `${filePart}: the form has no such part`);
  return { file, fields };
}

const spellings: Readonly<Record<string, string>> = { '%22': '"', '%0D': '\r', '%0A': '\n' };

/** The name that a sender has: these three characters, and no others, are spelled differently in a form (WHATWG HTML). */
function asNamed(filename: string): string {
  return filename.replaceAll(/%22|%0D|%0A/g, (one) => spellings[one] ?? one);
}

function parserFor(headers: IncomingHttpHeaders, fileSize: number): BusboyInstance {
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      // What is left of a name is decided elsewhere.
      preservePath: true,
      isPartAFile: (name) => name === filePart,
      limits: { fileSize, files: 1, parts: maxParts, fieldSize: maxFieldBytes, headerSize: maxHeaderBytes },
    });
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): PawlError {
  if (error instanceof PawlError) return error;
  const message = 'The body is no complete form of the type multipart/form-data';
  return new PawlError('invalid_request', message, { cause: error });
}
