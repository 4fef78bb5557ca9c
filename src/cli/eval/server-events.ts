/** One event of a server's stream. */
export type ServerEvent = {
  /** `message` when the server does not say. */
  readonly event: string;
  readonly data: string;
};

/** What a server may send for one event; a comparison with its report is the largest. */
const maxEventLength = 64 * 1024 * 1024;

/**
 * Reads a stream of server-sent events, in pieces of any size. Ends with the stream; an event that was cut off is
 * left out. Throws an Error for an event of more than 64 Mi characters, and what the stream throws.
 */
export async function* serverEvents(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    rest += decoder.decode(piece, { stream: true });
    if (rest.length > maxEventLength) throw new Error('The server sends an event that has no end');
    // A line end that is cut in two stays for the next piece.
    const blocks = rest.split(/\r\n\r\n|\n\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) yield readEvent(block);
  }
}

function readEvent(block: string): ServerEvent {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^(event|data): ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
  }
  return { event, data: data.join('\n') };
}
