import { isUtf8 } from 'node:buffer';

/** A line of a file without its line feed, or what is wrong with it. Lines are counted from 1. */
export type Line =
  | { readonly at: number; readonly text: string }
  | { readonly at: number; readonly complaint: string };

/** The most that is kept of one line, in bytes. */
export const maxLineBytes: number = 1024 * 1024;

/** Cuts a file into lines as it arrives, holding no more of it than one line. A byte order mark is left out. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let at = 1;
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(lineFeed, from);
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
      bytes += piece.length;
      // Of a line that is too long, only the length matters.
      if (bytes <= maxLineBytes) pieces.push(piece);
      else pieces = [];
      if (end === -1) break;
      yield lineOf(at, pieces, bytes);
      at++;
      pieces = [];
      bytes = 0;
      from = end + 1;
    }
  }
  if (bytes > 0) yield lineOf(at, pieces, bytes);
}

const lineFeed = 10;

function lineOf(at: number, pieces: readonly Uint8Array[], bytes: number): Line {
  if (bytes > maxLineBytes) return { at, complaint: 'must be at most 1 MiB long' };
  const whole = Buffer.concat(pieces);
  if (!isUtf8(whole)) return { at, complaint: 'must be UTF-8' };
  const text = whole.toString();
  return { at, text: at === 1 ? text.replace(/^\uFEFF/, '') : text };
}
