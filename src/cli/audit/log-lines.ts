/** Longer than any entry that a server writes. */
const maxLineLength = 16 * 1024 * 1024;

/**
 * Reads lines out of bytes that come in pieces of any size. A line end at the end of the text begins no line, and
 * bytes that are no text become signs that no hash forgives. Throws an Error for a line of more than 16 Mi
 * characters, and what the pieces throw.
 */
export async function* logLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineLength) throw new Error('A line is too long for an entry of an audit log');
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
