import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { PawlError } from '../core/errors.ts';
import type { App } from './http.ts';

/** What one request may bring, in bytes: the file, and what a form has around it. */
export type SizeBound = { readonly file: number; readonly around: number };

const usualBound: SizeBound = { file: 1024 * 1024 * 1024, around: 0 };

/** Adds routes whose body is a file of one of these content types: handed on as it arrives, and of any other size. */
export function acceptFiles(app: App, contentTypes: readonly string[], routes: (scope: App) => void): void {
  void app.register(async (instance) => {
    const scope = instance as unknown as App;
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser([...contentTypes], (_request, payload, done) => done(null, payload));
    scope.addContentTypeParser('*', (_request, _payload, done) => done(unknownType(contentTypes)));
    routes(scope);
  });
}

/**
 * The file that a request brings, to be read once. Reading it throws a PawlError `request_too_large` when it has more
 * than its bound, and `request_timeout` when the client hangs up or is too slow.
 * @throws PawlError `invalid_request` when there is none, `request_too_large` when its length says so.
 */
export function receivedFile(
  { body, headers }: Pick<FastifyRequest, 'body' | 'headers'>,
  contentTypes: readonly string[],
  bound: SizeBound = usualBound,
): { readonly type: string; readonly bytes: AsyncIterable<Uint8Array> } {
  if (!(body instanceof Readable)) throw unknownType(contentTypes);
  if (Number(headers['content-length']) > bound.file + bound.around) throw tooLarge(bound.file);
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  return { type, bytes: bytesOf(body, bound) };
}

async function* bytesOf(body: Readable, bound: SizeBound): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    // The connection has to stay open for the answer, also when that comes before the end of the file.
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > bound.file + bound.around) throw tooLarge(bound.file);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof PawlError) throw error;
    throw new PawlError('request_timeout', 'The file did not arrive whole', { cause: error });
  } finally {
    // What nobody wants to read any more must not hold up the connection.
    body.resume();
  }
}

/** What is said of a file that is larger than so many bytes. */
export function tooLarge(maxBytes: number): PawlError {
  return new PawlError('request_too_large', `The file is larger than ${maxBytes} bytes`);
}

function unknownType(contentTypes: readonly string[]): PawlError {
  return new PawlError('invalid_request', `content-type: must be one of ${contentTypes.join(', ')}`);
}
